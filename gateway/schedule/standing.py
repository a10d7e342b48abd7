"""How an appointment or an order stands, by everything that was said of it. Pure.

The same for any order in which the entries are given (docs/decisions/0016-patients-and-schedule.md
says why). Whose it is, and what a person knew, go by which came first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile

from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    Gathering,
    Identifier,
    Instant,
    OrderStatement,
    OrderStatus,
    PatientStatement,
    ResourceKind,
    ResourceUse,
)
from gateway.schedule.noted import Noted, Ordered
from gateway.schedule.whose import Whose, same

_HERE = frozenset(
    {AppointmentStatus.ARRIVED, AppointmentStatus.STARTED, AppointmentStatus.COMPLETED}
)
_GONE = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR})
_WAITING = frozenset(
    {AppointmentStatus.PENDING, AppointmentStatus.WAITLIST, AppointmentStatus.BOOKED}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """An appointment as its entries leave it.

    `said` holds the newest word on each fact; its `status` is never None. `other` is a patient
    whom an entry names instead: a question, and nothing else that it says counts until a person
    answers. `last` is the newest entry that counts, `told` the newest one of a source, `by_person`
    whether a person set the status. `ended` is the newest entry that cancelled it.
    """

    said: AppointmentStatement
    last: Noted
    told: Noted
    other: Identifier | None = None
    by_person: bool = False
    ended: Noted | None = None


def stand(entries: Iterable[Noted]) -> Standing:
    """How an appointment stands; there is at least one entry."""
    ordered = sorted(entries, key=lambda each: each.order)
    whose = Whose.of(ordered)
    first, *rest = filter(whose.counts, ordered)
    standing = _begun(first, whose.now)
    for entry in rest:
        standing = _next(standing, entry, whose.now)
    others = [each.own for each in ordered if whose.asks(each)]
    return replace(standing, other=others[-1] if others else None)


def since(entries: Iterable[Noted]) -> Instant:
    """Since when its status is what it is now; there is at least one entry."""
    ordered = sorted(entries, key=lambda each: each.order)
    states = [stand(ordered[: n + 1]).said.status for n in range(len(ordered))]
    same = sum(1 for _ in takewhile(lambda each: each is states[-1], reversed(states)))
    return ordered[-same].at


def _begun(first: Noted, own: Identifier | None) -> Standing:
    status = first.said.status or AppointmentStatus.BOOKED
    patient = None if first.own else first.said.patient
    said = replace(first.said, status=status, patient=_patient(patient, first, own))
    by_person = first.by_person and first.said.status is not None
    return Standing(said, first, first, by_person=by_person, ended=_ended(None, first))


def _next(before: Standing, entry: Noted, own: Identifier | None) -> Standing:
    known, said = before.said, entry.said
    status = _status(before, entry)
    moved = bool(said.start or said.day)
    merged = AppointmentStatement(
        book=known.book,
        placer=said.placer or known.placer,
        filler=said.filler or known.filler,
        status=status,
        status_sent=said.status_sent or known.status_sent,
        start=said.start if moved else known.start,
        day=said.day if moved else known.day,
        minutes=said.minutes if said.minutes is not None else known.minutes,
        kind=said.kind or known.kind,
        kind_name=said.kind_name or known.kind_name,
        reason=said.reason or known.reason,
        priority=said.priority or known.priority,
        resources=_resources(known.resources, said),
        order_placer=said.order_placer or known.order_placer,
        order_filler=said.order_filler or known.order_filler,
        patient=_patient(known.patient, entry, own),
        notes=said.notes,
    )
    by_person = entry.by_person if status is not known.status else before.by_person
    told = before.told if entry.by_person else entry
    ended = _ended(before.ended, entry)
    return Standing(merged, entry, told, by_person=by_person, ended=ended)


def _ended(before: Noted | None, entry: Noted) -> Noted | None:
    return entry if entry.said.status in _GONE else before


def _status(before: Standing, entry: Noted) -> AppointmentStatus:
    """The status after an entry.

    A system that says once more that somebody is booked does not know that they are here, or that
    a person at the desk cancelled: only a new time takes that back, which is one that is meant
    as such, or lies on another day. A person or the queue who did not know that it was cancelled
    does not take that back, though they acted later.
    """
    known = before.said.status or AppointmentStatus.BOOKED
    said = entry.said.status
    if said is None or (known in _GONE and _unaware(before.ended, entry)):
        return known
    stale = not entry.by_person and said in _WAITING and not _moved(before.said, entry.said)
    if stale and (known in _HERE or (before.by_person and known not in _WAITING)):
        return known
    return said


def _unaware(ended: Noted | None, entry: Noted) -> bool:
    return ended is not None and entry.by_person and not entry.knew(ended)


def _moved(known: AppointmentStatement, said: AppointmentStatement) -> bool:
    return said.reschedules or bool(said.day and known.day and said.day != known.day)


def _patient(
    known: PatientStatement | None, entry: Noted, own: Identifier | None
) -> PatientStatement | None:
    """The newest word on the patient whose it is."""
    return entry.said.patient if entry.own and same(entry.own, own) else known


def _resources(
    known: tuple[ResourceUse, ...], said: AppointmentStatement
) -> tuple[ResourceUse, ...]:
    spoken = _keys((*said.resources, *said.updated, *said.removed))
    rest = tuple(each for each in known if (each.kind, each.id) not in spoken)
    match said.gathering:
        case Gathering.REPLACE:
            return said.resources or known
        case Gathering.ADD:
            gone = _replaced(known, said)
            return (
                *(each for each in rest if each.kind not in gone),
                *said.resources,
                *said.updated,
            )
        case Gathering.REMOVE:
            return rest


def _replaced(known: tuple[ResourceUse, ...], said: AppointmentStatement) -> set[ResourceKind]:
    """The kinds of which an update names another resource than those that are known."""
    named = _keys((*said.resources, *said.updated))
    kinds = {each.kind for each in said.updated}
    kinds -= {each.kind for each in known if (each.kind, each.id) in named}
    return kinds - {each.kind for each in said.removed}


def _keys(resources: Iterable[ResourceUse]) -> set[tuple[ResourceKind, str]]:
    return {(each.kind, each.id) for each in resources}


def stand_order(entries: Iterable[Ordered]) -> tuple[OrderStatement, Ordered]:
    """An order as its entries leave it, and the newest of them."""
    first, *rest = sorted(entries, key=lambda each: each.order)
    said, last = first.said, first
    for entry in rest:
        said, last = _next_order(said, entry.said), entry
    return replace(said, status=said.status or OrderStatus.ACTIVE), last


def _next_order(known: OrderStatement, said: OrderStatement) -> OrderStatement:
    """The newest word on each fact; the patient is the one who was named first."""
    facts = {
        name: getattr(said, name) or getattr(known, name)
        for name in OrderStatement.__dataclass_fields__
        if name not in {"patient", "notes", "book"}
    }
    return OrderStatement(
        book=known.book, **facts, patient=known.patient or said.patient, notes=said.notes
    )
