"""What a work item must and may have, when (PS3.4 table CC.2.5-3). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from dicom.content import Content, count, has_value, misnamed, tag, values
from dicom.dimse.status import Status
from dicom.elements import vr_of
from dicom.ups.terms import (
    CANCELED_AT,
    MODIFIED,
    PERFORMED,
    PRIORITY,
    PROGRESS,
    READINESS,
    SOP_CLASS,
    SOP_INSTANCE,
    STATE,
    TRANSACTION,
    State,
)


class Final(StrEnum):
    """Final State Codes (table CC.2.5-1)."""

    ALWAYS = "R"
    IF_KNOWN = "RC"
    COMPLETED = "P"
    CANCELED = "X"
    OPTIONAL = "O"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table. Types are those that bind the SCU; for N-GET those of the SCP.

    `create` and `set` are 1, 1C, 2, 2C, 3, `-` (the SCP's business), `e` (must be empty) or `n`
    (not allowed). `get` is 1, 2, 3 or `n`. Items of what is `coded` are codes.
    """

    key: str
    create: str
    set: str
    final: Final
    get: str
    rows: tuple[Rule, ...] = ()
    coded: bool = False


# keyword, N-CREATE, N-SET, final state, N-GET. `>` rows lie in the sequence above.
_TABLE = """
TransactionUID                                   e  -  O  n
SpecificCharacterSet                             3  3  RC 1
SOPClassUID                                      -  n  O  n
SOPInstanceUID                                   -  n  O  n
ScheduledProcedureStepPriority                   1  3  R  1
ScheduledProcedureStepModificationDateTime       -  -  R  1
ProcedureStepLabel                               1  3  O  1
WorklistLabel                                    2  3  O  1
ScheduledProcessingParametersSequence            2  3  O  2
ScheduledStationNameCodeSequence                 2  3  O  2
ScheduledStationClassCodeSequence                2  3  O  2
ScheduledStationGeographicLocationCodeSequence   2  3  O  2
ScheduledHumanPerformersSequence                 2C 3  O  2
>HumanPerformerCodeSequence                      1  1  O  1
>HumanPerformerName                              1  1  O  1
>HumanPerformerOrganization                      1  1  O  1
ScheduledProcedureStepStartDateTime              1  3  R  1
ExpectedCompletionDateTime                       3  3  O  3
ScheduledProcedureStepExpirationDateTime         3  3  O  3
ScheduledWorkitemCodeSequence                    2  3  O  1
CommentsOnTheScheduledProcedureStep              2  3  O  1
InputReadinessState                              1  3  R  1
InputInformationSequence                         2  3  O  2
StudyInstanceUID                                 1C 3  O  2
OutputDestinationSequence                        3  3  O  3
PatientName                                      2  n  O  2
PatientID                                        1C n  O  2
IssuerOfPatientID                                2  n  O  2
IssuerOfPatientIDQualifiersSequence              2  n  O  2
OtherPatientIDsSequence                          2  3  O  2
>PatientID                                       1  1  O  1
PatientBirthDate                                 2  n  O  2
PatientSex                                       2  n  O  2
ReferencedPatientPhotoSequence                   3  3  O  3
AdmissionID                                      2  n  O  2
IssuerOfAdmissionIDSequence                      2  n  O  2
AdmittingDiagnosesDescription                    2  n  O  2
AdmittingDiagnosesCodeSequence                   2  n  O  2
ReferencedRequestSequence                        2  n  O  2
>StudyInstanceUID                                1  n  O  1
>AccessionNumber                                 2  n  O  2
>IssuerOfAccessionNumberSequence                 2  n  O  2
>OrderPlacerIdentifierSequence                   2  n  O  2
>OrderFillerIdentifierSequence                   2  n  O  2
>RequestedProcedureID                            2  n  O  2
>RequestedProcedureDescription                   2  n  O  2
>RequestedProcedureCodeSequence                  2  n  O  2
ReplacedProcedureStepSequence                    1C n  O  2
MedicalAlerts                                    3  3  O  2
PregnancyStatus                                  3  3  O  2
SpecialNeeds                                     3  3  O  2
ProcedureStepState                               1  n  R  1
ProcedureStepProgressInformationSequence         e  3  X  2
>ProcedureStepProgress                           n  3  O  1
>ProcedureStepProgressDescription                n  3  O  1
>ProcedureStepProgressParametersSequence         n  3  O  3
>ProcedureStepCommunicationsURISequence          n  3  O  1
>>ContactURI                                     n  1  O  1
>>ContactDisplayName                             n  3  O  1
>ProcedureStepCancellationDateTime               n  3  X  1
>ReasonForCancellation                           n  3  O  1
>ProcedureStepDiscontinuationReasonCodeSequence  n  3  X  1
UnifiedProcedureStepPerformedProcedureSequence   e  3  P  2
>ActualHumanPerformersSequence                   n  3  RC 1
>PerformedStationNameCodeSequence                n  3  P  2
>PerformedStationClassCodeSequence               n  3  O  2
>PerformedStationGeographicLocationCodeSequence  n  3  O  2
>PerformedProcedureStepStartDateTime             n  3  P  1
>PerformedProcedureStepDescription               n  3  O  1
>CommentsOnThePerformedProcedureStep             n  3  O  1
>PerformedWorkitemCodeSequence                   n  3  P  1
>PerformedProcessingParametersSequence           n  3  O  1
>PerformedProcedureStepEndDateTime               n  3  P  1
>OutputInformationSequence                       n  2  P  2
"""


def _parsed(table: str) -> tuple[Rule, ...]:
    lines = [line.split() for line in table.split("\n") if line]

    def below(depth: int) -> Iterator[Rule]:
        while lines and len(lines[0][0]) - len(lines[0][0].lstrip(">")) == depth:
            name, create, set_, final, get = lines.pop(0)
            key, coded = tag(name.lstrip(">")), name.endswith("CodeSequence")
            yield Rule(key, create, set_, Final(final), get, tuple(below(depth + 1)), coded)

    return tuple(below(0))


RULES = _parsed(_TABLE)
BY_KEY = {rule.key: rule for rule in RULES}

_CODE_VALUES = (tag("CodeValue"), tag("LongCodeValue"))
_CODE_SCHEME, _CODE_URN = tag("CodingSchemeDesignator"), tag("URNCodeValue")
_CODE_MEANING = tag("CodeMeaning")
_MAY_BE_EMPTY = frozenset({tag("OutputInformationSequence")})
"""Final state P is met by an empty sequence: there may be no output (table CC.2.5-3, remark)."""
_OF_PERFORMER = frozenset(
    {MODIFIED, READINESS, PROGRESS, PERFORMED, tag("ExpectedCompletionDateTime")}
)
_MOST, _LARGEST = 40_000, 2_097_152
"""Elements, values and items; bytes as JSON. Twice what one message holds."""
_OF_TIMES = frozenset({tag("TimezoneOffsetFromUTC")})
_OF_PATIENT = ("0010", "0038")
_CHOICES = {
    PRIORITY: frozenset({"HIGH", "MEDIUM", "LOW"}),
    READINESS: frozenset({"INCOMPLETE", "UNAVAILABLE", "READY"}),
}
_DATE_TIME = re.compile(
    r"\d{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])(?:[0-5]\d"
    r"(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?)?)?)?(?:[+-]\d{4})?"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why attributes are not taken: a general status of PS3.7 C.4 to C.5, and in words."""

    status: int
    words: str


def check_new(content: Mapping[str, Any], uid: str) -> Fault | None:
    """Whether a work item can be created with these attributes; its state is judged elsewhere."""
    if wrong := misnamed(content):
        return Fault(Status.INVALID_VALUE, wrong)
    if content.get(SOP_INSTANCE) and values(content, SOP_INSTANCE) != [uid]:
        return Fault(Status.INVALID_VALUE, "SOP Instance UID differs from the command's")
    return _required(content, RULES) or _values(content)


def filled(content: Mapping[str, Any]) -> tuple[Content, Sequence[str]]:
    """A new item's attributes with what is of type 2 and absent, empty; and the keys of these."""
    absent = [
        rule.key
        for rule in RULES
        if rule.create in ("2", "e") and rule.key not in content and rule.key != TRANSACTION
    ]
    empty: Content = {key: {"vr": vr_of(int(key, 16))} for key in absent}
    kept = {
        key: each
        for key, each in content.items()
        if key not in (TRANSACTION, SOP_CLASS, SOP_INSTANCE, MODIFIED)
    }
    return kept | empty, [key for key in absent if BY_KEY[key].create == "2"]


def check_change(content: Mapping[str, Any]) -> Fault | None:
    """Whether N-SET may set these attributes to these values."""
    if wrong := misnamed(content):
        return Fault(Status.INVALID_VALUE, wrong)
    for key in content:
        rule = BY_KEY.get(key)
        if rule is not None and rule.set == "n":
            return Fault(Status.INVALID_VALUE, f"{named(key)} can't be changed")
        if rule is not None and rule.get == "1" and rule.set == "3" and not has_value(content, key):
            return Fault(Status.MISSING_ATTRIBUTE_VALUE, f"{named(key)} has no value")
    return _nested(content, RULES, lambda rule: rule.set) or _values(content)


def too_large(content: Mapping[str, Any]) -> bool:
    """Whether it is more than anybody's work item: N-SETs add up, each of up to a MiB."""
    return count(content) > _MOST or len(orjson.dumps(content)) > _LARGEST


def is_scheduled(key: str) -> bool:
    """Whether an attribute is of what was scheduled: for whom, what with, where and when."""
    if key in _OF_PERFORMER:
        return False
    return key in BY_KEY or key in _OF_TIMES or key[:4] in _OF_PATIENT


def unmet(content: Mapping[str, Any], state: State) -> Sequence[str]:
    """Keys of what the final state requires and the item lacks (CC.2.5.1.1).

    What only its performer knows (RC) is left to it. The time of cancellation is ours to fill.
    """
    return list(_unmet(content, RULES, state))


def has_codes(content: Mapping[str, Any], key: str) -> bool:
    """Whether a sequence has items, and each is a whole code (PS3.3 table 8.8-1)."""
    return has_value(content, key) and all(map(_is_code, values(content, key)))


def named(key: str) -> str:
    """An element for words: its tag as PS3.6 prints it."""
    return f"({key[:4].lower()},{key[4:].lower()})"


def _required(content: Mapping[str, Any], rules: Sequence[Rule]) -> Fault | None:
    for rule in rules:
        if rule.create == "1" and rule.key not in content:
            return Fault(Status.MISSING_ATTRIBUTE, f"{named(rule.key)} is missing")
        if rule.create == "1" and not has_value(content, rule.key):
            return Fault(Status.MISSING_ATTRIBUTE_VALUE, f"{named(rule.key)} has no value")
        if rule.create in ("e", "n") and has_value(content, rule.key):
            return Fault(Status.INVALID_VALUE, f"{named(rule.key)} must be empty at creation")
    return _nested(content, rules, lambda rule: rule.create)


def _nested(content: Mapping[str, Any], rules: Sequence[Rule], kind: Any) -> Fault | None:
    """What is of type 1 in the items of sequences."""
    for rule in rules:
        if not rule.rows:
            continue
        for item in values(content, rule.key):
            for row in rule.rows:
                if kind(row) == "1" and not has_value(item, row.key):
                    words = f"{named(rule.key)} lacks {named(row.key)}"
                    return Fault(Status.MISSING_ATTRIBUTE, words)
            if fault := _nested(item, rule.rows, kind):
                return fault
    return None


def _values(content: Mapping[str, Any]) -> Fault | None:
    for key, each in content.items():
        for value in each.get("Value", ()):
            if key in _CHOICES and value not in _CHOICES[key]:
                return Fault(Status.INVALID_VALUE, f"{named(key)} can't be {str(value)[:16]!r}")
            if each["vr"] == "DT" and not _DATE_TIME.fullmatch(str(value)):
                return Fault(Status.INVALID_VALUE, f"{named(key)} {str(value)[:26]!r} is no time")
            if each["vr"] == "SQ" and (fault := _values(value)):
                return fault
    return None


def _unmet(content: Mapping[str, Any], rules: Sequence[Rule], state: State) -> Iterator[str]:
    binding = {Final.ALWAYS, Final.COMPLETED if state is State.COMPLETED else Final.CANCELED}
    for rule in rules:
        if rule.final not in binding or rule.key in (STATE, MODIFIED, CANCELED_AT):
            continue
        if not _is_met(content, rule):
            yield rule.key
        for item in values(content, rule.key) if rule.rows else ():
            yield from _unmet(item, rule.rows, state)


def _is_met(content: Mapping[str, Any], rule: Rule) -> bool:
    if rule.key in _MAY_BE_EMPTY:
        return rule.key in content
    return (has_codes if rule.coded else has_value)(content, rule.key)


def _is_code(item: Mapping[str, Any]) -> bool:
    of_scheme = has_value(item, _CODE_SCHEME) and any(has_value(item, key) for key in _CODE_VALUES)
    return has_value(item, _CODE_MEANING) and (of_scheme or has_value(item, _CODE_URN))
