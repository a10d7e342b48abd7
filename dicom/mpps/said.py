"""What a message says of a performed procedure step, and what it must say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import orjson

from dicom.dimse import Status
from dicom.elements import CHARSET, Elements
from dicom.query.question import NotAnswered, charset_of, keyword, text_of
from dicom.storage.charset import UnknownCharset, codec_of

Tree: TypeAlias = Mapping[str, str | Sequence["Tree"]]
"""Attributes by keyword: text, or the items of a sequence. As JSON has them."""

STATUS, START_DATE, START_TIME = 0x00400252, 0x00400244, 0x00400245
END_DATE, END_TIME = 0x00400250, 0x00400251
SCHEDULED, SERIES = 0x00400270, 0x00400340
STUDY_UID, SERIES_UID, PROTOCOL = 0x0020000D, 0x0020000E, 0x00181030

CREATED = (SCHEDULED, 0x00400253, 0x00400241, START_DATE, START_TIME, STATUS, 0x00080060)
"""Type 1 at N-CREATE (table F.7.2-1)."""
EXPECTED = (
    *(0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00081120, 0x00400242, 0x00400243),
    *(0x00400254, 0x00400255, 0x00081032, END_DATE, END_TIME, 0x00200010, 0x00400260, SERIES),
)
"""Type 2 at N-CREATE: what lacks them is taken, and the lack is noted."""
_FIXED = frozenset(
    (
        *(SCHEDULED, 0x00100010, 0x00100020, 0x00100021, 0x00100024, 0x00101002, 0x00100030),
        *(0x00100040, 0x00081120, 0x00400253, 0x00400241, 0x00400242, 0x00400243, START_DATE),
        *(START_TIME, 0x00080060, 0x00200010),
    )
)
"""What N-SET can't change."""
AT_THE_END = (END_DATE, END_TIME)
_OF_SERIES = (SERIES_UID, PROTOCOL)
_BINARY = frozenset(("AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "UL", "UN"))


_LARGEST = 4_194_304
"""Bytes of a step as JSON; what an N-CREATE and an N-SET may hold fits."""
_MOST_PROBLEMS = 100


class State(StrEnum):
    """Performed Procedure Step Status; the last two are final."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"

    @property
    def is_final(self) -> bool:
        return self is not State.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class Said:
    """One message. `problems` are what it lacks, or can't be read in it; it counts all the same."""

    tree: Tree
    state: State | None
    problems: tuple[str, ...] = field(default=())


def created(elements: Elements) -> Said:
    """What an N-CREATE says; NotAnswered if it lacks what it must have (PS3.4 F.7.2.1)."""
    _require(elements, CREATED, Status.MISSING_ATTRIBUTE)
    for item in elements[SCHEDULED].items:
        _require(item, (STUDY_UID,), Status.MISSING_ATTRIBUTE)
    state = _state(elements)
    if state is not State.IN_PROGRESS:
        raise _invalid(f"a step begins as IN PROGRESS, not as {state}", STATUS)
    missing = tuple(f"no {keyword(tag)}" for tag in EXPECTED if tag not in elements)
    tree, problems = tree_of(elements)
    return Said(tree, state, bounded((*missing, *problems)))


def changed(elements: Elements, known: Tree) -> Said:
    """What an N-SET says of a step; NotAnswered if it can't be so (PS3.4 F.7.2.2).

    What can't be changed may be sent again as it is. A step that ends has what an ended one needs.
    One that would be too large is refused: N-SETs add up.
    """
    tree, problems = tree_of(elements)
    for tag in elements:
        name = keyword(tag)
        if tag in _FIXED and not (name in tree and _same(tree[name], known.get(name, ""))):
            raise _invalid(f"{name} can't be changed", tag)
    state = _state(elements) if STATUS in elements else None
    if state is not None and state.is_final:
        problems += _ended(state, {**known, **tree})
    if len(orjson.dumps({**known, **tree})) > _LARGEST:
        raise NotAnswered(Status.RESOURCE_LIMITATION, "the step would be too large")
    return Said(tree, state, bounded(problems))


def _same(said: str | Sequence[Tree], known: str | Sequence[Tree]) -> bool:
    """Whether two values say the same; what is empty says nothing, as what is not there."""
    return _worth(said) == _worth(known)


def _worth(value: str | Sequence[Tree]) -> str | Sequence[Tree]:
    if isinstance(value, str):
        return value
    return [{name: _worth(each) for name, each in item.items() if each} for item in value] or ""


def bounded(problems: Iterable[str]) -> tuple[str, ...]:
    """Each problem once, and no more than anybody reads."""
    return tuple(dict.fromkeys(problems))[:_MOST_PROBLEMS]


def _ended(state: State, whole: Tree) -> tuple[str, ...]:
    """What a discontinued step lacks is noted: it is over, whatever its modality still knows."""
    for tag in AT_THE_END:
        if not whole.get(keyword(tag)):
            raise _missing(tag, Status.MISSING_ATTRIBUTE_VALUE)
    series = whole.get(keyword(SERIES), ())
    if not series or isinstance(series, str):
        if state is State.COMPLETED:
            raise _missing(SERIES, Status.MISSING_ATTRIBUTE_VALUE)
        return ("no PerformedSeriesSequence",)
    for item in series:
        for tag in _OF_SERIES:
            if not item.get(keyword(tag)):
                raise _missing(tag, Status.MISSING_ATTRIBUTE_VALUE)
    return ()


def tree_of(elements: Elements) -> tuple[Tree, tuple[str, ...]]:
    """All attributes as text, and what could not be read. NotAnswered for an unknown set."""
    terms = charset_of(elements)
    try:
        codec_of(terms.split("\\"))
    except UnknownCharset as error:
        raise _invalid(str(error), CHARSET) from None
    problems: list[str] = []
    return _tree(elements, terms, problems), tuple(problems)


def items(tree: Tree, tag: int) -> Sequence[Tree]:
    """The items of a sequence; none where there is none."""
    found = tree.get(keyword(tag), ())
    return () if isinstance(found, str) else found


def text(tree: Tree, tag: int) -> str:
    """The text of an attribute, or ''."""
    found = tree.get(keyword(tag), "")
    return found if isinstance(found, str) else ""


def _tree(elements: Elements, terms: str, problems: list[str]) -> Tree:
    own = charset_of(elements) or terms
    return dict(_values(elements, own, problems))


def _values(
    elements: Elements, terms: str, problems: list[str]
) -> Iterator[tuple[str, str | Sequence[Tree]]]:
    for tag, element in elements.items():
        name = keyword(tag)
        if element.vr == "SQ":
            yield name, [_tree(item, terms, problems) for item in element.items]
        elif element.vr in _BINARY:
            yield name, element.value.hex()
        else:
            try:
                yield name, text_of(element, codec_of(terms.split("\\")))
            except UnknownCharset as error:
                problems.append(f"{name}: {error}")


def _state(elements: Elements) -> State | None:
    value = elements[STATUS].value.decode("ascii", "replace").strip(" \0")
    if value not in tuple(State):
        raise _invalid(f"{value[:16]!r} is no status of a performed step", STATUS)
    return State(value)


def _require(elements: Elements, tags: Sequence[int], absent: int) -> None:
    for tag in tags:
        found = elements.get(tag)
        if found is None:
            raise _missing(tag, absent)
        if not (found.items or found.value.strip(b" \0")):
            raise _missing(tag, Status.MISSING_ATTRIBUTE_VALUE)


def _missing(tag: int, status: int) -> NotAnswered:
    what = "is missing" if status == Status.MISSING_ATTRIBUTE else "has no value"
    return NotAnswered(status, f"{keyword(tag)} {what}", tag)


def _invalid(words: str, tag: int) -> NotAnswered:
    return NotAnswered(Status.INVALID_VALUE, words, tag)
