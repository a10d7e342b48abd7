"""What is committed together."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import DeviceEvent, Instant, Quarantined, Retention, WireRecord


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person's word that a quarantine entry needs nobody any more."""

    quarantine: int
    at: Instant
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """Events of one device that came together: one message, or one poll.

    `occurrence` is their `occurrence_id`, from which their ids are made (`gateway.keys`). Of a
    message that is known in part, the other events are added under the ids that they have.
    """

    occurrence: bytes
    events: tuple[DeviceEvent, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts that stand or fall together: one transaction in one segment.

    `wire` holds records that are not journalled yet; `messages` and `events` may name older ones.
    `events` came alone, each under an id of its own. They are stored before the messages.
    """

    retention: Retention
    wire: tuple[WireRecord, ...] = ()
    events: tuple[DeviceEvent, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    messages: tuple[Message, ...] = ()
    resolutions: tuple[Resolution, ...] = ()

    def count(self) -> int:
        """How many events it holds."""
        return len(self.events) + sum([len(each.events) for each in self.messages])
