"""Faults on command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a unit, or its whole endpoint, does wrong.

    SILENT: no answer. LATE: the right answer `delay` seconds later, in order. CRC: a broken check
    (on Modbus TCP, a broken header). EXCEPTION: refuses with `code`. HOLE: refuses (exception 2)
    what touches register `address`. GARBAGE: random bytes instead of an answer. HALF_OPEN:
    connections that stand now stay open and are never answered again. RESET, ROLLOVER: the
    counter starts again at 0, or stands just before its end; these happen once.
    """

    SILENT = "silent"
    LATE = "late"
    CRC = "crc"
    EXCEPTION = "exception"
    HOLE = "hole"
    GARBAGE = "garbage"
    HALF_OPEN = "half-open"
    RESET = "reset"
    ROLLOVER = "rollover"


@dataclass(frozen=True)
class Fault:
    """A fault and its details.

    With `times`, it ends after so many requests; with `chance`, it strikes that share of them.
    """

    kind: Kind
    delay: float = 1.5
    code: int = 4
    address: int = 0
    times: int | None = None
    chance: float = 1.0
