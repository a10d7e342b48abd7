"""From the bytes of a block to readings, with the digits that the registers mean. Pure.

A block is taken apart by compiled `struct`s, one for each byte order that occurs in it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from math import isfinite
from struct import Struct
from typing import Any, TypeAlias

from drivers.modbus.planner import Block
from drivers.modbus.profile import ModbusPoint, ModbusProfile, Order, Place, Type
from gateway import Quality, Reading

Word: TypeAlias = tuple[str, float | None]
"""Text and number of a reading."""

Convert: TypeAlias = Callable[[Any], Word | None]
"""From a raw value; None means that the device says it has no value."""

_CODES = {
    Type.INT16: "h",
    Type.UINT16: "H",
    Type.INT32: "i",
    Type.UINT32: "I",
    Type.INT64: "q",
    Type.UINT64: "Q",
    Type.FLOAT32: "f",
    Type.FLOAT64: "d",
}
_FLOAT32 = Struct(">f")
_FLOAT32_DIGITS = ("%.6g", "%.7g", "%.8g")
_BIT: tuple[Word, Word] = ("0", 0.0), ("1", 1.0)


class Decoder:
    """Turns the data bytes of a block's reply into its readings.

    `wire` is the place of the reply among the messages of the poll.
    """

    def __init__(self, block: Block, profile: ModbusProfile) -> None:
        self._groups = () if block.table.bits else _groups(block)
        self._shifts = tuple(place.at - block.at for place in block.places)
        order = [place for group in self._groups for place in group.places] or block.places
        index = {place: number for number, place in enumerate(order)}
        self._points = tuple(
            (code, index[place], converter(point, place))
            for code, point in profile.points.items()
            if (place := profile.place(code)) in index
        )

    def __call__(self, data: bytes, wire: int) -> list[Reading]:
        raws = self._raws(data)
        readings = []
        for code, index, convert in self._points:
            word = convert(raws[index])
            if word is None:
                readings.append(bad(code, wire))
            else:
                text, number = word
                readings.append(Reading(code, text, number, wire=wire))
        return readings

    def refused(self, wire: int) -> list[Reading]:
        """What is said of the block's points if it could not be read."""
        return [bad(code, wire) for code, _, _ in self._points]

    def _raws(self, data: bytes) -> Sequence[Any]:
        if len(self._groups) == 1:
            return self._groups[0].unpack(data)
        if not self._groups:
            bits = int.from_bytes(data, "little")
            return [bits >> shift & 1 for shift in self._shifts]
        return [raw for group in self._groups for raw in group.unpack(data)]


@dataclass(frozen=True, slots=True)
class _Group:
    """The places of a block that one `struct` reads. `swapped`: after each register's two bytes."""

    places: tuple[Place, ...]
    struct: Struct
    swapped: bool

    def unpack(self, data: bytes) -> tuple[Any, ...]:
        if self.swapped:
            registers = array("H", data)
            registers.byteswap()
            return self.struct.unpack(registers)
        return self.struct.unpack(data)


def bad(code: str, wire: int = -1) -> Reading:
    """A point that could not be read: no value rather than an old one."""
    return Reading(code, "", quality=Quality.BAD, wire=wire)


def converter(point: ModbusPoint, place: Place) -> Convert:
    """How a raw value at `place` becomes the point's text and number."""
    match place.type:
        case Type.STRING:
            return _string
        case Type.BOOL:
            return _BIT.__getitem__
        case Type.FLOAT32 | Type.FLOAT64:
            return _float(point, _digits32 if place.type is Type.FLOAT32 else _digits64)
        case _ if point.bit is not None:
            return _bit(point.bit, point.absent)
        case _:
            return _integer(point, place)


def _groups(block: Block) -> tuple[_Group, ...]:
    places = sorted(block.places, key=lambda place: (_layout(place), place.at))
    return tuple(
        _Group(tuple(members), _struct(block, members, little=layout[1]), layout[0])
        for layout, group in groupby(places, _layout)
        for members in [list(group)]
    )


def _layout(place: Place) -> tuple[bool, bool]:
    """Whether to swap the bytes of each register, and to read little-endian then."""
    if place.type is Type.STRING:
        return place.order in {Order.BADC, Order.DCBA}, False
    little = place.order in {Order.CDAB, Order.DCBA}
    return place.order in {Order.BADC, Order.CDAB}, little


def _struct(block: Block, places: Iterable[Place], *, little: bool) -> Struct:
    parts = ["<" if little else ">"]
    at = block.at
    for place in places:
        parts.append(f"{2 * (place.at - at)}x{_CODES.get(place.type) or f'{2 * place.count}s'}")
        at = place.end
    return Struct("".join([*parts, f"{2 * (block.end - at)}x"]))


def _integer(point: ModbusPoint, place: Place) -> Convert:
    places = max(0, *(-_exponent(number) for number in (point.scale, point.add)))
    factor, offset = (int(number.scaleb(places)) for number in (point.scale, point.add))
    absent, divisor = _absent(point, place), 10**places

    def convert(raw: int) -> Word | None:
        if raw == absent:
            return None
        value = raw * factor + offset
        return _point(value, places), value / divisor

    return convert


def _bit(bit: int, absent: int | None) -> Convert:
    """One bit of a register; none where the register as a whole says so."""
    return lambda raw: None if raw == absent else _BIT[raw >> bit & 1]


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _absent(point: ModbusPoint, place: Place) -> int | None:
    """The raw value that means "none", signed as the place's type is."""
    bits = 16 * place.count
    if point.absent is None or place.type.value.startswith("u") or point.absent < 1 << bits - 1:
        return point.absent
    return point.absent - (1 << bits)


def _point(value: int, places: int) -> str:
    """`value` with a decimal point before its last `places` digits."""
    if not places:
        return str(value)
    digits = str(abs(value)).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _float(point: ModbusPoint, digits: Callable[[float], tuple[str, float]]) -> Convert:
    scale, add = point.scale, point.add
    as_sent = scale == 1 and not add

    def convert(raw: float) -> Word | None:
        if not isfinite(raw):
            return None
        word = digits(raw)
        if as_sent and "e" not in word[0]:
            return word
        value = Decimal(word[0]) if as_sent else Decimal(word[0]) * scale + add
        return _written(value), float(value)

    return convert


def _digits32(raw: float) -> tuple[str, float]:
    """The fewest digits that give back the same 32 bits, and the number that they say."""
    sent = _FLOAT32.pack(raw)
    for form in _FLOAT32_DIGITS:
        text = form % raw
        number = float(text)
        if _FLOAT32.pack(number) == sent:
            return text, number
    text = f"{raw:.9g}"
    return text, float(text)


def _digits64(raw: float) -> tuple[str, float]:
    return repr(raw).removesuffix(".0"), raw


def _written(value: Decimal) -> str:
    """In plain digits, unless there would be a long row of zeros."""
    plain = -9 <= value.adjusted() <= 18  # noqa: PLR2004
    return format(value, "f") if plain else str(value)


def _string(raw: bytes) -> Word | None:
    text = raw.split(b"\0", 1)[0].strip()
    return (text.decode("ascii"), None) if text.isascii() and text else None
