"""ORU and OUL: each OBX becomes a reading in the device's own code, unit and clock. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from drivers.hl7.groups import Group, Observation, Structure, groups
from drivers.hl7.message import Message, Segment
from drivers.hl7.paths import Path, first_of, parse_path
from drivers.hl7.people import patient_facts, visit_facts
from drivers.hl7.profile import Hl7Profile
from drivers.hl7.refusal import misplaced, missing, unparsable
from drivers.hl7.times import parse_time
from drivers.hl7.values import Measured, read_value
from gateway import TIME_OF, Instant, Reading, Status, Subject, sentence

_STATUSES = {
    "F": Status.FINAL,
    "U": Status.FINAL,
    "P": Status.PRELIMINARY,
    "R": Status.PRELIMINARY,
    "S": Status.PRELIMINARY,
    "I": Status.PRELIMINARY,
    "C": Status.CORRECTED,
    "A": Status.CORRECTED,
    "X": Status.CANCELLED,
    "N": Status.CANCELLED,
    "D": Status.ENTERED_IN_ERROR,
    "W": Status.ENTERED_IN_ERROR,
}
"""OBX-11, HL7 table 0085."""

_VALUELESS = frozenset({Status.PRELIMINARY, Status.CANCELLED, Status.ENTERED_IN_ERROR})
_CALIBRATORS = frozenset("CV")
_CONTROLS = frozenset("QEFOB")
_ROLES = _CALIBRATORS | _CONTROLS | frozenset(("", "P", "L", "R", "G"))
"""SPM-11, HL7 table 0369: calibrators, controls and proficiency tests, and patients' samples."""

_TIME_SENT = "time_sent"
_ABOUT = {"sub_id": 4, "method": 17, "equipment": 18, "observer": 16}


@dataclass(frozen=True, slots=True)
class Rules:
    """A device's profile, its places parsed."""

    profile: Hl7Profile
    zone: ZoneInfo
    issuer: str
    code: Path
    sample: Sequence[Path]
    order: Sequence[Path]
    patient: Sequence[Path]
    issuers: Sequence[Path]
    observed: Mapping[Path, str]
    """Where times stand, each with its name in the payload where it is not the result's own."""

    @classmethod
    def of(cls, profile: Hl7Profile, zone: ZoneInfo, issuer: str) -> Rules:
        return cls(
            profile=profile,
            zone=zone,
            issuer=issuer,
            code=parse_path(profile.code_at),
            sample=_places(profile.specimen_at),
            order=_places(profile.order_at),
            patient=_places(profile.patient_at),
            issuers=_places(profile.issuer_at),
            observed={
                parse_path(place): "" if place in profile.measured_at else place
                for place in profile.observed_at
            },
        )


@dataclass(frozen=True, slots=True)
class _Request:
    """What the results of one group have in common."""

    group: Group
    segments: Mapping[str, Segment | None]
    subject: Subject
    status: Status | None
    payload: Mapping[str, Any]


def read_results(message: Message, rules: Rules, structure: Structure) -> tuple[Reading, ...]:
    """The readings of a message of that structure.

    Refusal if something that must be there is not, or is not what it claims to be: half a
    message is never taken.
    """
    found = groups(message, structure)
    if not any(group.observations for group in found):
        raise misplaced(sentence("the message has no OBX"), "OBX-5")
    return tuple(
        reading
        for group in found
        if group.observations
        for reading in _group(message, group, rules)
    )


def _group(message: Message, group: Group, rules: Rules) -> Iterator[Reading]:
    request = _request(message, group, rules)
    for observation in group.observations:
        code = _code(observation, rules)
        if code not in rules.profile.ignore:
            yield _reading(observation, code, request, rules)


def _request(message: Message, group: Group, rules: Rules) -> _Request:
    segments = {
        "MSH": message.header,
        "PID": group.patient,
        "PV1": group.visit,
        "ORC": group.order,
        "OBR": group.request,
        "SPM": group.specimen,
    }
    calibration = _is_marked(rules.profile.calibration, segments)
    control = _is_marked(rules.profile.quality_control, segments)
    role = _role(group.specimen)
    calibration = calibration or role in _CALIBRATORS
    status = Status.QC if control or calibration or role in _CONTROLS else None
    subject = _subject(segments, rules)
    if status is Status.QC:
        subject = replace(subject, patient="", issuer="")
    else:
        _check_whose(subject, segments, rules)
    payload = {
        "control" if status is Status.QC else "patient": patient_facts(group.patient),
        "visit": visit_facts(group.visit),
        "request_comments": tuple(group.comments),
        "calibration": calibration,
        "notes": message.notes,
    }
    return _Request(group, segments, subject, status, _said(payload))


def _subject(segments: Mapping[str, Segment | None], rules: Rules) -> Subject:
    patient = first_of(rules.patient, segments).strip()
    issuer = first_of(rules.issuers, segments).strip() if patient else ""
    return Subject(
        patient=patient,
        issuer=(issuer or rules.issuer) if patient else "",
        specimen=first_of(rules.sample, segments).strip(),
        order=first_of(rules.order, segments).strip(),
    )


def _role(specimen: Segment | None) -> str:
    """What a sample is used for; Refusal for what table 0369 does not have."""
    role = specimen.component(11).strip() if specimen is not None else ""
    if role not in _ROLES:
        raise unparsable(role, sentence("the role of a sample"), "SPM-11")
    return role


def _check_whose(subject: Subject, segments: Mapping[str, Segment | None], rules: Rules) -> None:
    """Refusal if nothing says whose results these are, or SPM says another sample than the rest.

    Of a control the two may differ: SPM names its lot, OBR the run.
    """
    if not (subject.specimen or subject.patient):
        raise missing(sentence("whom or which sample the results are about"), "OBR-3")
    named = [(path.segment == "SPM", path.read(segments).strip()) for path in rules.sample]
    tubes = [text for of_specimen, text in named if of_specimen and text]
    others = [text for of_specimen, text in named if not of_specimen and text]
    if tubes and others and not set(tubes) & set(others):
        why = sentence(
            "SPM names sample {sample}, OBR names {other}: of which the results are can't be told",
            sample=repr(tubes[0][:80]),
            other=repr(others[0][:80]),
        )
        raise misplaced(why, "SPM-2")


def _code(observation: Observation, rules: Rules) -> str:
    code = rules.code.read({"OBX": observation.segment}).strip()
    if not code:
        raise missing(sentence("the code of a result"), f"OBX[{observation.number}]-3")
    return code


def _reading(observation: Observation, code: str, request: _Request, rules: Rules) -> Reading:
    segment = observation.segment
    status = _status(observation, rules)
    value = _value(observation, status, rules)
    about: dict[str, Any] = {key: segment.component(field).strip() for key, field in _ABOUT.items()}
    about |= {"name": segment.component(3, 2), "data": value.data, "coded": value.coded}
    observed_at, time = _observed(observation, request, rules)
    about |= {"comments": observation.comments, **time}
    payload = {**request.payload, **_said(about)}
    return Reading(
        code=code,
        text=_text(value, code, rules),
        number=value.number,
        operator=value.operator,
        unit=_unit(segment, value, code, rules),
        observed_at=observed_at,
        quality=value.quality,
        status=request.status or status,
        wire=0,
        subject=request.subject,
        flags=tuple(flag[0].strip() for flag in segment.repetitions(8) if flag[0].strip()),
        range_text=segment.text(7).strip(),
        payload=payload or None,
    )


def _status(observation: Observation, rules: Rules) -> Status:
    sent = observation.segment.component(11).strip()
    if not sent:
        return Status(rules.profile.status_unstated)
    if sent not in _STATUSES:
        raise unparsable(sent, sentence("a result status"), f"OBX[{observation.number}]-11")
    return _STATUSES[sent]


def _value(observation: Observation, status: Status, rules: Rules) -> Measured:
    segment = observation.segment
    if not segment.raw(5) and status in _VALUELESS:
        return Measured("")
    if segment.raw(5) and not segment.component(2):
        raise missing(sentence("the type of a value"), f"OBX[{observation.number}]-2")
    try:
        return read_value(segment, rules.profile.no_result)
    except ValueError:
        kind = sentence("of type {type}", type=segment.component(2))
        raise unparsable(segment.raw(5), kind, f"OBX[{observation.number}]-5") from None


def _text(value: Measured, code: str, rules: Rules) -> str:
    """A coded answer is its code where the profile knows what that stands for, else its words."""
    point = rules.profile.points.get(code)
    if value.coded and point is not None and value.coded[0] in point.states:
        return value.coded[0]
    return value.text


def _unit(segment: Segment, value: Measured, code: str, rules: Rules) -> str:
    """OBX-6.1; of `10^9/L`, whose caret should have been escaped, the whole."""
    unit = segment.component(6).strip()
    whole = segment.raw(6).strip() if unit == "10" else unit
    return rules.profile.unit_sent(code, whole, value.number)


def _observed(
    observation: Observation, request: _Request, rules: Rules
) -> tuple[Instant | None, Mapping[str, str]]:
    """The first time that is given.

    Beside it where it stands, if it is not the result's own, and what was sent, if that names no
    instant.
    """
    segments = {**request.segments, "OBX": observation.segment}
    given = ((path.read(segments), time_of) for path, time_of in rules.observed.items())
    sent, time_of = next((each for each in given if each[0].strip()), ("", ""))
    if not sent:
        return None, {}
    try:
        instant = parse_time(sent, rules.zone)
    except ValueError:
        raise unparsable(sent, sentence("a time"), f"OBX[{observation.number}]-14") from None
    return instant, {TIME_OF: time_of, _TIME_SENT: sent if instant is None else ""}


def _is_marked(
    marks: Mapping[str, tuple[str, ...]], segments: Mapping[str, Segment | None]
) -> bool:
    return any(parse_path(place).read(segments) in values for place, values in marks.items())


def _said(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Only the facts that say something."""
    return {key: fact for key, fact in facts.items() if fact}


def _places(texts: Sequence[str]) -> tuple[Path, ...]:
    return tuple(parse_path(text) for text in texts)
