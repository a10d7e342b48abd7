"""What holds for every explanation of every record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway import Direction, Instant, Part, RawId, WireRecord


def record(data: bytes, direction: Direction = Direction.IN) -> WireRecord:
    return WireRecord(RawId(1), "line", "device", direction, "s1", Instant(0), data)


def check(parts: Sequence[Part], data: bytes) -> None:
    """Parts lie in the record, in order, apart from each other; children within their parent."""
    _check(parts, 0, len(data))


def _check(parts: Sequence[Part], start: int, end: int) -> None:
    for part in parts:
        assert start <= part.start <= part.end <= end, part
        start = part.end
        _check(part.children, part.start, part.end)


def flat(parts: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """English label and text of each part, outer ones first."""
    for part in parts:
        label = part.label if isinstance(part.label, str) else part.label["en"]
        yield label, part.text
        yield from flat(part.children)


def covers(parts: Sequence[Part], data: bytes) -> bool:
    """Whether the outermost parts account for every byte."""
    return b"".join(data[part.start : part.end] for part in parts) == data
