"""Who a patient is, as a source states it; every source is brought to this shape.

Nothing here says that two statements are about one person: that is for `gateway.patients`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.model.event import Subject


class IdentifierType(StrEnum):
    """What sort of number identifies a patient.

    `MRN` is the medical record number (病案号), `INTERNAL` a system's own key (患者主索引号),
    `INPATIENT` and `OUTPATIENT` are 住院号 and 门诊号, `CARD` is 就诊卡, `NATIONAL` the citizen's
    identity number (身份证号), `INSURANCE` 医保; `VISIT` and `ACCOUNT` belong to one visit.
    """

    MRN = "mrn"
    INTERNAL = "internal"
    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"
    CARD = "card"
    NATIONAL = "national"
    INSURANCE = "insurance"
    PASSPORT = "passport"
    VISIT = "visit"
    ACCOUNT = "account"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number and who gave it out (the assigning authority); without one it identifies nobody."""

    value: str
    issuer: str
    type: IdentifierType = IdentifierType.OTHER


class Script(StrEnum):
    """How a name is written (HL7 table 4000; the component groups of DICOM PS3.5 6.2.1.2)."""

    ALPHABETIC = "alphabetic"
    IDEOGRAPHIC = "ideographic"
    PHONETIC = "phonetic"


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name in one script. A name that came in one piece stands in `family` alone."""

    script: Script
    family: str
    given: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""

    @property
    def text(self) -> str:
        """As people write it: 王建国; `WANG Jianguo` with the family name first."""
        parts = [part for part in (self.family, self.given, self.middle) if part]
        return ("" if self.script is Script.IDEOGRAPHIC else " ").join(parts)

    @property
    def group(self) -> str:
        """One component group of a DICOM PN: `family^given^middle^prefix^suffix`."""
        parts = (self.family, self.given, self.middle, self.prefix, self.suffix)
        return "^".join(parts).rstrip("^")


class Sex(StrEnum):
    """DICOM Patient's Sex (0010,0040), and UNKNOWN where a source says so."""

    MALE = "M"
    FEMALE = "F"
    OTHER = "O"
    UNKNOWN = "U"


class Presence(StrEnum):
    """Where a visit stands."""

    EXPECTED = "expected"
    IN = "in"
    LEFT = "left"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Visit:
    """A stay or a call: `kind` is HL7 table 0004 (I in-patient, O out-patient, E emergency)."""

    kind: str = ""
    ward: str = ""
    room: str = ""
    bed: str = ""
    number: str = ""
    presence: Presence | None = None


class PatientVerb(StrEnum):
    """What is said of a record, which its first identifier names.

    STATED: these facts. MERGED: the records of `others` are this one from now on. LINKED and
    UNLINKED: those of `others` are the same person, or not the same.
    """

    STATED = "stated"
    MERGED = "merged"
    LINKED = "linked"
    UNLINKED = "unlinked"


@dataclass(frozen=True, slots=True)
class PatientStatement:
    """What one message, row or form says of a patient's record.

    `identifiers` begins with the record's own. `birth_date` is ISO 8601, to the year or month
    where the source knows no more. `sex_sent` is the source's own word. What is empty was not
    said: it changes nothing.
    """

    verb: PatientVerb = PatientVerb.STATED
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[PersonName, ...] = ()
    birth_date: str = ""
    sex: Sex | None = None
    sex_sent: str = ""
    deceased: bool | None = None
    visit: Visit | None = None
    others: tuple[Identifier, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def own(self) -> Identifier | None:
        """The identifier by which the source keeps the record."""
        return self.identifiers[0] if self.identifiers else None

    def payload(self) -> dict[str, Any]:
        """As an event carries it; `patient_statement` reads it back."""
        return said(
            {
                "verb": self.verb.value,
                "identifiers": [_identifier_payload(each) for each in self.identifiers],
                "names": [_name_payload(each) for each in self.names],
                "birth_date": self.birth_date,
                "sex": self.sex.value if self.sex else "",
                "sex_sent": self.sex_sent,
                "deceased": self.deceased,
                "visit": _visit_payload(self.visit) if self.visit else None,
                "others": [_identifier_payload(each) for each in self.others],
                "notes": list(self.notes),
            }
        )


def subject_of(said: PatientStatement | None, order: str = "", specimen: str = "") -> Subject:
    """Whom an event is about."""
    own = said.own if said else None
    if own is None:
        return Subject(order=order, specimen=specimen)
    return Subject(own.value, own.issuer, specimen, order)


def patient_statement(payload: Mapping[str, Any]) -> PatientStatement:
    """What an event's payload says; ValueError or KeyError if it is no such payload."""
    sex, visit = payload.get("sex"), payload.get("visit")
    return PatientStatement(
        verb=PatientVerb(payload.get("verb", PatientVerb.STATED)),
        identifiers=_identifiers(payload.get("identifiers", ())),
        names=tuple(_name(each) for each in payload.get("names", ())),
        birth_date=str(payload.get("birth_date", "")),
        sex=Sex(sex) if sex else None,
        sex_sent=str(payload.get("sex_sent", "")),
        deceased=payload.get("deceased"),
        visit=_visit(visit) if visit else None,
        others=_identifiers(payload.get("others", ())),
        notes=tuple(payload.get("notes", ())),
    )


def script_of(text: str) -> Script:
    """The script that a name is written in: one Han character makes it ideographic."""
    if any(_is_han(character) for character in text):
        return Script.IDEOGRAPHIC
    return Script.PHONETIC if any(_is_syllabic(each) for each in text) else Script.ALPHABETIC


def said(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Only the facts that say something."""
    return {key: fact for key, fact in facts.items() if fact not in (None, "", [], {}, ())}


_HAN = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)
_HAN_ALONE = frozenset("〇々")
_SYLLABIC = ((0x3040, 0x30FF), (0x3100, 0x312F), (0xFF66, 0xFF9D), (0xAC00, 0xD7A3))


def _is_han(character: str) -> bool:
    point = ord(character)
    return character in _HAN_ALONE or any(first <= point <= last for first, last in _HAN)


def _is_syllabic(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _SYLLABIC)


def _identifier_payload(identifier: Identifier) -> dict[str, str]:
    facts = {
        "value": identifier.value,
        "issuer": identifier.issuer,
        "type": identifier.type.value,
    }
    return said(facts)


def _identifiers(payload: Any) -> tuple[Identifier, ...]:
    return tuple(
        Identifier(each["value"], each.get("issuer", ""), IdentifierType(each.get("type", "other")))
        for each in payload
    )


def _name_payload(name: PersonName) -> dict[str, str]:
    facts = {
        "script": name.script.value,
        "family": name.family,
        "given": name.given,
        "middle": name.middle,
        "prefix": name.prefix,
        "suffix": name.suffix,
    }
    return said(facts)


def _name(payload: Mapping[str, str]) -> PersonName:
    return PersonName(
        Script(payload["script"]),
        payload.get("family", ""),
        payload.get("given", ""),
        payload.get("middle", ""),
        payload.get("prefix", ""),
        payload.get("suffix", ""),
    )


def _visit_payload(visit: Visit) -> dict[str, str]:
    return said(
        {
            "kind": visit.kind,
            "ward": visit.ward,
            "room": visit.room,
            "bed": visit.bed,
            "number": visit.number,
            "presence": visit.presence.value if visit.presence else "",
        }
    )


def _visit(payload: Mapping[str, str]) -> Visit:
    presence = payload.get("presence")
    return Visit(
        payload.get("kind", ""),
        payload.get("ward", ""),
        payload.get("room", ""),
        payload.get("bed", ""),
        payload.get("number", ""),
        Presence(presence) if presence else None,
    )
