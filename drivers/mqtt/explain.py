"""A journal frame taken apart: header, topic, packet identifier, payload and its JSON. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.mqtt.codec import LEVEL_5, Connack, Publish, from_frame
from drivers.mqtt.json_parts import json_parts
from gateway import UNKNOWN, Localized, Part, Profile, ProtocolViolation, Stretch, WireRecord

_LEVEL: Localized = {"en": "Protocol level", "zh-CN": "协议级别"}
_PROPERTIES: Localized = {"en": "Properties", "zh-CN": "属性"}


def explain(record: WireRecord, _profile: Profile | None) -> Sequence[Part]:
    """The parts of a PUBLISH or CONNACK as the journal keeps it."""
    data = record.data
    try:
        packet = from_frame(data)
    except ProtocolViolation:
        return (Part(UNKNOWN, 0, len(data)),) if data else ()
    cut = _Cut(data)
    cut.take(_LEVEL, 1, "MQTT 5.0" if data[0] == LEVEL_5 else "MQTT 3.1.1")
    cut.take({"en": "Packet", "zh-CN": "报文"}, 1, _head(packet))
    cut.take_length({"en": "Remaining length", "zh-CN": "剩余长度"})
    if isinstance(packet, Publish):
        _publish(cut, packet)
    else:
        _connack(cut, packet)
    return cut.parts


def _head(packet: Publish | Connack) -> str:
    if isinstance(packet, Connack):
        return "CONNACK"
    flags = [f"QoS {packet.qos}"]
    flags += ["DUP"] if packet.dup else []
    flags += ["RETAIN"] if packet.retain else []
    return f"PUBLISH {' '.join(flags)}"


def _publish(cut: _Cut, packet: Publish) -> None:
    cut.take({"en": "Topic", "zh-CN": "主题"}, 2 + len(packet.topic.encode()), packet.topic)
    if packet.qos:
        cut.take({"en": "Packet identifier", "zh-CN": "报文标识符"}, 2, str(packet.packet_id))
    _properties(cut, packet.properties)
    payload = Stretch.read(packet.payload, cut.at, "utf-8")
    label = {"en": "Payload", "zh-CN": "有效载荷"}
    cut.add(payload.part(label, json_parts(payload)))


def _connack(cut: _Cut, packet: Connack) -> None:
    present = str(int(packet.session_present))
    cut.take({"en": "Session present", "zh-CN": "会话存在"}, 1, present)
    cut.take({"en": "Reason", "zh-CN": "原因码"}, 1, str(packet.reason))
    _properties(cut, packet.properties)


def _properties(cut: _Cut, properties: bytes | None) -> None:
    if properties is not None:
        size = cut.length_size() + len(properties)
        cut.take(_PROPERTIES, size, properties.hex(" "))


class _Cut:
    """Cuts a valid frame into parts from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        self.parts: list[Part] = []

    def add(self, part: Part) -> None:
        self.parts.append(part)
        self.at = part.end

    def take(self, label: Localized, size: int, text: str) -> None:
        self.add(Part(label, self.at, self.at + size, text))

    def length_size(self) -> int:
        """Bytes of the variable byte integer that stands here."""
        size = 1
        while self._data[self.at + size - 1] & 0x80:
            size += 1
        return size

    def take_length(self, label: Localized) -> None:
        size = self.length_size()
        left = len(self._data) - self.at - size
        self.take(label, size, str(left))
