"""What of a ticket no longer agrees with its appointment, which was changed since. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model import localize
from gateway.room import Appointment, Patient, PatientKey
from queue_display.options import QueueOptions
from queue_display.terms import LANGUAGES, Words, words
from queue_display.ticket import Ticket

CONTESTED = words(
    "后来的消息指的是另一位患者，请先在日程中确认",
    "a later message names another patient: settle it in the schedule first",
)
_ANOTHER = words(
    "预约已改为另一位患者，请重新签到",
    "the appointment is another patient's now: check in anew",
)
_NOWHERE = words(
    "预约已改，不再属于任何队列",
    "the appointment was changed and belongs to no queue here",
)


@dataclass(frozen=True, slots=True)
class Astray:
    """Why a ticket may not be called; `anew`: checking in anew mends it."""

    why: Words
    anew: bool = False


def astray(
    ticket: Ticket,
    appointment: Appointment,
    day: str,
    queues: Mapping[str, QueueOptions],
    people: Mapping[PatientKey, Patient],
) -> tuple[Astray, ...]:
    """Each difference; `day` is the appointment's (ISO 8601), empty where it has none."""
    found: list[Astray] = []
    if day and day != ticket.day:
        found.append(Astray(words(f"预约已改到 {day}", f"the appointment was moved to {day}")))
    elif not _is_there(ticket, appointment, queues):
        found.append(_elsewhere(appointment, queues))
    if is_anothers(ticket, appointment, people):
        found.append(Astray(_ANOTHER, anew=True))
    return tuple(found)


def is_anothers(
    ticket: Ticket, appointment: Appointment, people: Mapping[PatientKey, Patient]
) -> bool:
    """Whether ticket and appointment name two persons; numbers of nobody known are two."""
    own, theirs = ticket.patient, appointment.key
    if own is None or theirs is None or own == theirs:
        return False
    one, other = people.get(own), people.get(theirs)
    return one is None or other is None or one.id != other.id


def _is_there(ticket: Ticket, appointment: Appointment, queues: Mapping[str, QueueOptions]) -> bool:
    """Whether the appointment is at the ticket's machine, or at that from which it was sent."""
    there = [queues[name].resource for name in (ticket.queue, ticket.home) if name in queues]
    return ticket.queue not in queues or appointment.resource in there


def _elsewhere(appointment: Appointment, queues: Mapping[str, QueueOptions]) -> Astray:
    at = next((each for each in queues.values() if each.resource == appointment.resource), None)
    if at is None:
        return Astray(_NOWHERE)
    zh, en = (localize(at.name, tag) for tag in LANGUAGES)
    return Astray(
        words(f"预约已改到{zh}，请重新签到", f"the appointment was moved to {en}: check in anew"),
        anew=True,
    )
