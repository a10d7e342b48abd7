"""The server's half of the wire: requests in, replies out."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_RTU_REQUEST = 8
_MBAP_HEADER = 7


@dataclass(frozen=True)
class Request:
    """A request as it came. `transaction` is None on RTU."""

    unit: int
    function: int
    address: int
    count: int
    transaction: int | None = None


def crc(data: bytes) -> bytes:
    """Bit by bit, as the serial line specification draws it."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            carry = value & 1
            value >>= 1
            if carry:
                value ^= 0xA001
    return struct.pack("<H", value)


def take_rtu(buffer: bytearray) -> Request | None:
    """The first whole read request of `buffer`, removed from it; what is none is thrown away."""
    while len(buffer) >= _RTU_REQUEST:
        head, check = bytes(buffer[:6]), bytes(buffer[6:8])
        if crc(head) == check:
            del buffer[:_RTU_REQUEST]
            return Request(*struct.unpack(">BBHH", head))
        del buffer[0]
    return None


def take_tcp(buffer: bytearray) -> Request | None:
    """The first whole request of `buffer`, removed from it."""
    if len(buffer) < _MBAP_HEADER:
        return None
    transaction, _, length, unit = struct.unpack(">HHHB", buffer[:7])
    if len(buffer) < 6 + length:
        return None
    pdu = bytes(buffer[7 : 6 + length])
    del buffer[: 6 + length]
    function, address, count = struct.unpack(">BHH", (pdu + bytes(5))[:5])
    return Request(unit, function, address, count, transaction)


def reply(request: Request, pdu: bytes, *, spoil: bool = False) -> bytes:
    """`pdu` wrapped as the request was; `spoil` breaks its check."""
    if request.transaction is not None:
        protocol = 0x5A5A if spoil else 0
        return struct.pack(">HHHB", request.transaction, protocol, len(pdu) + 1, request.unit) + pdu
    body = bytes([request.unit]) + pdu
    check = crc(body)
    return body + (bytes([check[0] ^ 0x55, check[1]]) if spoil else check)


def refusal(request: Request, code: int) -> bytes:
    """The exception PDU."""
    return bytes([request.function | 0x80, code])


def data(request: Request, values: list[int]) -> bytes:
    """The PDU that brings `values`: bits for functions 1 and 2, registers for 3 and 4."""
    if request.function in {1, 2}:
        packed = bytearray((len(values) + 7) // 8)
        for number, value in enumerate(values):
            packed[number // 8] |= bool(value) << number % 8
        return bytes([request.function, len(packed)]) + packed
    return bytes([request.function, 2 * len(values)]) + struct.pack(f">{len(values)}H", *values)
