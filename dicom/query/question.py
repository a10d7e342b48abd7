"""A query as it was asked: the level, what to return, what has to fit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from pydicom._dicom_dict import DicomDictionary

from dicom.dimse import Status
from dicom.elements import CHARSET, Element, Elements
from dicom.query.keys import (
    AVAILABILITY,
    KEYS,
    LEVEL,
    MOMENTS,
    PATIENT_ID,
    RETRIEVE_TITLE,
    TIMEZONE,
    UNIQUE,
    Key,
    Level,
)
from dicom.query.matching import Malformed, Match, Range, match_of, moments_of
from dicom.storage.charset import UnknownCharset, codec_of, decode_text

_OURS = frozenset((CHARSET, LEVEL, RETRIEVE_TITLE, AVAILABILITY, TIMEZONE))
"""Answered for every match, and nothing to match by."""
_KEYWORD = 4
_LONGEST_SHOWN = 64


class Model(StrEnum):
    """The information models (PS3.4 C.6)."""

    PATIENT_ROOT = "patient root"
    STUDY_ROOT = "study root"


@dataclass(frozen=True, slots=True)
class Agreed:
    """Extended negotiation (PS3.4 C.5.1.1): relational queries, combined date and time."""

    relational: bool = False
    combined: bool = False


PLAIN = Agreed()


class NotAnswered(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The status for the peer, why, and the elements that are to blame."""

    def __init__(self, status: int, words: str, *offending: int) -> None:
        super().__init__(words)
        self.status, self.words, self.offending = status, words, offending


@dataclass(frozen=True, slots=True)
class Question:
    """`keys` are returned, `matches` must fit, by tag; `moments` date and time together.

    `unsupported` are tags that were asked for and are neither matched nor returned.
    """

    level: Level
    keys: tuple[Key, ...]
    matches: Mapping[int, Match] = field(default_factory=dict)
    moments: Mapping[int, Range] = field(default_factory=dict)
    unsupported: tuple[int, ...] = ()
    availability: bool = False
    charset: str = ""
    said: Mapping[int, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What was asked, for the audit."""
        shown = (f"{keyword(tag)}={text[:_LONGEST_SHOWN]}" for tag, text in self.said.items())
        return "; ".join(shown)

    def single(self, tag: int) -> str:
        """The one value that a key must have; '' if there is none, or several may fit."""
        match = self.matches.get(tag)
        exactly = match.exactly if match is not None else None
        return exactly[0] if exactly is not None and len(exactly) == 1 else ""


def keyword(tag: int) -> str:
    """Its keyword in PS3.6, or its number."""
    entry = DicomDictionary.get(tag)
    return entry[_KEYWORD] if entry is not None else f"{tag:08X}"


def level_of(elements: Elements, model: Model) -> Level:
    """Query/Retrieve Level; NotAnswered if it is none of the model's."""
    text = elements.get(LEVEL, Element("CS")).value.decode("ascii", "replace").strip(" \0")
    if text not in Level.__members__:
        raise _mismatch(f"Query/Retrieve Level {text[:16]!r} is none", LEVEL)
    level = Level[text]
    if level is Level.PATIENT and model is Model.STUDY_ROOT:
        raise _mismatch("Study Root has no level PATIENT", LEVEL)
    return level


def question_of(elements: Elements, model: Model, agreed: Agreed = PLAIN) -> Question:
    """What an identifier asks; NotAnswered if it asks nothing that can be answered."""
    level = level_of(elements, model)
    said = dict(_said(elements))
    asked = [KEYS[tag] for tag in elements if tag in KEYS and KEYS[tag].level <= level]
    matches = {key.tag: match for key in asked if (match := _match(key, said)) is not None}
    moments = dict(_moments(matches, said)) if agreed.combined else {}
    for date in moments:
        matches.pop(MOMENTS[date], None)
    known = _OURS.union(key.tag for key in asked)
    question = Question(
        level,
        tuple(asked),
        MappingProxyType(matches),
        MappingProxyType(moments),
        tuple(tag for tag in elements if tag not in known),
        AVAILABILITY in elements,
        charset_of(elements),
        MappingProxyType({tag: text for tag, text in said.items() if text}),
    )
    if not agreed.relational:
        require_parents(question, model)
    return question


def charset_of(elements: Elements) -> str:
    """Specific Character Set as it was sent."""
    found = elements.get(CHARSET)
    return found.value.decode("ascii", "replace").strip(" \0") if found is not None else ""


def require_parents(question: Question, model: Model) -> None:
    """A hierarchical query names one entity of each level above (PS3.4 C.4.1.2.1, C.4.2.2.1)."""
    top = Level.PATIENT if model is Model.PATIENT_ROOT else Level.STUDY
    for level in range(top, question.level):
        tag = UNIQUE[Level(level)]
        if not question.single(tag):
            words = f"{keyword(tag)} must have one value at level {question.level.name}"
            raise _mismatch(words, tag)


def text_of(element: Element, codec: str) -> str:
    """The text of an element; numbers in digits. UnknownCharset."""
    if element.vr == "US":
        return str(int.from_bytes(element.value[:2], "little")) if element.value else ""
    return decode_text(element.value.strip(b" \0"), codec).strip(" \0")


def _said(elements: Elements) -> Iterator[tuple[int, str]]:
    """The text of every supported key that is in the identifier."""
    try:
        codec = codec_of(charset_of(elements).split("\\"))
    except UnknownCharset as error:
        raise _mismatch(str(error), CHARSET) from None
    for tag, element in elements.items():
        if tag in KEYS:
            try:
                yield tag, text_of(element, codec)
            except UnknownCharset as error:
                raise _mismatch(f"{keyword(tag)}: {error}", tag) from None


def _match(key: Key, said: Mapping[int, str]) -> Match | None:
    text = said[key.tag]
    if key.counted or not text:
        return None
    if key.tag == PATIENT_ID and "\\" in text:
        raise _mismatch("PatientID must have one value", key.tag)
    try:
        return match_of("IS" if key.vr == "US" else key.vr, text, identifier=key.identifier)
    except Malformed as error:
        raise _mismatch(f"{keyword(key.tag)}: {error}", key.tag) from None


def _moments(matches: Mapping[int, Match], said: Mapping[int, str]) -> Iterator[tuple[int, Range]]:
    for date, time in MOMENTS.items():
        if date in matches and time in matches:
            yield date, moments_of(said[date], said[time])


def _mismatch(words: str, *tags: int) -> NotAnswered:
    return NotAnswered(Status.DATASET_DOES_NOT_MATCH, words, *tags)
