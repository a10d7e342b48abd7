"""The attributes that queries can ask for, and what a performed step needs, for the statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dicom.elements import vr_of
from dicom.mpps.said import AT_THE_END, CREATED, EXPECTED
from dicom.query.keys import KEYS, UNIQUE, Key, Level
from dicom.query.matching import WILD_CARDS
from dicom.query.question import keyword
from dicom.worklist.tags import Tag

_KINDS = {
    "UI": "single value, list of UIDs",
    "DA": "single value, range",
    "TM": "single value, range",
    "PN": "single value, wild card; case, accents and width ignored",
    "SQ": "sequence",
}


def _kind(vr: str) -> str:
    wild = "single value, wild card" if vr in WILD_CARDS else "single value"
    return _KINDS.get(vr, wild)


def query_keys() -> Iterator[str]:
    """Patient Root and Study Root, by level."""
    yield "| level | attribute | tag | matching |"
    yield "|---|---|---|---|"
    for level in Level:
        for key in sorted(_of(level), key=lambda each: each.tag):
            unique = ", unique key" if key.tag == UNIQUE[level] else ""
            matching = "returned only" if key.counted else _kind(key.vr)
            yield f"| {level.name} | {keyword(key.tag)} | {_tag(key.tag)} | {matching}{unique} |"


def worklist_keys() -> Iterator[str]:
    """Modality Worklist; what nobody said is returned without a value."""
    yield "| attribute | tag | matching |"
    yield "|---|---|---|"
    for tag in sorted(Tag):
        yield f"| {keyword(tag)} | {_tag(tag)} | {_kind(vr_of(tag))} |"


def step_attributes() -> Iterator[str]:
    """Performed procedure steps."""
    yield f"* N-CREATE is refused without: {_names(CREATED)}."
    yield f"* N-CREATE is taken, and the lack noted, without: {_names(EXPECTED)}."
    yield f"* N-SET to COMPLETED or DISCONTINUED is refused without: {_names(AT_THE_END)};"
    yield "  to COMPLETED also without PerformedSeriesSequence, whose items need SeriesInstanceUID"
    yield "  and ProtocolName."


def _of(level: Level) -> Iterable[Key]:
    return (key for key in KEYS.values() if key.level is level)


def _names(tags: Iterable[int]) -> str:
    return ", ".join(keyword(tag) for tag in tags)


def _tag(tag: int) -> str:
    return f"({tag >> 16:04x},{tag & 0xFFFF:04x})"
