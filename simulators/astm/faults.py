"""Faults on command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an analyzer, or its line, does wrong.

    BAD_CHECKSUM, WRONG_NUMBER: the first try of a frame is broken; SKIPPED_NUMBER: a frame is
    left out. REPEATED: a frame is sent again although it was acknowledged. SPLIT, GLUED: bytes
    come one by one, or several steps in one write. ENQ: a transfer is begun in the middle of one.
    SILENCE: it stops in the middle of a frame; HALF_OPEN: it stops between two frames; both hold
    the line and say nothing for `seconds`. UNPLUG: the line is lost in the middle of a frame.
    DUPLICATE: the message is sent once more over a new connection. SKEW: its clock is `seconds`
    ahead. CHARSET: it writes in another charset than it should. NOISE: bytes before a frame.
    """

    BAD_CHECKSUM = "bad-checksum"
    WRONG_NUMBER = "wrong-number"
    SKIPPED_NUMBER = "skipped-number"
    REPEATED = "repeated"
    SPLIT = "split"
    GLUED = "glued"
    ENQ = "enq"
    SILENCE = "silence"
    HALF_OPEN = "half-open"
    UNPLUG = "unplug"
    DUPLICATE = "duplicate"
    SKEW = "skew"
    CHARSET = "charset"
    NOISE = "noise"


@dataclass(frozen=True)
class Fault:
    """A fault and its details. It ends after `times` messages; without, when it is cleared."""

    kind: Kind
    seconds: float = 40.0
    times: int | None = None
    charset: str = "gb18030"
