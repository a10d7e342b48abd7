"""A device's registers at one moment."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Protocol

COILS, DISCRETE, HOLDING, INPUT = 1, 2, 3, 4
"""Tables, by the function that reads them."""


@dataclass
class Image:
    """Values by (function, address). Inside a table's `size`, what is not set reads as 0."""

    sizes: dict[int, int] = field(default_factory=dict)
    cells: dict[tuple[int, int], int] = field(default_factory=dict)

    def bit(self, table: int, address: int, value: bool) -> None:  # noqa: FBT001 - it is the value
        self.cells[table, address] = int(value)

    def word(self, table: int, address: int, value: float) -> None:
        """A 16-bit register, rounded; negative ones in two's complement."""
        self.cells[table, address] = round(value) & 0xFFFF

    def double(self, table: int, address: int, value: int) -> None:
        """A 32-bit unsigned, high register first."""
        self._wide(table, address, struct.pack(">I", value))

    def real(self, table: int, address: int, value: float) -> None:
        """A float32, high register first."""
        self._wide(table, address, struct.pack(">f", value))

    def read(self, table: int, address: int, count: int) -> list[int] | None:
        """None outside the table."""
        if address + count > self.sizes.get(table, 0):
            return None
        return [self.cells.get((table, address + number), 0) for number in range(count)]

    def _wide(self, table: int, address: int, packed: bytes) -> None:
        for number, word in enumerate(struct.unpack(">2H", packed)):
            self.cells[table, address + number] = word


class Device(Protocol):
    """Something with registers that change with simulated time."""

    def image(self, now: float) -> Image:
        """The registers `now` seconds after simulated midnight; time never runs backwards."""
        ...


class Counting(Protocol):
    """A device with a counter that can be tampered with."""

    def reset(self) -> None: ...

    def roll_over(self) -> None:
        """Put the counter just before its end."""
        ...
