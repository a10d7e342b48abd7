"""What a row of a file says that the same source had not said before. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.model import AppointmentStatement
from gateway.room import Appointment


def told(rows: Iterable[AppointmentStatement]) -> AppointmentStatement | None:
    """What files have said of an appointment so far, from the oldest row on; None if nothing."""
    known: AppointmentStatement | None = None
    for row in rows:
        known = row if known is None else _over(known, row)
    return known


def news(
    known: AppointmentStatement | None, row: AppointmentStatement
) -> AppointmentStatement | None:
    """What a row says otherwise than files did before; None if it says nothing new.

    A file that comes again with one change must not say the rest again: a person, or another
    source, may have changed it since. A new time says the status again, which goes with it.
    """
    if known is None:
        return row
    moved = (row.start, row.day) != (known.start, known.day)
    changed = replace(
        row,
        status=row.status if moved or row.status is not known.status else None,
        reschedules=moved,
        start=row.start if moved else None,
        day=row.day if moved else "",
        minutes=None if row.minutes == known.minutes else row.minutes,
        kind="" if row.kind == known.kind else row.kind,
        reason="" if row.reason == known.reason else row.reason,
        resources=() if row.resources == known.resources else row.resources,
    )
    nothing = AppointmentStatement(book=row.book, filler=row.filler, patient=row.patient)
    return None if changed == nothing and _names(known, row) else changed


def _names(known: AppointmentStatement, row: AppointmentStatement) -> bool:
    """Whether a patient stands in files already as a row names them."""
    before, said = known.patient, row.patient
    if before is None or said is None:
        return before is said
    return before.identifiers == said.identifiers and said.names in {(), before.names}


def stands(standing: Appointment, row: AppointmentStatement) -> bool:
    """Whether an appointment stands already as a row says; what the row leaves out may differ."""
    own = row.patient.own if row.patient else None
    patient = standing.patient
    return (
        standing.start == row.start
        and (row.minutes is None or standing.minutes == row.minutes)
        and (row.status is None or standing.status is row.status)
        and (not row.kind or standing.kind == row.kind)
        and (not row.reason or standing.reason == row.reason)
        and (not row.resources or standing.resources == row.resources)
        and (own is None or (patient is not None and own.value == patient.value))
    )


def _over(known: AppointmentStatement, row: AppointmentStatement) -> AppointmentStatement:
    moved = bool(row.start or row.day)
    return replace(
        row,
        status=row.status or known.status,
        start=row.start if moved else known.start,
        day=row.day if moved else known.day,
        minutes=known.minutes if row.minutes is None else row.minutes,
        kind=row.kind or known.kind,
        reason=row.reason or known.reason,
        resources=row.resources or known.resources,
        patient=row.patient or known.patient,
    )
