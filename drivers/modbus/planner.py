"""Which requests bring a profile's points, and what an "illegal address" teaches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from drivers.modbus.codec import Function, read_request
from drivers.modbus.profile import Place, Table

_FUNCTION = {
    Table.COIL: Function.COILS,
    Table.DISCRETE: Function.DISCRETE_INPUTS,
    Table.HOLDING: Function.HOLDING_REGISTERS,
    Table.INPUT: Function.INPUT_REGISTERS,
}
_BITS_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Hole:
    """Addresses that a request must not touch or span: `start` up to, not including, `end`.

    With `start == end` nothing is missing, but the device does not read across that border.
    """

    table: Table
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """Places that one request brings, in order of address. `size` counts the reply's data bytes."""

    places: tuple[Place, ...]
    offset: int
    table: Table
    at: int
    end: int
    function: Function
    size: int
    request: bytes

    @property
    def hole(self) -> Hole:
        """What is missing if the device refuses this block and it can't be split further."""
        return Hole(self.table, self.at, self.end)

    def split(self) -> tuple[Block, Block] | None:
        """Its two halves; None for a single place."""
        if len(self.places) == 1:
            return None
        middle = len(self.places) // 2
        return block(self.places[:middle], self.offset), block(self.places[middle:], self.offset)


def block(places: tuple[Place, ...], offset: int = 0) -> Block:
    """The block that brings `places` of one table; `offset` is added to the address on the wire."""
    table, at, end = places[0].table, places[0].at, places[-1].end
    function, count = _FUNCTION[table], end - at
    size = (count + 7) // 8 if table.bits else 2 * count
    request = read_request(function, at + offset, count)
    return Block(places, offset, table, at, end, function, size, request)


def between(left: Block, right: Block) -> Hole:
    """What a device refuses if it answers both halves but not the whole."""
    return Hole(left.table, left.end, right.at)


def plan(
    places: Iterable[Place],
    *,
    gap: int = 0,
    limit: int = 125,
    offset: int = 0,
    holes: frozenset[Hole] = frozenset(),
) -> tuple[Block, ...]:
    """The fewest blocks that bring every place which is not in a hole."""
    wanted = sorted(place for place in set(places) if not any(_covers(h, place) for h in holes))
    blocks: list[list[Place]] = []
    for place in wanted:
        if blocks and _joins(blocks[-1], place, gap, limit, holes):
            blocks[-1].append(place)
        else:
            blocks.append([place])
    return tuple(block(tuple(members), offset) for members in blocks)


def probes(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Up to two short requests whose replies can be taken for no other one's.

    Each brings the first places of a block; its reply differs in size from the replies to all
    blocks and from the other probe's.
    """
    taken = {whole.size for whole in blocks}
    found: list[Block] = []
    for probe in _prefixes(blocks):
        if probe.size not in taken:
            found.append(probe)
            taken.add(probe.size)
    return tuple(found[:2])


def _covers(hole: Hole, place: Place) -> bool:
    return hole.table is place.table and hole.start <= place.at and place.end <= hole.end


def _joins(
    members: Sequence[Place], place: Place, gap: int, limit: int, holes: frozenset[Hole]
) -> bool:
    first, last = members[0], members[-1]
    limit = _BITS_LIMIT if place.table.bits else limit
    return (
        first.table is place.table
        and place.at - last.end <= gap
        and place.end - first.at <= limit
        and not any(
            hole.table is place.table and last.end <= hole.start and hole.end <= place.at
            for hole in holes
        )
    )


def _prefixes(blocks: Sequence[Block]) -> Iterator[Block]:
    for whole in blocks:
        for length in range(1, len(whole.places)):
            yield block(whole.places[:length], whole.offset)
