"""ORM, OMG and OML: orders, for the worklists of imaging and of the laboratory. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers.hl7.header import Header
from drivers.hl7.identity import HospitalRules, happened, person, required
from drivers.hl7.message import Message, Segment
from drivers.hl7.refusal import misplaced, missing, unparsable
from drivers.hl7.times import parse_time
from gateway import (
    Instant,
    OrderStatement,
    OrderStatus,
    PatientStatement,
    PersonName,
    Reading,
    script_of,
    subject_of,
)

MOST_ORDERS = 1000

_ACTIVE = ("NW", "RL", "RE", "PA", "CH", "SN", "NA", "OK", "RO", "RU")
_REVOKED = ("CA", "DC", "OC", "OD", "CR", "DR", "RP", "RQ")
_CONTROL: Mapping[str, OrderStatus | None] = {
    **dict.fromkeys(_ACTIVE, OrderStatus.ACTIVE),
    **dict.fromkeys(_REVOKED, OrderStatus.REVOKED),
    **dict.fromkeys(("HD", "OH", "HR"), OrderStatus.ON_HOLD),
    **dict.fromkeys(("XO", "XX", "XR", "SC", "SS", "SR"), None),
}
"""Order control (HL7 table 0119). None: what ORC-5 says, or nothing has changed in standing."""

_STATUS: Mapping[str, OrderStatus] = {
    **dict.fromkeys(("A", "IP", "SC", "RP", "ER"), OrderStatus.ACTIVE),
    **dict.fromkeys(("CA", "DC"), OrderStatus.REVOKED),
    "CM": OrderStatus.COMPLETED,
    "HD": OrderStatus.ON_HOLD,
}
"""Order status (HL7 table 0038)."""


@dataclass(slots=True)
class _Group:
    """The segments of one order."""

    specimen: Segment | None
    segments: dict[str, Segment] = field(default_factory=dict)

    def text(self, name: str, number: int, component: int = 1) -> str:
        segment = self.segments.get(name)
        return segment.component(number, component).strip() if segment else ""


@dataclass(frozen=True, slots=True)
class _About:
    """What the orders of a message have in common."""

    patient: PatientStatement
    study: str
    notes: tuple[str, ...]


def read_orders(message: Message, header: Header, rules: HospitalRules) -> tuple[Reading, ...]:
    """One reading an order; Refusal if the message lacks what it must say."""
    patient = person(required(message, "PID"), rules)
    groups = list(_groups(message))
    if not groups:
        raise misplaced("the message has no ORC", "ORC-1")
    at = happened(message, rules.zone)
    study = message.first("ZDS")
    about = _About(patient, study.component(1).strip() if study else "", message.notes)
    return tuple(_reading(header, at, _order(group, about, rules, header)) for group in groups)


def _reading(header: Header, at: Instant | None, said: OrderStatement) -> Reading:
    return Reading(
        code=header.kind,
        text=said.control,
        observed_at=at,
        wire=0,
        subject=subject_of(said.patient, said.placer or said.filler, said.specimen),
        payload=said.payload(),
    )


def _groups(message: Message) -> Iterator[_Group]:
    """ORC begins an order; a specimen before the first ORC is that of all that follow it."""
    specimen: Segment | None = None
    group: _Group | None = None
    count = 0
    for segment in message:
        if segment.name == "ORC":
            count += 1
            if count > MOST_ORDERS:
                raise misplaced(f"the message has more than {MOST_ORDERS} orders", "ORC-1")
            if group is not None:
                yield group
            group = _Group(specimen)
        if segment.name == "SPM" and group is None:
            specimen = segment
        elif group is not None:
            group.segments.setdefault(segment.name, segment)
    if group is not None:
        yield group


def _order(group: _Group, about: _About, rules: HospitalRules, header: Header) -> OrderStatement:
    text = group.text
    placer = text("ORC", 2) or text("OBR", 2)
    filler = text("ORC", 3) or text("OBR", 3)
    if not (placer or filler):
        raise missing("the order's number", "ORC-2")
    return OrderStatement(
        book=rules.words.book
        or text("ORC", 2, 2)
        or text("ORC", 3, 2)
        or header.application.split("^")[0].strip(),
        placer=placer,
        filler=filler,
        group=text("ORC", 4),
        status=_standing(group),
        control=text("ORC", 1),
        code=text("OBR", 4),
        code_system=text("OBR", 4, 3),
        text=text("OBR", 4, 2),
        priority=text("TQ1", 9) or text("ORC", 7, 6) or text("OBR", 27, 6) or text("OBR", 5),
        start=_start(group, rules),
        specimen=_specimen(group),
        accession=text("OBR", 18),
        procedure_id=text("OBR", 19),
        step_id=text("OBR", 20),
        modality=text("OBR", 24),
        study=about.study,
        requested_by=_doctor(group),
        reason=text("OBR", 31, 2) or text("OBR", 31),
        patient=about.patient,
        notes=about.notes,
    )


def _standing(group: _Group) -> OrderStatus | None:
    control, status = group.text("ORC", 1), group.text("ORC", 5)
    if not control:
        raise missing("the order control", "ORC-1")
    if control not in _CONTROL:
        raise unparsable(control, "an order control that is taken here", "ORC-1")
    return _CONTROL[control] or _STATUS.get(status)


def _start(group: _Group, rules: HospitalRules) -> Instant | None:
    places = (("TQ1", 7, 1), ("OBR", 36, 1), ("ORC", 7, 4), ("OBR", 27, 4))
    for name, number, component in places:
        if sent := group.text(name, number, component):
            try:
                return parse_time(sent, rules.zone)
            except ValueError:
                raise unparsable(sent, "a time", f"{name}-{number}") from None
    return None


def _specimen(group: _Group) -> str:
    """The number on the tube: SPM-2 as the placer gave it, then as the filler did, then SAC-3."""
    segment = group.segments.get("SPM") or group.specimen
    numbers = [segment.part(2, 1), segment.part(2, 2)] if segment else []
    return next((each.strip() for each in numbers if each.strip()), "") or group.text("SAC", 3)


def _doctor(group: _Group) -> str:
    """Who ordered it (XCN): the name, else the number."""
    for name, number in (("ORC", 12), ("OBR", 16)):
        family, given = group.text(name, number, 2), group.text(name, number, 3)
        if family or given:
            return PersonName(script_of(family + given), family, given).text
        if only := group.text(name, number):
            return only
    return ""
