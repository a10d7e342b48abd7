"""What a Modbus profile says beyond every profile: where each point lies and how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from gateway import Point, Profile


class Table(StrEnum):
    """The four tables of the Modbus data model."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def bits(self) -> bool:
        """Whether it holds single bits instead of registers."""
        return self in {Table.COIL, Table.DISCRETE}


_TABLE_SIZE = 65_536
_REGISTERS = {"int32": 2, "uint32": 2, "float32": 2, "int64": 4, "uint64": 4, "float64": 4}


class Type(StrEnum):
    """How registers make a value."""

    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BOOL = "bool"
    STRING = "string"

    @property
    def registers(self) -> int:
        """How many registers one value takes (a string says so itself)."""
        return _REGISTERS.get(self.value, 1)

    @property
    def whole(self) -> bool:
        """Whether it is an integer."""
        return "int" in self.value


class Order(StrEnum):
    """Where the bytes of a value stand on the wire; A is the most significant."""

    ABCD = "ABCD"
    BADC = "BADC"
    CDAB = "CDAB"
    DCBA = "DCBA"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The registers or bits of one raw value, from protocol address `at`, as they are read."""

    table: Table
    at: int
    count: int
    type: Type
    order: Order

    @property
    def end(self) -> int:
        return self.at + self.count


class ModbusPoint(Point):
    """One value. What is not said here is as the profile says.

    The value is `raw * scale + add`, exact to the last digit. `bit` takes one bit of a register
    (0 is the lowest). `length` is a string's number of registers. `absent` is the raw value, as
    an unsigned number, by which the device says that it has none.
    """

    at: int = Field(ge=0, description="register or bit number, counted as the profile's `first`")
    table: Table | None = None
    type: Type | None = None
    order: Order | None = None
    scale: Decimal = Decimal(1)
    add: Decimal = Decimal(0)
    bit: int | None = Field(default=None, ge=0, le=15)
    length: int | None = Field(default=None, ge=1, le=120)
    absent: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.type is Type.STRING) != (self.length is not None):
            raise ValueError("`length` belongs to `type: string`, and a string needs it")
        if self.bit is not None and self.type not in {None, Type.BOOL}:
            raise ValueError(f"`bit` gives a bool, not {self.type}")
        if not (_plain(self.scale) and _plain(self.add) and self.scale):
            raise ValueError("`scale` and `add` are plain decimals, and `scale` is not 0")
        return self


class ModbusProfile(Profile):
    """A model of device with Modbus registers. `table`, `type` and `order` hold for every point.

    `first` is the number that the maker's document gives to the first register (0, 1, 30001,
    40001...), so that points may be written as they stand there. Points up to `gap` registers
    apart are read in one request of at most `limit` registers.
    """

    points: Mapping[str, ModbusPoint] = Field(min_length=1)
    table: Table = Table.HOLDING
    type: Type = Type.UINT16
    order: Order = Order.ABCD
    first: int = Field(default=0, ge=0)
    gap: int = Field(default=0, ge=0, le=124)
    limit: int = Field(default=125, ge=1, le=125)

    @model_validator(mode="after")
    def _placed(self) -> Self:
        places = {code: self.place(code) for code in self.points}
        faults = [
            f"points.{code}.{fault}"
            for code, place in places.items()
            for fault in _faults(self.points[code], place, self)
        ]
        faults += _overlaps(places)
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def place(self, code: str) -> Place:
        """Where point `code` lies, and how its raw value is read."""
        point = self.points[code]
        table = point.table or self.table
        type_ = point.type or self.type
        if table.bits:
            type_ = Type.BOOL
        elif point.bit is not None:
            type_ = Type.UINT16
        count = point.length or type_.registers
        return Place(table, point.at - self.first, count, type_, point.order or self.order)


def _plain(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and -18 <= exponent <= number.adjusted() <= 18  # noqa: PLR2004


def _faults(point: ModbusPoint, place: Place, profile: ModbusProfile) -> Iterator[str]:
    """What is wrong with a point where it lies: the key, and why."""
    bits = place.table.bits
    number = place.type not in {Type.BOOL, Type.STRING} and point.bit is None
    if not 0 <= place.at <= _TABLE_SIZE - place.count:
        yield f"at: {point.at} lies outside the table (the profile's `first` is {profile.first})"
    if bits and (point.bit is not None or point.type not in {None, Type.BOOL}):
        yield f"table: a {place.table} is one bit: no `bit`, no `type` but bool"
    if place.type is Type.BOOL and not bits:
        yield "type: a bool in a register needs `bit`"
    if not bits and place.count > profile.limit:
        yield f"at: it takes {place.count} registers, more than the profile's `limit`"
    if not number and (point.scale != 1 or point.add):
        yield "scale: `scale` and `add` are for numbers"
    if point.absent is not None and not (place.type.whole and point.absent < 1 << 16 * place.count):
        yield f"absent: {point.absent} is no raw value of {place.type}"


def _overlaps(places: Mapping[str, Place]) -> Iterator[str]:
    """Two points may share registers only if they read them alike (two bits of one register)."""
    by_place = sorted((place, code) for code, place in places.items())
    for (one, first), (other, second) in pairwise(by_place):
        if one.table is other.table and one != other and other.at < one.end:
            yield (
                f"points.{second}.at: overlaps {first}, which is read as {one.type} "
                f"and takes {one.count} of {one.table}"
            )
