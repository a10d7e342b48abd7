"""Minimal Lower Layer Protocol: `VT message FS CR`, out of any segmentation. Pure, bounded.

HL7 v2.5.1 Implementation Support Guide, appendix C.4. A frame counts only when FS and CR have
come; everything else is told as `Debris`, and the next VT begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway import sentence

VT, FS, CR = b"\x0b", b"\x1c", b"\r"
MAX_MESSAGE = 16 * 1024 * 1024
KEPT = 64 * 1024
"""Bytes that are kept of what can't be used."""

_BLANK = b"\r\n \t\0"


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole message, without its framing."""

    message: bytes

    @property
    def wire(self) -> bytes:
        """The bytes as they crossed."""
        return frame(self.message)


@dataclass(frozen=True, slots=True)
class Debris:
    """Bytes that are no message, at most `KEPT` of them, and what is wrong with them.

    `incomplete`: a message had begun; otherwise they stood between messages.
    """

    data: bytes
    fault: str
    incomplete: bool


Unit: TypeAlias = Frame | Debris


def frame(message: bytes) -> bytes:
    """A message as it crosses the wire."""
    return VT + message + FS + CR


def unframe(wire: bytes) -> bytes:
    """The message in journalled bytes."""
    return wire.removeprefix(VT).removesuffix(FS + CR)


class Framer:
    """Takes bytes as they come. It holds at most one message of `limit` bytes."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        self._inside = False
        self._overflowed = False

    @property
    def inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._inside

    def feed(self, data: bytes) -> list[Unit]:
        """What `data` completes, in order."""
        self._buffer += data
        units: list[Unit] = []
        while self._step(units):
            pass
        return units

    def finish(self, fault: str) -> list[Unit]:
        """What is left when the line ends or fell silent."""
        units: list[Unit] = []
        if self._inside:
            units.append(Debris(bytes(self._buffer[:KEPT]), fault, incomplete=True))
        else:
            self._leave_gap(len(self._buffer), units)
        self._restart(len(self._buffer), inside=False)
        return units

    def _step(self, units: list[Unit]) -> bool:
        return self._read_message(units) if self._inside else self._find_start(units)

    def _find_start(self, units: list[Unit]) -> bool:
        start = self._buffer.find(VT)
        if start < 0:
            if len(self._buffer) > KEPT:
                self._leave_gap(len(self._buffer), units)
                self._restart(len(self._buffer), inside=False)
                self._overflowed = True
            return False
        self._leave_gap(start, units)
        self._restart(start, inside=True)
        return True

    def _leave_gap(self, end: int, units: list[Unit]) -> None:
        """Tell of what stood between messages, once for each gap; blanks are nobody's fault."""
        gap = bytes(self._buffer[:end])
        if gap.strip(_BLANK) and not self._overflowed:
            units.append(Debris(gap[:KEPT], sentence("bytes outside a message"), incomplete=False))

    def _read_message(self, units: list[Unit]) -> bool:
        buffer = self._buffer
        end = buffer.find(FS, self._searched)
        again = buffer.find(VT, self._searched, len(buffer) if end < 0 else end)
        stop = again if again >= 0 else len(buffer) if end < 0 else end
        if stop > self._limit + 1:
            fault = sentence("the message is longer than {limit} bytes", limit=self._limit)
            self._give_up(stop, fault, units)
            self._overflowed = True
        elif again >= 0:
            self._give_up(again, "a new message began before this one had ended", units)
        elif end < 0 or len(buffer) == end + 1:
            self._searched = stop
            return False
        elif buffer[end + 1 : end + 2] != CR:
            self._give_up(end + 1, "FS came without CR", units)
        else:
            units.append(Frame(bytes(buffer[1:end])))
            self._restart(end + 2, inside=False)
        return True

    def _give_up(self, end: int, fault: str, units: list[Unit]) -> None:
        """Drop the message begun; the bytes from `end` on are looked at anew."""
        kept = bytes(self._buffer[: min(end, KEPT, self._limit + 1)])
        units.append(Debris(kept, fault, incomplete=True))
        self._restart(end, inside=False)

    def _restart(self, at: int, *, inside: bool) -> None:
        """Forget the bytes before `at`; a message begun keeps its VT."""
        del self._buffer[:at]
        self._searched = 1 if inside else 0
        self._inside = inside
        self._overflowed = False
