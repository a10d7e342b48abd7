"""MQTT packets as the journal keeps them, so that anyone can read them without this program.

A journal frame is one byte for the protocol level (04 is MQTT 3.1.1, 05 is MQTT 5.0) and the
control packet of that level, byte for byte as the standard writes it: PUBLISH (MQTT 3.1.1
section 3.3, MQTT 5.0 section 3.3) for each message received, CONNACK (section 3.2) for each
session that the broker began anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway import ProtocolViolation, sentence

LEVEL_3_1_1 = 4
LEVEL_5 = 5

_CONNACK = 0x20
_PUBLISH = 0x30
_PUBACK = 0x40
_LONGEST = 268_435_455


@dataclass(frozen=True, slots=True)
class Publish:
    """One message. `properties` are the encoded MQTT 5 properties; None means MQTT 3.1.1.

    `packet_id` is 0 exactly where `qos` is 0.
    """

    topic: str
    payload: bytes
    qos: int = 1
    packet_id: int = 0
    dup: bool = False
    retain: bool = False
    properties: bytes | None = None


@dataclass(frozen=True, slots=True)
class Connack:
    """The broker's answer to a connection; `session_present` says whether it knew the session."""

    session_present: bool
    reason: int = 0
    properties: bytes | None = None


Packet: TypeAlias = Publish | Connack


def encode(packet: Packet) -> bytes:
    """The packet as it stands on the wire, without the journal's level byte."""
    properties = packet.properties
    tail = b"" if properties is None else encode_length(len(properties)) + properties
    if isinstance(packet, Connack):
        body = bytes([packet.session_present, packet.reason]) + tail
        return bytes([_CONNACK]) + encode_length(len(body)) + body
    topic = packet.topic.encode()
    head = _PUBLISH | packet.dup << 3 | packet.qos << 1 | packet.retain
    packet_id = packet.packet_id.to_bytes(2, "big") if packet.qos else b""
    body = len(topic).to_bytes(2, "big") + topic + packet_id + tail + packet.payload
    return bytes([head]) + encode_length(len(body)) + body


def to_frame(packet: Packet) -> bytes:
    """The packet as the journal keeps it."""
    level = LEVEL_3_1_1 if packet.properties is None else LEVEL_5
    return bytes([level]) + encode(packet)


def from_frame(frame: bytes) -> Packet:
    """The packet of a journal frame; ProtocolViolation if it is none."""
    reader = _Reader(frame)
    level = reader.number(1)
    if level not in (LEVEL_3_1_1, LEVEL_5):
        raise reader.violation(f"protocol level {level}")
    head = reader.number(1)
    if reader.length() != reader.left:
        raise reader.violation("remaining length")
    if head == _CONNACK:
        return _connack(reader, level)
    if head & 0xF0 == _PUBLISH:
        return _publish(reader, level, head)
    raise reader.violation(f"packet type {head:#04x}")


def puback(packet_id: int) -> bytes:
    """A PUBACK with reason "success"; the same bytes in MQTT 3.1.1 and 5.0 (section 3.4)."""
    return bytes([_PUBACK, 2]) + packet_id.to_bytes(2, "big")


def encode_length(length: int) -> bytes:
    """A variable byte integer (MQTT 5.0 section 1.5.5)."""
    if not 0 <= length <= _LONGEST:
        raise ValueError(f"a length of {length} has no variable byte integer")
    encoded = bytearray()
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(encoded)


def strip_length(encoded: bytes) -> bytes:
    """What follows a variable byte integer at the start of `encoded`."""
    reader = _Reader(encoded)
    reader.length()
    return reader.rest()


def _connack(reader: _Reader, level: int) -> Connack:
    flags = reader.number(1)
    if flags > 1:
        raise reader.violation("connect acknowledge flags")
    packet = Connack(bool(flags), reader.number(1), _properties(reader, level))
    if reader.left:
        raise reader.violation("bytes after the packet")
    return packet


def _publish(reader: _Reader, level: int, head: int) -> Publish:
    qos = head >> 1 & 3
    if qos not in (0, 1, 2):
        raise reader.violation("quality of service 3")
    topic = reader.text(reader.number(2))
    packet_id = reader.number(2) if qos else 0
    if qos and not packet_id:
        raise reader.violation("packet identifier 0")
    properties = _properties(reader, level)
    return Publish(topic, reader.rest(), qos, packet_id, bool(head & 8), bool(head & 1), properties)


def _properties(reader: _Reader, level: int) -> bytes | None:
    return reader.take(reader.length()) if level == LEVEL_5 else None


class _Reader:
    """Takes a frame apart from the front; every shortage is a ProtocolViolation."""

    def __init__(self, frame: bytes) -> None:
        self._frame = frame
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._frame) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise self.violation("it ends too soon")
        self._at += size
        return self._frame[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def rest(self) -> bytes:
        return self.take(self.left)

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode()
        except UnicodeDecodeError as error:
            raise self.violation("topic is not UTF-8") from error

    def length(self) -> int:
        value = 0
        for shift in (0, 7, 14, 21):
            digit = self.number(1)
            value |= (digit & 0x7F) << shift
            if digit < 0x80:  # noqa: PLR2004 - the continuation bit
                if shift and not digit:
                    break
                return value
        raise self.violation("variable byte integer")

    def violation(self, what: str) -> ProtocolViolation:
        return ProtocolViolation(
            sentence("not an MQTT journal frame: {what}", what=what), self._frame
        )
