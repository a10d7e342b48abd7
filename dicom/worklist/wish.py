"""What a worklist query asks: which attributes, and what has to fit, at each depth. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dicom.dimse import Status
from dicom.elements import CHARSET, Element, Elements, sequence, vr_of
from dicom.query.answer import IN_CHARSET, charset_for, element_of
from dicom.query.matching import Malformed, Match, Range, match_of, moment_of, moments_of
from dicom.query.question import NotAnswered, charset_of, keyword, text_of
from dicom.storage.charset import UnknownCharset, codec_of
from dicom.worklist.step import Values
from dicom.worklist.tags import IDENTIFIERS, SUPPORTED, Tag

_START = (int(Tag.START_DATE), int(Tag.START_TIME))


@dataclass(frozen=True, slots=True)
class Wish:
    """One level of a query. `items` are those of its sequences; None wants them whole.

    `shape` is equal for queries that ask for the same attributes. `moments` is the range in which
    a step begins, if date and time are given (PS3.4 table K.6-1).
    """

    tags: tuple[int, ...]
    items: Mapping[int, Wish | None]
    matches: tuple[tuple[int, Match], ...]
    moments: Range | None
    shape: tuple[object, ...]
    said: tuple[tuple[int, str], ...]
    unsupported: bool

    @property
    def demands(self) -> bool:
        """Whether something has to fit."""
        return bool(self.matches or self.moments) or any(
            each is not None and each.demands for each in self.items.values()
        )

    @property
    def days(self) -> Range | None:
        """The days in which a step must begin, if it says so."""
        steps = self.items.get(Tag.STEPS)
        if steps is None:
            return None
        if steps.moments is not None:
            return Range(steps.moments.first[:8], steps.moments.last[:8])
        found = next((match for tag, match in steps.matches if tag == Tag.START_DATE), None)
        return found.days if found is not None else None

    @property
    def words(self) -> str:
        """What has to fit, for the audit."""
        own = [f"{keyword(tag)}={text[:64]}" for tag, text in self.said if text]
        inner = [each.words for each in self.items.values() if each is not None and each.said]
        return "; ".join(filter(None, (*own, *inner)))

    def value(self, tag: int) -> str:
        """The one value that a key must have, or ''."""
        match = next((match for each, match in self.matches if each == tag), None)
        exactly = match.exactly if match is not None else None
        return exactly[0] if exactly is not None and len(exactly) == 1 else ""


def wish_of(elements: Elements, charset: str | None = None) -> Wish:
    """What an identifier, or an item in it, asks; NotAnswered if that means nothing."""
    terms = charset_of(elements) or charset or ""
    said = _said(elements, terms)
    items = {
        tag: _item(element, terms)
        for tag, element in elements.items()
        if element.vr == "SQ" and tag in SUPPORTED
    }
    matches = {tag: match for tag, text in said.items() if (match := _match(tag, text)) is not None}
    moments = None
    if all(tag in matches for tag in _START):
        moments = moments_of(*(said[tag] for tag in _START))
        for tag in _START:
            del matches[tag]
    tags = tuple(tag for tag in elements if tag in SUPPORTED)
    return Wish(
        tags,
        items,
        tuple(matches.items()),
        moments,
        tuple((tag, items[tag] and items[tag].shape) if tag in items else tag for tag in tags),  # type: ignore[union-attr]
        tuple(said.items()),
        any(tag not in SUPPORTED and tag != CHARSET for tag in elements)
        or any(each is not None and each.unsupported for each in items.values()),
    )


def fits(wish: Wish, values: Values) -> bool:
    """Whether a step, or an item of one of its sequences, has all that is asked of it."""
    for tag, match in wish.matches:
        value = values.get(tag, "")
        if not isinstance(value, str) or not any(map(match.test, value.split("\\"))):
            return False
    if wish.moments is not None:
        date, time = (str(values.get(tag, "")) for tag in _START)
        if not wish.moments.holds(moment_of(date, time)):
            return False
    for tag, inner in wish.items.items():
        if inner is not None and inner.demands:
            items = values.get(tag, ())
            if isinstance(items, str) or not any(fits(inner, item) for item in items):
                return False
    return True


def answer_of(wish: Wish, values: Values, *preferred: str) -> Elements:
    """A step as the identifier of an answer, in the first character set that has all of it."""
    charset = charset_for(list(_texts(wish, values)), *filter(None, preferred))
    found = _shaped(wish, values, charset)
    if charset:
        found[CHARSET] = Element("CS", charset.encode("ascii"))
    return found


def _shaped(wish: Wish | None, values: Values, charset: str) -> dict[int, Element]:
    found = {}
    for tag in wish.tags if wish is not None else values:
        value, vr = values.get(tag, ""), vr_of(tag)
        if vr == "SQ":
            inner = wish.items.get(tag) if wish is not None else None
            items = value if not isinstance(value, str) else ()
            found[tag] = sequence(_shaped(inner, item, charset) for item in items)
        else:
            found[tag] = element_of(vr, str(value), charset)
    return found


def _texts(wish: Wish | None, values: Values) -> list[str]:
    found = []
    for tag in wish.tags if wish is not None else values:
        value = values.get(tag, "")
        if not isinstance(value, str):
            inner = wish.items.get(tag) if wish is not None else None
            found += [text for item in value for text in _texts(inner, item)]
        elif vr_of(tag) in IN_CHARSET:
            found.append(value)
    return found


def _item(element: Element, charset: str) -> Wish | None:
    """The one item of a sequence; without one, or with an empty one, all of it is wanted."""
    if len(element.items) > 1:
        raise NotAnswered(Status.DATASET_DOES_NOT_MATCH, "a sequence of a query has one item")
    return wish_of(element.items[0], charset) if element.items and element.items[0] else None


def _said(elements: Elements, charset: str) -> dict[int, str]:
    try:
        codec = codec_of(charset.split("\\"))
    except UnknownCharset as error:
        raise NotAnswered(Status.DATASET_DOES_NOT_MATCH, str(error), CHARSET) from None
    found = {}
    for tag, element in elements.items():
        if tag in SUPPORTED and element.vr != "SQ":
            try:
                found[tag] = text_of(element, codec)
            except UnknownCharset as error:
                words = f"{keyword(tag)}: {error}"
                raise NotAnswered(Status.DATASET_DOES_NOT_MATCH, words, tag) from None
    return found


def _match(tag: int, text: str) -> Match | None:
    try:
        return match_of(vr_of(tag), text, identifier=tag in IDENTIFIERS)
    except Malformed as error:
        words = f"{keyword(tag)}: {error}"
        raise NotAnswered(Status.DATASET_DOES_NOT_MATCH, words, tag) from None
