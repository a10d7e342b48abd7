"""Which ticket a device event means, and whether it may move it by itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.model import Instant
from queue_display.machine import possible
from queue_display.terms import State, Verb, Words, words
from queue_display.ticket import Ticket

SUSPECT = "suspect"
"""Member of a signal: whether the device's clock is far from ours, so that it may be late."""

_NAMED_OTHERWISE = words(
    "事件所指患者与已呼叫者不符。", "The event names another patient than those called."
)
_NO_TICKET = words("没有可进行此步骤的患者。", "No patient stands where this step is possible.")


def meant(
    there: Sequence[Ticket], verb: Verb, said: Mapping[str, Any]
) -> tuple[Ticket | None, Words]:
    """The one ticket of those called or inside; None and why where it is not one."""
    named = [each for each in there if is_named(each, said)]
    if there and not named:
        return None, _NAMED_OTHERWISE
    able = [each for each in named if verb in possible(each)]
    inside = [each for each in able if each.state is not State.CALLED]
    found = inside or able
    return (found[0], {}) if len(found) == 1 else (None, _NO_TICKET)


def is_named(ticket: Ticket, said: Mapping[str, Any]) -> bool:
    """Whether an event can mean a ticket's patient: it names him, as far as it knows, or nobody."""
    patient = said.get("patient")
    if not patient:
        return True
    number, issuer = patient
    own = ticket.patient
    return own is not None and own[0] == number and issuer in ("", own[1])


def doubt(ticket: Ticket, verb: Verb, at: Instant, said: Mapping[str, Any]) -> Words | None:
    """Why an event of the time `at` moves a ticket only if a person confirms; None if it may.

    One that is late may be about the patient before, and so may an end of what has not begun. An
    event that says nothing of its clock was decided before this was asked, and stays decided.
    """
    label = ticket.label
    if SUSPECT not in said:
        return None
    if said[SUSPECT]:
        return words(
            "设备时钟不可信，事件可能迟到。", "The device's clock is in doubt: it may be late."
        )
    if at < ticket.since:
        return words(
            f"事件早于{label}的当前状态，可能属于前一位患者。",
            f"It happened before {label} came to stand so, and may be of the patient before.",
        )
    if verb is Verb.FINISH and ticket.state is State.IN_ROOM:
        return words(
            f"{label}的治疗尚未标记为开始。", f"The treatment of {label} was not seen to begin."
        )
    return None
