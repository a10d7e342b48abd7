"""What the gateway saw of an alarm's condition, as an event; and the event of a transition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.alarms.definition import Definition, Limit, LinkDown, Stale, Word
from gateway.alarms.machine import Standing, Step
from gateway.keys import event_id, occurrence_id
from gateway.model import (
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Localized,
    RawId,
    Source,
    Value,
    localize,
)
from gateway.profile import Priority
from gateway.room import Notice

CONDITION_SYSTEM = "urn:isogate:alarm-condition"
"""Code system of what was seen of a condition; the code is the alarm's id, the value a `Step`."""

ALARM_SYSTEM = "urn:isogate:alarm"
"""Code system of transitions; the code is the alarm's id, the value its new `Standing`."""

_DRIVER = "alarms"


@dataclass(frozen=True, slots=True)
class Seen:
    """A change of a condition. `number` counts those of its alarm; `since` is when it began.

    `trigger` is the event that showed it, where there was one. `suppresses` are the alarms that
    are suppressed by design as long as this one is active. What was stored up to seq `upto` was
    looked at before.
    """

    definition: Definition
    number: int
    step: Step
    since: Instant
    trigger: DeviceEvent | None = None
    suppresses: tuple[str, ...] = ()
    upto: int = 0


def seen_event(site: str, seen: Seen, now: Instant) -> DeviceEvent:
    """The event of a change; its id is made of the alarm and the number alone."""
    definition, trigger = seen.definition, seen.trigger
    return _event(
        occurrence_id(site, definition.device, b"alarm"),
        (CONDITION_SYSTEM, definition.id, seen.number),
        site=site,
        device=definition.device,
        value=seen.step.value,
        now=now,
        observed=seen.since,
        raw_id=trigger.raw_id if trigger is not None else None,
        simulated=definition.simulated,
        caused_by=trigger.id if trigger is not None else b"",
        payload={
            "alarm": definition_facts(definition),
            "suppresses": list(seen.suppresses),
            "upto": seen.upto,
            "seen": {} if trigger is None else _words(trigger),
        },
    )


def expiry_event(
    site: str, alarm: str, device: str, *, shelved: int, until: Instant, now: Instant
) -> DeviceEvent:
    """The event that a shelf's time is over; `shelved` is the seq of the act that shelved."""
    return _event(
        occurrence_id(site, device, b"alarm-shelf"),
        (CONDITION_SYSTEM, alarm, shelved),
        site=site,
        device=device,
        value=Step.EXPIRE.value,
        now=now,
        observed=until,
        raw_id=None,
        simulated=False,
        caused_by=b"",
        payload=None,
    )


def vanished_event(site: str, alarm: str, device: str, *, number: int, now: Instant) -> DeviceEvent:
    """The event that an active alarm is not one of this site any more."""
    return _event(
        occurrence_id(site, device, b"alarm"),
        (CONDITION_SYSTEM, alarm, number),
        site=site,
        device=device,
        value=Step.CLEAR.value,
        now=now,
        observed=now,
        raw_id=None,
        simulated=False,
        caused_by=b"",
        payload={"gone": True},
    )


def transition_event(
    cause: DeviceEvent, alarm: str, device: str, standing: Standing, payload: Mapping[str, Any]
) -> DeviceEvent:
    """The event of a transition, which follows from `cause`."""
    return _event(
        occurrence_id(cause.site, device, cause.id),
        (ALARM_SYSTEM, alarm, 0),
        site=cause.site,
        device=device,
        value=standing.value,
        now=cause.received_at,
        observed=cause.observed_at,
        raw_id=cause.raw_id,
        simulated=cause.simulated,
        caused_by=cause.id,
        actor=cause.actor,
        payload=payload,
    )


def definition_facts(definition: Definition) -> dict[str, Any]:
    """What the tables keep of a definition, for JSON: they are folded without the profiles."""
    said: dict[str, Any] = {
        "priority": definition.priority.value,
        "name": definition.name,
        "subject": definition.subject,
        "place": definition.place,
        "consequence": definition.consequence,
        "advice": definition.advice,
        "latch": definition.latch,
        "device": definition.device,
        "simulated": definition.simulated,
    }
    match definition.condition:
        case Limit() as limit:
            said |= {"code": limit.code, "limit": limit.limit, "unit": limit.unit}
            said |= {"above": limit.above}
        case Word() as word:
            said |= {"code": word.code, "word": word.word}
        case Stale() as stale:
            said |= {"code": stale.code}
        case LinkDown() as down:
            said |= {"link": down.link, "devices": list(down.devices)}
        case _:
            pass
    return {key: each for key, each in said.items() if each is not False and each != ""}


def notice(
    alarm: str, occurrence: int, facts: Mapping[str, Any], words: Localized, *, standing: bool
) -> dict[str, Any]:
    """The notice of an alarm that wants a person, or wants nobody any more."""
    subject, name = facts.get("subject", alarm), facts.get("name", "")
    return Notice(
        key=f"alarm:{alarm}:{occurrence}",
        open=standing,
        priority=Priority(facts.get("priority", Priority.LOW)),
        title=_joined(subject, name),
        text=words,
        advice=facts.get("advice", ""),
        path=f"/alarms/{alarm}",
        source="alarms",
        device=facts.get("device", ""),
        devices=tuple(facts.get("devices", ())),
    ).as_payload()


def words(facts: Mapping[str, Any], seen: Mapping[str, Any]) -> Localized:
    """What was seen, against what, and where: `27.4 Cel > 25 · Basement 1`."""
    value = " ".join(part for part in (seen.get("value", ""), seen.get("unit", "")) if part)
    if "limit" in facts:
        value += f" {'>' if facts.get('above') else '<'} {facts['limit']:g}"
    said = " · ".join(part for part in (value, str(seen.get("detail", ""))) if part)
    place: Localized = facts.get("place", "")
    if isinstance(place, str):
        return " · ".join(part for part in (said, place) if part)
    return {tag: " · ".join(part for part in (said, here) if part) for tag, here in place.items()}


def _joined(subject: Localized, name: Localized) -> Localized:
    if isinstance(subject, str) and isinstance(name, str):
        return f"{subject}: {name}"
    tags = dict.fromkeys([*_tags(subject), *_tags(name)])
    return {tag: f"{localize(subject, tag)}: {localize(name, tag)}" for tag in tags}


def _tags(text: Localized) -> tuple[str, ...]:
    return () if isinstance(text, str) else tuple(text)


def _words(trigger: DeviceEvent) -> dict[str, Any]:
    """The value that showed a condition, and what it says more."""
    value = trigger.value
    said = {
        "value": "" if value is None else (value.operator or "") + value.text,
        "word": value.code.code if value is not None and value.code is not None else "",
        "unit": trigger.unit,
        "detail": (trigger.payload or {}).get("detail", ""),
    }
    return {key: text for key, text in said.items() if text}


def _event(
    occurrence: bytes,
    code: tuple[str, str, int],
    *,
    site: str,
    device: str,
    value: str,
    now: Instant,
    observed: Instant,
    raw_id: RawId | None,
    simulated: bool,
    caused_by: bytes,
    payload: Mapping[str, Any] | None,
    actor: str = "",
) -> DeviceEvent:
    system, alarm, number = code
    return DeviceEvent(
        id=event_id(occurrence, alarm, number),
        site=site,
        source=Source(device, _DRIVER),
        kind=Kind.ALARM,
        code=Coding(system, alarm),
        value=Value(value),
        unit="",
        received_at=now,
        observed_at=observed,
        raw_id=raw_id,
        simulated=simulated,
        actor=actor,
        caused_by=caused_by,
        payload=payload,
    )
