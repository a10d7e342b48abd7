"""What a message says to all who listen to its topic, now or when it is read again later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from drivers.mqtt.codec import Publish, from_frame
from drivers.mqtt.interpret import Listener, Said, listeners
from gateway import (
    ClockQuality,
    Instant,
    LinkEntry,
    ProtocolViolation,
    Publication,
    QuarantineReason,
    RawId,
    WireRecord,
    content_digest,
    judge_clock,
    sentence,
)

Listeners: TypeAlias = Mapping[str, Sequence[Listener]]
"""Who understands a topic; devices may share one."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message says nothing that can be used."""

    reason: QuarantineReason
    detail: str


def listeners_by_topic(link: LinkEntry) -> Listeners:
    """Everybody on a link; ValueError if a device's topic can't be named."""
    by_topic: defaultdict[str, list[Listener]] = defaultdict(list)
    for entry in link.devices:
        for topic, listener in listeners(entry):
            by_topic[topic].append(listener)
    return dict(by_topic)


def hear(everybody: Listeners, message: Publish) -> tuple[Said, ...] | Refusal:
    """What a message says of each device; an empty payload only clears a retained one."""
    if not message.payload:
        return ()
    theirs = everybody.get(message.topic, ())
    if not theirs:
        return Refusal(
            QuarantineReason.UNKNOWN_DEVICE, sentence("no device publishes on this topic")
        )
    try:
        return tuple(listener.hear(message) for listener in theirs)
    except ProtocolViolation as error:
        return Refusal(QuarantineReason.UNREADABLE, str(error))


def has_believed_time(heard: tuple[Said, ...] | Refusal, now: Instant) -> bool:
    """Whether a message carries the time of a clock that can be believed."""
    return not isinstance(heard, Refusal) and any(
        judge_clock(said.observed_at, now)[1] is ClockQuality.DEVICE for said in heard
    )


def publication(said: Said, message: Publish, raw_id: RawId) -> Publication:
    """The publication of what was said; `raw_id` is of the first record that held the message.

    So a redelivery has the same occurrence. Where the payload itself says which message it is,
    its bytes do, however often and from wherever it is published.
    """
    if said.identified:
        occurrence = content_digest(message.topic.encode(), message.payload)
    else:
        occurrence = content_digest(b"mqtt message", raw_id.to_bytes(8, "big"))
    return Publication(said.device, said.readings, (raw_id,), occurrence)


def interpret(
    link: LinkEntry, records: Sequence[WireRecord], raw_id: RawId
) -> Sequence[Publication]:
    """Read a journalled message again; ProtocolViolation if it still says nothing usable."""
    for record in records:
        if record.raw_id != raw_id:
            continue
        message = from_frame(record.data)
        if isinstance(message, Publish):
            heard = hear(listeners_by_topic(link), message)
            if isinstance(heard, Refusal):
                raise ProtocolViolation(
                    sentence("{place}: {why}", place=message.topic, why=heard.detail), record.data
                )
            return [publication(said, message, raw_id) for said in heard if said.readings]
    return ()
