"""The beam's-eye view: jaws and leaves at a control point, planned over delivered.

The view is along the beam onto the isocenter plane in the collimator's own axes (IEC 61217, X to
the right, Y up), one unit of the picture to a mm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tps_bridge.plan import Limiter

ALONG_X = frozenset({"X", "ASYMX", "MLCX", "MLCX1", "MLCX2"})
"""Jaws and leaves that travel along the collimator's X axis (PS3.3 C.8.8.14)."""
ALONG_Y = frozenset({"Y", "ASYMY", "MLCY"})

_LEAST = 40.0
_MARGIN = 15.0
_LABEL = 6.0
"""What a mark's number takes of the picture on either side, in mm."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the picture's coordinates, where Y points down."""

    x: float
    y: float
    width: float
    height: float
    off: bool = False


@dataclass(frozen=True, slots=True)
class Eye:
    """`half` is half the side of the square that is seen, in mm.

    `leaves` and `jaws` are what shields as planned; `found` the ends of leaves and jaws as
    delivered, `off` where they are beyond the tolerance. `ticks` are the marks of the axes in mm.
    """

    half: float
    leaves: tuple[Box, ...]
    jaws: tuple[Box, ...]
    found: tuple[Box, ...]
    ticks: tuple[int, ...]


def eye(
    limiters: Sequence[Limiter],
    planned: Mapping[str, tuple[float, ...]],
    delivered: Mapping[str, tuple[float, ...]] | None = None,
    tolerance: Mapping[str, float] | None = None,
) -> Eye:
    """The view of a control point; `tolerance` in mm by kind says which ends stand out.

    What travels along neither axis is not drawn.
    """
    limiters = [each for each in limiters if each.kind in ALONG_X | ALONG_Y]
    half = _half(limiters, planned)
    leaves = [
        box
        for each in limiters
        if each.boundaries and each.kind in planned
        for box in _leaves(each, planned[each.kind], half)
    ]
    jaws = [
        box
        for each in limiters
        if not each.boundaries and each.kind in planned
        for box in _jaws(each.kind, planned[each.kind], half)
    ]
    found = [
        box
        for each in limiters
        if delivered and each.kind in delivered
        for box in _ends(
            each,
            planned.get(each.kind, ()),
            delivered[each.kind],
            half,
            (tolerance or {}).get(each.kind, 2.0),
        )
    ]
    step = 20 if half <= 100 else 50  # noqa: PLR2004 - marks that don't crowd
    last = int((half - _LABEL) // step) * step
    ticks = tuple(range(-last, last + 1, step))
    return Eye(half, tuple(leaves), tuple(jaws), tuple(found), ticks)


def _half(limiters: Sequence[Limiter], planned: Mapping[str, tuple[float, ...]]) -> float:
    """So that jaws, or else open leaves, are well inside."""
    reach = [
        abs(position)
        for each in limiters
        if not each.boundaries
        for position in planned.get(each.kind, ())
    ]
    if not reach:
        reach = [abs(position) for several in planned.values() for position in several]
    return max(_LEAST, max(reach, default=_LEAST)) + _MARGIN


def _leaves(limiter: Limiter, positions: tuple[float, ...], half: float) -> Iterator[Box]:
    for pair in range(limiter.pairs):
        low, high = limiter.boundaries[pair], limiter.boundaries[pair + 1]
        if high <= -half or low >= half:
            continue
        first, second = positions[pair], positions[pair + limiter.pairs]
        yield from _shut(limiter.kind, (low, high), (-half, first), half)
        yield from _shut(limiter.kind, (low, high), (second, half), half)


def _jaws(kind: str, positions: tuple[float, ...], half: float) -> Iterator[Box]:
    first, second = positions
    yield from _shut(kind, (-half, half), (-half, first), half)
    yield from _shut(kind, (-half, half), (second, half), half)


def _shut(
    kind: str, across: tuple[float, float], along: tuple[float, float], half: float
) -> Iterator[Box]:
    """A stretch that shields: `along` the direction of travel, `across` it."""
    low, high = max(across[0], -half), min(across[1], half)
    start, end = max(along[0], -half), min(along[1], half)
    if end <= start or high <= low:
        return
    if kind in ALONG_X:
        yield Box(start, -high, end - start, high - low)
    else:
        yield Box(low, -end, high - low, end - start)


def _ends(
    limiter: Limiter,
    planned: tuple[float, ...],
    delivered: tuple[float, ...],
    half: float,
    tolerance: float,
) -> Iterator[Box]:
    """The end of each leaf or jaw as it was found, as a bar across its travel."""
    if len(planned) != len(delivered):
        return
    pairs = len(delivered) // 2
    for place, position in enumerate(delivered):
        pair = place % pairs
        across = (-half, half)
        if limiter.boundaries:
            across = (limiter.boundaries[pair], limiter.boundaries[pair + 1])
        off = abs(position - planned[place]) > tolerance
        for box in _shut(limiter.kind, across, (position - 0.4, position + 0.4), half):
            yield Box(box.x, box.y, box.width, box.height, off)
