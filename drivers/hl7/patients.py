"""ADT: registrations, admissions, updates, merges and links, for whoever keeps patients. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from drivers.hl7.header import Header
from drivers.hl7.identity import (
    HospitalRules,
    happened,
    identifiers,
    own_of,
    person,
    required,
    visit,
)
from drivers.hl7.message import Message, Segment
from drivers.hl7.refusal import misplaced, missing
from gateway import (
    Identifier,
    PatientStatement,
    PatientVerb,
    Presence,
    Reading,
    subject_of,
)

_PRESENCE: Mapping[str, Presence] = {
    "A01": Presence.IN,
    "A02": Presence.IN,
    "A03": Presence.LEFT,
    "A04": Presence.IN,
    "A05": Presence.EXPECTED,
    "A06": Presence.IN,
    "A07": Presence.IN,
    "A11": Presence.CANCELLED,
    "A13": Presence.IN,
}
_MERGES = frozenset({"A18", "A34", "A36", "A40"})
_LINKS = {"A24": PatientVerb.LINKED, "A37": PatientVerb.UNLINKED}
_ABOUT = frozenset({"PID", "MRG", "PV1"})


def read_patients(message: Message, header: Header, rules: HospitalRules) -> tuple[Reading, ...]:
    """One reading for each patient that is spoken of; Refusal if something is missing.

    A merge may hold several pairs of PID and MRG (HL7 v2.5.1, 3.3.40); each is a reading.
    """
    trigger = header.trigger
    if trigger in _LINKS:
        return (_reading(message, header, rules, _link(message, rules, _LINKS[trigger])),)
    if trigger in _MERGES:
        merges = [_merge(group, rules) for group in _groups(message)]
        if not merges:
            required(message, "PID")
        return tuple(_reading(message, header, rules, each) for each in merges)
    stated = person(required(message, "PID"), rules)
    found = visit(message.first("PV1"), _PRESENCE.get(trigger))
    return (_reading(message, header, rules, replace(stated, visit=found)),)


def _reading(
    message: Message, header: Header, rules: HospitalRules, said: PatientStatement
) -> Reading:
    said = replace(said, notes=(*message.notes, *said.notes))
    return Reading(
        code=header.kind,
        text=header.trigger,
        observed_at=happened(message, rules.zone),
        wire=0,
        subject=subject_of(said),
        payload=said.payload(),
    )


def _groups(message: Message) -> Iterator[Mapping[str, Segment]]:
    """PID with the MRG and PV1 that follow it."""
    group: dict[str, Segment] = {}
    for segment in message:
        if segment.name == "PID" and group:
            yield group
            group = {}
        if segment.name == "PID" or (group and segment.name in _ABOUT):
            group.setdefault(segment.name, segment)
    if group:
        yield group


def _merge(group: Mapping[str, Segment], rules: HospitalRules) -> PatientStatement:
    stated = person(group["PID"], rules)
    merge = group.get("MRG")
    if merge is None:
        raise misplaced("the message has no MRG", "MRG-1")
    found = tuple(identifiers(merge, 1, rules))
    if not found:
        raise missing("the identifier that is merged", "MRG-1")
    merged = _merged(stated, own_of(merge, 1, rules, found), found)
    if any(not each.issuer for each in merged):
        raise missing("who gave out the identifier that is merged", "MRG-1.4")
    return replace(stated, verb=PatientVerb.MERGED, others=merged, visit=None)


def _merged(
    stated: PatientStatement, first: Identifier, found: Sequence[Identifier]
) -> tuple[Identifier, ...]:
    """The records that are merged: every number of the sort that names records, else the first.

    A prior record's other numbers (card, identity) stand beside it in MRG-1; they name no record.
    """
    own = stated.own
    alike = [each for each in found if own and (each.issuer, each.type) == (own.issuer, own.type)]
    return tuple(dict.fromkeys(alike)) or (first,)


def _link(message: Message, rules: HospitalRules, verb: PatientVerb) -> PatientStatement:
    patients = message.all("PID")
    if len(patients) != len(("one", "other")):
        raise misplaced(f"{len(patients)} PID where two patients are meant", "PID-3")
    one, other = (person(each, rules) for each in patients)
    return PatientStatement(verb, one.identifiers, others=other.identifiers[:1])
