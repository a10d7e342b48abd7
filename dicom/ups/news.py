"""What subscribers hear: event reports with what table CC.2.4-1 puts into them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dicom.content import Content, element, first, has_value, values
from dicom.ups.terms import (
    PERFORMER_CODES,
    PERFORMER_ORGANIZATION,
    PERFORMERS,
    PROGRESS,
    READINESS,
    REASON,
    REASON_CODES,
    STATE,
    STATIONS,
    Event,
)


@dataclass(frozen=True, slots=True)
class News:
    """An event of a work item: its type, and what is said."""

    event_type: int
    content: Content


def state_report(content: Mapping[str, Any]) -> News:
    """The state and the readiness of input; of a canceled item also why."""
    said: Content = {key: content[key] for key in (STATE, READINESS) if key in content}
    why = first(content, PROGRESS) or {}
    said |= {key: why[key] for key in (REASON, REASON_CODES) if has_value(why, key)}
    return News(Event.STATE_REPORT, said)


def cancel_requested(told: Content, requester: str) -> News:
    """Who wants it canceled, and what they said."""
    return News(Event.CANCEL_REQUESTED, dict([element("RequestingAE", requester)]) | told)


def progress(content: Mapping[str, Any]) -> News:
    return News(Event.PROGRESS, {PROGRESS: content.get(PROGRESS, {"vr": "SQ"})})


def assigned(content: Mapping[str, Any]) -> News:
    """The stations and people that an item is for."""
    said: Content = {STATIONS: content[STATIONS]} if has_value(content, STATIONS) else {}
    people = values(content, PERFORMERS)
    codes = [code for person in people for code in values(person, PERFORMER_CODES)]
    if codes:
        said[PERFORMER_CODES] = {"vr": "SQ", "Value": codes}
    for person in people:
        if has_value(person, PERFORMER_ORGANIZATION):
            said.setdefault(PERFORMER_ORGANIZATION, person[PERFORMER_ORGANIZATION])
    return News(Event.ASSIGNED, said)


def restarted() -> News:
    """We are back, and have lost neither work items nor subscriptions."""
    said = (
        element("SCPStatus", "RESTARTED"),
        element("SubscriptionListStatus", "WARM START"),
        element("UnifiedProcedureStepListStatus", "WARM START"),
    )
    return News(Event.SCP_STATUS, dict(said))
