"""PID, PV1 and MRG: who a patient is, in the gateway's own terms. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from drivers.hl7.hospital import HospitalWords
from drivers.hl7.message import Message, Segment
from drivers.hl7.refusal import misplaced, missing, unparsable
from drivers.hl7.times import parse_time
from gateway import (
    Identifier,
    IdentifierType,
    Instant,
    PatientStatement,
    PersonName,
    Presence,
    Script,
    Visit,
    script_of,
    sentence,
)

_BIRTH = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:\d{2,6}(?:\.\d+)?)?)?)?(?:[+-]\d{4})?", re.ASCII)
_SCRIPTS = {"A": Script.ALPHABETIC, "I": Script.IDEOGRAPHIC, "P": Script.PHONETIC}
_LEGAL = frozenset({"", "L", "D", "C", "U"})
"""Name types (table 0200) of the person's own name: no alias, maiden or cover name."""

_DEAD = {"Y": True, "N": False}


@dataclass(frozen=True, slots=True)
class HospitalRules:
    """How one hospital system is read: its profile's words, its zone, its issuer."""

    words: HospitalWords
    zone: ZoneInfo
    issuer: str


def required(message: Message, name: str) -> Segment:
    """The first segment of a name; Refusal if there is none."""
    segment = message.first(name)
    if segment is None:
        raise misplaced(f"the message has no {name}", f"{name}-1")
    return segment


def happened(message: Message, zone: ZoneInfo) -> Instant | None:
    """When it was recorded (EVN-2), else when it was sent (MSH-7)."""
    event = message.first("EVN")
    sent = (event.text(2) if event else "") or message.header.text(7)
    try:
        return parse_time(sent, zone) if sent else None
    except ValueError:
        raise unparsable(sent, "a time", "EVN-2" if event else "MSH-7") from None


def person(patient: Segment, rules: HospitalRules) -> PatientStatement:
    """The facts of a PID; Refusal if it names no record, or nobody gave its number out."""
    words = rules.words
    found = tuple(identifiers(patient, 3, rules))
    if not found:
        raise missing("the patient's identifier", "PID-3")
    own = own_of(patient, 3, rules, found)
    if not own.issuer:
        raise missing("who gave out the patient's identifier", "PID-3.4")
    sex = patient.component(8).strip()
    return PatientStatement(
        identifiers=(own, *_others(found, own), *_national(patient, rules)),
        names=tuple(_names(patient)),
        birth_date=_birth_date(patient),
        sex=words.sex_of(sex) if sex else None,
        sex_sent=sex,
        deceased=_deceased(patient),
        notes=(sentence("sex {word} is not explained in the profile", word=repr(sex)),)
        if sex and words.sex_of(sex) is None
        else (),
    )


def visit(segment: Segment | None, presence: Presence | None) -> Visit | None:
    """Where the patient is, by PV1 and by what the event means; None if neither says anything."""
    if segment is None:
        return Visit(presence=presence) if presence else None
    kind = segment.component(2).strip()
    found = Visit(
        kind="" if kind in {"N", "U"} else kind,
        ward=segment.component(3).strip(),
        room=segment.component(3, 2).strip(),
        bed=segment.component(3, 3).strip(),
        number=segment.component(19).strip(),
        presence=presence,
    )
    return None if found == Visit() else found


def identifiers(segment: Segment, field: int, rules: HospitalRules) -> Iterator[Identifier]:
    """Every identifier (CX) that has a value, in order."""
    for repetition in segment.repetitions(field):
        value, _, _, authority, kind = (*(each.strip() for each in repetition), "", "", "", "")[:5]
        if value and value != '""':
            issuer = _issuer(segment.subcomponents(authority), kind, rules)
            yield Identifier(value, issuer, rules.words.type_of(kind))


def own_of(
    segment: Segment, field: int, rules: HospitalRules, found: Sequence[Identifier]
) -> Identifier:
    """The identifier that names the record: of the best type in `own`, else the first."""
    kinds = [
        (*repetition, "", "", "", "")[4].strip()
        for repetition in segment.repetitions(field)
        if repetition[0].strip() not in {"", '""'}
    ]
    for wanted in rules.words.own:
        for kind, identifier in zip(kinds, found, strict=True):
            if kind == wanted:
                return identifier
    return found[0]


def _issuer(authority: Sequence[str], kind: str, rules: HospitalRules) -> str:
    """By CX-4 (namespace, then universal id) where it says anything, else by the type."""
    issuers = rules.words.issuers
    named = [part.strip() for part in authority[:2] if part.strip()]
    for name in named:
        if name in issuers:
            return issuers[name]
    if named:
        return named[0]
    return issuers.get(kind, "") or rules.issuer


def _others(found: Sequence[Identifier], own: Identifier) -> Iterator[Identifier]:
    return (each for each in dict.fromkeys(found) if each != own and each.issuer)


def _national(patient: Segment, rules: HospitalRules) -> Iterator[Identifier]:
    """PID-19, where the profile says whose number it holds."""
    value, issuer = patient.component(19).strip(), rules.words.issuers.get("PID-19", "")
    if value and issuer:
        yield Identifier(value, issuer, IdentifierType.NATIONAL)


def _names(patient: Segment) -> Iterator[PersonName]:
    """The person's own name, once in each script."""
    known: set[Script] = set()
    for repetition in patient.repetitions(5):
        parts = [part.strip() for part in (*repetition, *("",) * 8)[:8]]
        family, given, middle, suffix, prefix, _, kind, written = parts
        family = patient.subcomponents(family)[0].strip()
        text = f"{family}{given}{middle}"
        script = _SCRIPTS.get(written.upper()) or script_of(text)
        if text and text != '""' and kind in _LEGAL and script not in known:
            known.add(script)
            yield PersonName(script, family, given, middle, prefix, suffix)


def _birth_date(patient: Segment) -> str:
    sent = patient.component(7).strip()
    if not sent:
        return ""
    match = _BIRTH.fullmatch(sent)
    try:
        return _date(*match.groups()) if match else _no_date(sent)
    except ValueError:
        return _no_date(sent)


def _date(year: str, month: str | None, day: str | None) -> str:
    whole = date(int(year), int(month or 1), int(day or 1)).isoformat()
    return whole if day else whole[:7] if month else whole[:4]


def _no_date(sent: str) -> str:
    raise unparsable(sent, "a date", "PID-7")


def _deceased(patient: Segment) -> bool | None:
    if patient.component(29).strip():
        return True
    return _DEAD.get(patient.component(30).strip().upper())
