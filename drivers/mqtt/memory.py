"""Which messages were seen before: what a repetition repeats.

Packet identifiers are the broker's and come round again, so a redelivery (DUP=1) is known by its
packet identifier, topic and payload together, among the last messages of this very session. A
retained message, and one that carries its time, is known by the last one of its topic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from drivers.mqtt.codec import Connack, Packet, Publish, from_frame
from gateway import ProtocolViolation, WireRecord, content_digest

_Key = TypeVar("_Key")

_SHORT = 512


@dataclass(frozen=True, slots=True)
class _Sighting:
    content: tuple[str, bytes]
    first: WireRecord


class Memory:
    """The last `window` messages with a packet identifier, and the last one of each topic."""

    def __init__(self, window: int, topics: int) -> None:
        self._window = window
        self._topics = topics
        self._by_packet: dict[int, _Sighting] = {}
        self._by_topic: dict[str, _Sighting] = {}

    def recall(self, records: Iterable[WireRecord]) -> None:
        """Remember what the journal holds; `records` in any order, all of one client."""
        for record in sorted(records, key=lambda record: record.raw_id):
            match _packet(record):
                case Connack(session_present=False):
                    self.forget_session()
                case Publish() as message:
                    self.remember(message, record)
                case _:
                    pass

    def remember(self, message: Publish, record: WireRecord) -> None:
        """Note a message that is no repetition."""
        sighting = _Sighting(_content(message), record)
        if message.qos:
            _renew(self._by_packet, message.packet_id, sighting, self._window)
        _renew(self._by_topic, message.topic, sighting, self._topics)

    def repeated(self, message: Publish, *, timed: bool = False) -> WireRecord | None:
        """The record of the message that this one repeats, if it does.

        `timed`: it carries a time that can be believed.
        """
        if not (message.dup or message.retain or timed):
            return None
        content = _content(message)
        candidates = (
            self._by_packet.get(message.packet_id) if message.dup else None,
            self._by_topic.get(message.topic) if message.retain or timed else None,
        )
        return next(
            (known.first for known in candidates if known and known.content == content), None
        )

    def forget_session(self) -> None:
        """The broker began a new session: its packet identifiers begin anew."""
        self._by_packet.clear()


def _packet(record: WireRecord) -> Packet | None:
    """The packet of a record; None for one in another framing, which no message can repeat."""
    try:
        return from_frame(record.data)
    except ProtocolViolation:
        return None


def _content(message: Publish) -> tuple[str, bytes]:
    """What equal messages have in common; a long payload by its digest."""
    payload = message.payload
    return message.topic, payload if len(payload) <= _SHORT else content_digest(payload)


def _renew(table: dict[_Key, _Sighting], key: _Key, sighting: _Sighting, limit: int) -> None:
    table.pop(key, None)
    table[key] = sighting
    if len(table) > limit:
        del table[next(iter(table))]
