"""Rows of a hospital system's views as statements, the same that its messages become. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from gateway.driver import DeviceEntry
from gateway.errors import ProtocolViolation
from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    Identifier,
    Instant,
    OrderStatement,
    OrderStatus,
    PatientStatement,
    PatientVerb,
    PersonName,
    Reading,
    ResourceUse,
    Script,
    Visit,
    script_of,
    sentence,
    subject_of,
    to_datetime,
)
from gateway.rows.cells import Cells, Moment
from gateway.rows.fields import AppointmentFields, OrderFields, PatientFields
from gateway.rows.profile import RowDevice, RowProfile
from gateway.rows.row import Row
from gateway.rows.times import instant_of, parse_wall, zone_of

_ROW, _VANISHED = "row", "vanished"


def stated(entry: DeviceEntry, row: Row, *, vanished: bool = False) -> Reading:
    """What a row says of a patient, an appointment or an order.

    `vanished`: it is no longer there, and its profile says what that means. ProtocolViolation if
    it lacks what it must say, or says it in a form that can't be read.
    """
    profile, options = entry.profile, entry.options
    if not isinstance(profile, RowProfile) or not isinstance(options, RowDevice):
        raise TypeError(f"{entry.id}: not a device that is read by rows")
    cells = Cells(row.values, profile.time_form, profile.time_pattern, entry.zone)
    said = _Said(entry, cells, options.patient_issuer, vanished=vanished)
    found = said.reading(profile)
    if vanished:
        return replace(found, text=_VANISHED)
    at = instant_of(_happened(profile, row), profile.time_form, entry.zone)
    return replace(found, observed_at=at)


class _Said:
    """Reads the statements of one row."""

    def __init__(self, entry: DeviceEntry, cells: Cells, issuer: str, *, vanished: bool) -> None:
        self._device, self._cells, self._issuer = entry.id, cells, issuer
        self._vanished = vanished

    def reading(self, profile: RowProfile) -> Reading:
        """The statement as a reading that has no time yet."""
        match profile.content:
            case PatientFields() as fields:
                said = self.patient(fields)
                return Reading("patient", _ROW, subject=subject_of(said), payload=said.payload())
            case AppointmentFields() as fields:
                booked = self.appointment(fields)
                subject = subject_of(booked.patient, booked.order_placer or booked.order_filler)
                return Reading("appointment", _ROW, subject=subject, payload=booked.payload())
            case OrderFields() as fields:
                ordered = self.order(fields)
                subject = subject_of(ordered.patient, ordered.placer, ordered.specimen)
                return Reading("order", _ROW, subject=subject, payload=ordered.payload())
            case None:
                raise TypeError(f"{self._device}: its rows are results")

    def patient(self, fields: PatientFields) -> PatientStatement:
        text = self._cells.text
        own = self._own(fields)
        if into := text(fields.merged_into):
            standing = Identifier(into, own.issuer, own.type)
            return PatientStatement(PatientVerb.MERGED, (standing,), others=(own,))
        sex, dead = text(fields.sex), text(fields.deceased)
        sexed, died = fields.sex_of(sex), fields.died(dead)
        return PatientStatement(
            identifiers=(own, *self._others(fields, own)),
            names=tuple(self._names(fields)),
            birth_date=self._cells.partial_date(fields.birth_date, fields.birth_pattern),
            sex=sexed,
            sex_sent=sex,
            deceased=died,
            visit=self._visit(fields),
            notes=(
                *_unexplained(
                    sentence("sex {word} is not explained in the profile", word=repr(sex)),
                    unknown=bool(sex) and sexed is None,
                ),
                *_unexplained(
                    sentence("deceased {word} is not explained in the profile", word=repr(dead)),
                    unknown=bool(dead) and died is None,
                ),
            ),
        )

    def appointment(self, fields: AppointmentFields) -> AppointmentStatement:
        text = self._cells.text
        sent = text(fields.status)
        status = fields.status_of(sent) if sent else None if fields.status else _BOOKED
        when, minutes = self._when(fields)
        return AppointmentStatement(
            book=fields.book or self._device,
            placer=text(fields.placer),
            filler=self._cells.needed(fields.number),
            status=AppointmentStatus.CANCELLED if self._vanished else status,
            status_sent="" if self._vanished else sent,
            start=when.at,
            day=when.day,
            minutes=minutes,
            kind=text(fields.kind),
            kind_name=text(fields.kind_name),
            reason=text(fields.reason),
            priority=text(fields.priority),
            resources=tuple(self._resources(fields)),
            order_placer=text(fields.order_placer),
            order_filler=text(fields.order_filler),
            patient=self._mentioned(fields.patient),
            notes=self._notes(sent, explained=status is not None),
        )

    def order(self, fields: OrderFields) -> OrderStatement:
        text = self._cells.text
        sent = text(fields.status)
        status = fields.status_of(sent) if sent else None if fields.status else OrderStatus.ACTIVE
        return OrderStatement(
            book=fields.book or self._device,
            placer=self._cells.needed(fields.number),
            filler=text(fields.filler),
            group=text(fields.group),
            status=status,
            code=text(fields.code),
            code_system=fields.code_system if text(fields.code) else "",
            text=text(fields.text),
            priority=text(fields.priority),
            start=self._cells.moment(fields.start).at,
            specimen=text(fields.specimen),
            accession=text(fields.accession),
            procedure_id=text(fields.procedure_id),
            step_id=text(fields.step_id),
            modality=text(fields.modality),
            study=text(fields.study),
            requested_by=text(fields.requested_by),
            reason=text(fields.reason),
            patient=self.patient(fields.patient),
            notes=self._notes(sent, explained=status is not None),
        )

    def _own(self, fields: PatientFields) -> Identifier:
        number = self._cells.needed(fields.number)
        issuer = self._cells.text(fields.issuer_at) or fields.issuer or self._issuer
        if not issuer:
            raise ProtocolViolation(
                sentence(
                    "{column}: nobody says who gave the patient's number out: give the device a"
                    " `patient_issuer`",
                    column=fields.number,
                )
            )
        return Identifier(number, issuer, fields.type)

    def _mentioned(self, fields: PatientFields | None) -> PatientStatement | None:
        """The patient beside something else; None where the row names nobody."""
        if fields is None or not self._cells.text(fields.number):
            return None
        return self.patient(fields)

    def _others(self, fields: PatientFields, own: Identifier) -> Iterator[Identifier]:
        found = (
            Identifier(number, each.issuer, each.type)
            for each in fields.others
            if (number := self._cells.text(each.column))
        )
        return (each for each in dict.fromkeys(found) if each != own)

    def _names(self, fields: PatientFields) -> Iterator[PersonName]:
        if name := self._cells.text(fields.name):
            family, _, given = name.partition("^")
            yield PersonName(script_of(name), family.strip(), given.strip())
        latin = self._cells.text(fields.latin_name)
        if latin and (not name or script_of(name) is not Script.ALPHABETIC):
            family, _, given = latin.partition("^")
            yield PersonName(Script.ALPHABETIC, family.strip(), given.strip())

    def _visit(self, fields: PatientFields) -> Visit | None:
        text = self._cells.text
        kind = text(fields.visit_kind)
        found = Visit(
            kind=fields.visit_kinds.get(kind, kind),
            ward=text(fields.ward),
            room=text(fields.room),
            bed=text(fields.bed),
            number=text(fields.visit_number),
            presence=fields.presences.get(text(fields.presence)),
        )
        return None if found == Visit() else found

    def _when(self, fields: AppointmentFields) -> tuple[Moment, float | None]:
        cells = self._cells
        when = (
            cells.day_and_clock(fields.day, fields.clock)
            if fields.day is not None
            else cells.moment(fields.start)
        )
        minutes, end = cells.minutes(fields.minutes), cells.moment(fields.end).at
        if minutes is None and when.at is not None and end is not None and end > when.at:
            minutes = (end - when.at) / 60_000_000
        return when, minutes

    def _resources(self, fields: AppointmentFields) -> Iterator[ResourceUse]:
        for kind, column in fields.resources.items():
            if named := self._cells.text(column):
                name = self._cells.text(fields.resource_names.get(kind, ""))
                yield ResourceUse(kind, named, name)

    def _notes(self, sent: str, *, explained: bool) -> tuple[str, ...]:
        if self._vanished:
            return ()
        text = sentence("status {word} is not explained in the profile", word=repr(sent))
        return _unexplained(text, unknown=bool(sent) and not explained)


_BOOKED = AppointmentStatus.BOOKED


def lies_ahead(reading: Reading, now: Instant, zone: str) -> bool:
    """Whether the time of an appointment has not come yet; of a day alone, the day."""
    said = reading.payload or {}
    start: int | None = said.get("start")
    if start is not None:
        return start > now
    today = to_datetime(now).astimezone(zone_of(zone)).date().isoformat()
    return bool(said.get("day", "") > today)


def _happened(profile: RowProfile, row: Row) -> datetime:
    """When it was said: in the source's own column for that, else when the row was written."""
    column = profile.columns.observed_at
    said = (row.values.get(column) or "").strip() if column else ""
    try:
        return parse_wall(said, profile.time_form, profile.time_pattern) if said else row.at
    except ValueError:
        return row.at


def _unexplained(text: str, *, unknown: bool) -> tuple[str, ...]:
    return (text,) if unknown else ()
