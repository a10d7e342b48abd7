"""Modbus on the wire: read requests out, replies in. Pure: bytes to messages and back.

Sources: Modbus Application Protocol V1.1b3 (6.1-6.4, 7); Modbus over Serial Line V1.02 (2.5.1,
6.2); Modbus Messaging on TCP/IP V1.0b (3.1.3). There is no request that writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Protocol

_REQUEST = Struct(">BHH")
_MBAP = Struct(">HHHB")
_RTU_OVERHEAD = 5
_REFUSED = 0x80
_MAX_MBAP_LENGTH = 254
_NOISE_LIMIT = 512


class Function(IntEnum):
    """The function codes that only read."""

    COILS = 1
    DISCRETE_INPUTS = 2
    HOLDING_REGISTERS = 3
    INPUT_REGISTERS = 4


class Refusal(IntEnum):
    """Exception codes that a caller acts on differently."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    ACKNOWLEDGE = 5
    BUSY = 6
    GATEWAY_PATH = 10
    GATEWAY_TARGET = 11


@dataclass(frozen=True, slots=True)
class Frame:
    """A PDU and whom it comes from. `transaction` is 0 where the framing has none."""

    unit: int
    pdu: bytes
    transaction: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """An exception reply."""

    code: int


class Framing(Protocol):
    """How PDUs are wrapped on one connection, and found again in whatever pieces arrive.

    `traced` says that a reply names its request, so that a late one is recognized. Once `lost`,
    nothing more is understood until `reset`.
    """

    @property
    def traced(self) -> bool: ...

    @property
    def transaction(self) -> int:
        """What the reply to the last request carries."""
        ...

    @property
    def lost(self) -> bool: ...

    @property
    def unread(self) -> int: ...

    def wrap(self, unit: int, pdu: bytes) -> bytes: ...

    def feed(self, data: bytes) -> list[Frame]: ...

    def reset(self) -> None: ...


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes | bytearray) -> int:
    """CRC of a frame; sent low byte first. Over a frame with its CRC it is 0."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def read_request(function: Function, at: int, count: int) -> bytes:
    """The PDU that asks for `count` registers or bits from address `at`."""
    return _REQUEST.pack(function, at, count)


def read_reply(pdu: bytes, function: int, size: int) -> bytes | Refused | None:
    """The data bytes of the reply to `function`, or its refusal.

    None: this answers something else, since its function or its number of data bytes differs.
    """
    if len(pdu) == size + 2 and pdu[0] == function and pdu[1] == size:
        return pdu[2:]
    if len(pdu) == 2 and pdu[0] == function | _REFUSED:  # noqa: PLR2004 - function and code
        return Refused(pdu[1])
    return None


class Rtu:
    """RTU frames: unit, PDU, CRC. Bytes that belong to no valid frame are skipped and counted.

    Only replies of the reading functions are looked for: their own length byte says where a
    frame ends, so silence on the line (which TCP does not carry) is not needed to part them.
    """

    traced = False
    transaction = 0

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipped = 0

    @property
    def lost(self) -> bool:
        return self._skipped > _NOISE_LIMIT

    @property
    def unread(self) -> int:
        return self._skipped + len(self._buffer)

    def wrap(self, unit: int, pdu: bytes) -> bytes:
        body = bytes((unit,)) + pdu
        return body + crc16(body).to_bytes(2, "little")

    def feed(self, data: bytes) -> list[Frame]:
        """Frames that end within `data`; the rest is kept for the next call."""
        self._buffer += data
        frames: list[Frame] = []
        start = 0
        while (length := _rtu_length(self._buffer, start)) is not None and not self.lost:
            frame = self._buffer[start : start + length]
            if length and crc16(frame) == 0:
                frames.append(Frame(frame[0], bytes(frame[1:-2])))
                start += length
            else:
                self._skipped += 1
                start += 1
        del self._buffer[: len(self._buffer) if self.lost else start]
        return frames

    def reset(self) -> None:
        self._buffer.clear()
        self._skipped = 0


def _rtu_length(buffer: bytearray, start: int) -> int | None:
    """Length of the reply frame at `start`; 0 if none can start there, None if more must come."""
    have = len(buffer) - start
    if have < 2:  # noqa: PLR2004 - unit and function
        return None
    function = buffer[start + 1]
    if not 1 <= function & ~_REFUSED <= Function.INPUT_REGISTERS:
        return 0
    if function & _REFUSED:
        return _RTU_OVERHEAD if have >= _RTU_OVERHEAD else None
    if have < _RTU_OVERHEAD:
        return None
    length = _RTU_OVERHEAD + buffer[start + 2]
    return length if have >= length else None


class Mbap:
    """Modbus TCP: a header with a transaction id, then the PDU.

    A header that makes no sense leaves no place to look for the next one: the stream is lost.
    """

    traced = True

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.transaction = 0
        self.lost = False

    @property
    def unread(self) -> int:
        return len(self._buffer)

    def wrap(self, unit: int, pdu: bytes) -> bytes:
        self.transaction = (self.transaction + 1) & 0xFFFF
        return _MBAP.pack(self.transaction, 0, len(pdu) + 1, unit) + pdu

    def feed(self, data: bytes) -> list[Frame]:
        """Frames that end within `data`; the rest is kept for the next call."""
        self._buffer += data
        frames: list[Frame] = []
        start = 0
        while not self.lost and len(self._buffer) - start >= _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(self._buffer, start)
            end = start + _MBAP.size - 1 + length
            if protocol or not 1 < length <= _MAX_MBAP_LENGTH:
                self.lost = True
            elif end > len(self._buffer):
                break
            else:
                pdu = bytes(self._buffer[start + _MBAP.size : end])
                frames.append(Frame(unit, pdu, transaction))
                start = end
        del self._buffer[: len(self._buffer) if self.lost else start]
        return frames

    def reset(self) -> None:
        self._buffer.clear()
        self.lost = False
