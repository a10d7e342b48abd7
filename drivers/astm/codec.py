"""The receiver's side of LIS1-A (ASTM E1381), as a state machine without I/O and without a clock.

It turns bytes into actions, one at a time. Whoever drives it answers each action before asking
for the next, and says `withhold()` instead of acknowledging when the action could not be made
durable: the receiver then stands where it stood before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias
from zlib import adler32

STX, ETX, EOT, ENQ, ACK, LF, CR, NAK, ETB = b"\x02\x03\x04\x05\x06\x0a\x0d\x15\x17"

FRAME_LIMIT = 64_000
"""Longest text of a frame in bytes (LIS1-A 6.3.1.2: 63,993 characters and the overhead)."""

GAP = 5.0
"""Seconds of silence inside a frame after which it is taken for broken off."""

SILENCE = 30.0
"""Seconds after which a receiver gives a transfer up (LIS1-A 6.5.2.4)."""

_HEAD = 2
_TAIL = 5
_NUMBERS = 8
_ADLER_EXACT = 256
_FIRST = 1
_END_OF_TEXT = re.compile(rb"[\x02\x03\x17]")
_COMMAND = re.compile(rb"[\x02\x04\x05]")
_NEVER_TEXT = bytes((0, 1, EOT, ENQ, ACK, *range(0x10, 0x17)))
"""NUL, which no checksum counts, and what LIS1-A 6.6 forbids; LF is let pass after CR."""

_WHOLE = re.compile(
    rb"\x02[0-7][^\x00-\x06\x10-\x17]*[\x03\x17][0-9A-Fa-f]{2}\r\n",
)
"""A frame whose text holds none of the characters above, and nothing but it."""

_HEX = re.compile(rb"[0-9A-Fa-f]{2}\r\n")


@dataclass(frozen=True, slots=True)
class Begin:
    """ENQ: a transfer may begin. Answer ACK, or NAK and `withhold()`."""


@dataclass(frozen=True, slots=True)
class Accept:
    """A good frame that was not seen before. Store it, then ACK; or NAK and `withhold()`."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """The last frame once more: ACK, and store nothing."""


@dataclass(frozen=True, slots=True)
class Nak:
    """A frame that is not what it should be: NAK."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """Bytes that mean nothing where they stand; nothing is answered."""

    count: int


@dataclass(frozen=True, slots=True)
class TransferComplete:
    """EOT: the sender has sent what it wanted. It waits for no answer."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The transfer ended without EOT; nothing is answered."""

    reason: str


Action: TypeAlias = Begin | Accept | Ack | Nak | Ignore | TransferComplete | Incomplete


class Receiver:
    """One line's state. Times are seconds of any clock that never steps back.

    Control characters can't stand in a frame's text (LIS1-A 6.6), so STX inside a frame is the
    start of another one. ENQ or EOT inside a frame are garbled text until the frame is over: one
    flipped bit must not be able to turn an unfinished frame into an acknowledgement.
    """

    def __init__(
        self, limit: int = FRAME_LIMIT, *, gap: float = GAP, silence: float = SILENCE
    ) -> None:
        self._limit = limit
        self._gap = gap
        self._silence = silence
        self._buffer = bytearray()
        self._open = False
        self._last = b""
        self._number = _FIRST
        self._before: tuple[bytes, int] | None = None
        self._heard = 0.0

    @property
    def in_transfer(self) -> bool:
        """Whether a transfer was begun and is not over."""
        return self._open

    @property
    def deadline(self) -> float | None:
        """When `tick` will have something to say if nothing is heard before."""
        if not self._open:
            return None
        return self._heard + (self._gap if self._buffer else self._silence)

    def feed(self, data: bytes, now: float) -> Iterator[Action]:
        """What bytes that arrived at `now` give, to be answered one by one."""
        if self._open and self._buffer and now - self._heard >= self._gap:
            yield self._drop_partial()
        self._heard = now
        if not self._buffer and self._is_due(data):
            yield self._accept(data)
            return
        self._buffer += data
        while self._buffer:
            action = self._next()
            if action is None:
                return
            yield action

    def _is_due(self, data: bytes) -> bool:
        """Whether this is the frame that is due, whole and alone: so most frames come."""
        return (
            self._open
            and len(data) <= self._limit + _HEAD + _TAIL
            and _WHOLE.fullmatch(data) is not None
            and data[1] == ord("0") + self._number
            and data != self._last
            and int(data[-4:-2], 16) == byte_sum(data[1:-4])
        )

    def tick(self, now: float) -> Action | None:
        """What silence until `now` means; ask again until it means nothing."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return None
        if self._buffer:
            return self._drop_partial()
        return self._give_up(f"silent for {self._silence:g} s")

    def hang_up(self) -> Incomplete | None:
        """The connection is gone."""
        return self._give_up("the connection ended before EOT") if self._open else None

    def withhold(self) -> None:
        """Take back what was accepted last: it could not be stored and was not acknowledged."""
        if self._before is None:
            self._open = False
        else:
            self._last, self._number = self._before

    def _next(self) -> Action | None:
        """One action off the buffer; None if more bytes are needed."""
        if not self._open:
            return self._idle()
        match self._buffer[0]:
            case 0x02:
                return self._frame()
            case 0x05:
                return self._give_up("ENQ began another transfer")
            case 0x04:
                return self._complete()
            case _:
                return self._noise()

    def _idle(self) -> Action:
        start = self._buffer.find(ENQ)
        if start:
            return self._ignore(len(self._buffer) if start < 0 else start)
        del self._buffer[0]
        self._open = True
        self._last, self._number, self._before = b"", _FIRST, None
        return Begin()

    def _complete(self) -> TransferComplete:
        del self._buffer[0]
        self._open = False
        return TransferComplete()

    def _noise(self) -> Ignore:
        found = _COMMAND.search(self._buffer)
        return self._ignore(found.start() if found else len(self._buffer))

    def _frame(self) -> Action | None:
        end = _END_OF_TEXT.search(self._buffer, 1, self._limit + _HEAD + 1)
        if end is None:
            return self._endless() if len(self._buffer) > self._limit + _HEAD else None
        text_end, whole = end.start(), end.start() + _TAIL
        restart = self._buffer.find(STX, text_end, whole)
        if restart >= 0:
            return self._ignore(restart)
        if len(self._buffer) < whole:
            return None
        frame = bytes(self._buffer[:whole])
        del self._buffer[:whole]
        return self._judge(frame, text_end + 1)

    def _judge(self, frame: bytes, tail: int) -> Action:
        """A frame of the right shape: is it the one that is due?"""
        fault = _fault(frame, tail)
        if fault:
            return Nak(fault)
        if frame == self._last:
            return Ack()
        if frame[1] != ord("0") + self._number:
            return Nak(f"frame {chr(frame[1])!r} came where {self._number} was due")
        return self._accept(frame)

    def _accept(self, frame: bytes) -> Accept:
        self._before = (self._last, self._number)
        self._last, self._number = frame, (self._number + 1) % _NUMBERS
        return Accept(frame)

    def _endless(self) -> Nak:
        """Without its STX, what came of the frame and what is still to come is noise."""
        del self._buffer[0]
        return Nak(f"the frame's text is longer than {self._limit} bytes")

    def _drop_partial(self) -> Nak:
        self._buffer.clear()
        return Nak(f"nothing came for {self._gap:g} s inside a frame")

    def _give_up(self, reason: str) -> Incomplete:
        self._open = False
        return Incomplete(reason)

    def _ignore(self, count: int) -> Ignore:
        del self._buffer[:count]
        return Ignore(count)


def checksum(counted: bytes) -> bytes:
    """Of a frame from its number through ETB or ETX: two upper-case hex digits (LIS1-A 6.3.3)."""
    return b"%02X" % byte_sum(counted)


def byte_sum(counted: bytes) -> int:
    """The sum of bytes modulo 256.

    The lower half of Adler-32 (RFC 1950) is 1 and the sum modulo 65,521: up to 256 bytes that is
    the sum itself, and takes a fifth of the time.
    """
    if len(counted) <= _ADLER_EXACT:
        return (adler32(counted) - 1) & 0xFF
    return sum(counted) & 0xFF


def text_of(frame: bytes) -> bytes:
    """What stands between the number and ETB or ETX of a good frame."""
    return frame[2:-_TAIL]


def ends_message(frame: bytes) -> bool:
    """Whether a good frame is the last of its record or message (ETX), or an intermediate one."""
    return frame[-_TAIL] == ETX


def _fault(frame: bytes, tail: int) -> str:
    """What is wrong with a frame in itself."""
    if not _HEX.fullmatch(frame, tail):
        return "the frame does not end in a checksum, CR and LF"
    if len(frame.translate(None, _NEVER_TEXT)) < len(frame):
        return "the text holds a control character"
    said, counted = int(frame[tail : tail + 2], 16), byte_sum(frame[1:tail])
    return "" if said == counted else f"checksum {said:02X}, counted {counted:02X}"
