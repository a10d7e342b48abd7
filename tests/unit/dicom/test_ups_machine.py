"""The states of a work item, held against PS3.4 table CC.1.1-2 as it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydicom.uid import ExplicitVRLittleEndian

from dicom.content import Content, decode, has_value, tag, values
from dicom.elements import vr_of
from dicom.services.workitems import Actor, WorkItem
from dicom.ups.machine import (
    UNSPECIFIED,
    Lock,
    Moment,
    Verdict,
    amend,
    applied,
    change_state,
    create,
    request_cancel,
    set_attributes,
)
from dicom.ups.requirements import RULES, Final, check_change, check_new, filled, unmet
from dicom.ups.terms import (
    MODIFIED,
    PERFORMED,
    PROGRESS,
    REASON_CODES,
    STATE,
    TRANSACTION,
    State,
)
from gateway import Instant
from tests.dicom_objects import encoded
from tests.dicom_ups import discontinued, performed, progress, work_item

NOW = Moment(Instant(1), "20250601101500.000000+0800")
WORKITEM = tag("PerformedWorkitemCodeSequence")
STATION = tag("PerformedStationNameCodeSequence")
LINAC, OTHER = Actor("LINAC1"), Actor("LINAC2")

TABLE = """
                          null  SCHEDULED  IN_PROGRESS  COMPLETED  CANCELED
N-CREATE                  ok    0111       0111         0111       0111
IN_PROGRESS correct       C307  ok         C302         C300       C300
IN_PROGRESS wrong         C307  C301       C301         C301       C301
SCHEDULED   correct       C307  C303       C303         C303       C303
COMPLETED   correct       C307  C310       ok|C304      B306       C300
COMPLETED   wrong         C307  C301       C301         C301       C301
CANCELED    correct       C307  C310       ok|C304      C300       B304
CANCELED    wrong         C307  C301       C301         C301       C301
request-cancel -          C307  ok         ok|C312      C311       B304
N-SET       correct       C307  C310       ok           C300       C300
N-SET       wrong         C307  ok         C301         C300       C300
"""
"""Rows and columns of the table, and N-SET from CC.2.6.3; `wrong` is: none before the claim."""


def content_of(made: Any) -> Content:
    return decode(encoded(made), ExplicitVRLittleEndian)


def cells() -> dict[tuple[str, str, str], str]:
    head, *lines = [line.split() for line in TABLE.split("\n") if line]
    found = {}
    for line in lines:
        answers = line[-5:]
        name, kind = (*line, "")[:2] if len(line) == 7 else (line[0], "")
        for column, answer in zip(head, answers, strict=True):
            found[name, kind, column] = answer
    return found


CELLS = cells()


class Life(RuleBasedStateMachine):
    """Any sequence of requests: each is answered as its cell says, and the item moves so."""

    def __init__(self) -> None:
        super().__init__()
        self.item: WorkItem | None = None
        self.key = ""

    @property
    def column(self) -> str:
        return "null" if self.item is None else self.item.state.replace(" ", "_")

    def judge(self, row: str, kind: str, verdict: Verdict, moves_to: str = "") -> None:
        allowed = CELLS[row, kind, self.column]
        said = "ok" if verdict.status == 0 else f"{verdict.status:04X}"
        assert said in allowed.split("|"), (row, kind, self.column, verdict)
        before = self.column
        if verdict.change is not None:
            item = self.item or WorkItem("1.2.3", {}, 0, Instant(0))
            self.item = applied(item, verdict.change, Instant(2))
        if said == "ok" and moves_to:
            assert self.column == moves_to
        elif said not in ("ok", "B300"):
            assert self.column == before

    @rule()
    def create(self) -> None:
        verdict = create(self.item, "1.2.3", content_of(work_item()), NOW)
        self.judge("N-CREATE", "", verdict, "SCHEDULED")

    @rule(wanted=st.sampled_from(list(State)), right=st.booleans(), key=st.sampled_from("abc"))
    def change(self, wanted: State, right: bool, key: str) -> None:  # noqa: FBT001 - drawn
        scheduled = self.item is not None and self.item.state == State.SCHEDULED
        if right:
            digest = key if scheduled or self.item is None else self.key
        else:
            digest = "" if scheduled else key + "x"
        kind = "correct" if right or wanted is State.SCHEDULED else "wrong"
        if kind == "correct" and not digest and self.item is not None:
            kind = "wrong"  # canceled without ever having been claimed: no UID is correct
        verdict = change_state(self.item, wanted, Lock(digest), LINAC, NOW)
        if wanted is State.SCHEDULED:
            kind = "correct"
        if verdict.status == 0 and wanted is State.IN_PROGRESS:
            self.key = digest
        self.judge(wanted.replace(" ", "_"), kind, verdict, wanted.replace(" ", "_"))

    @rule(heard=st.booleans())
    def ask_to_cancel(self, heard: bool) -> None:  # noqa: FBT001 - drawn
        moves = {"SCHEDULED": "CANCELED"}.get(self.column, "")
        verdict = request_cancel(self.item, {}, OTHER, NOW, heard=heard)
        if self.column == "IN_PROGRESS":
            assert (verdict.status == 0) is heard
        self.judge("request-cancel", "-", verdict, moves)

    @rule(right=st.booleans(), made=st.sampled_from([performed, discontinued]))
    def set(self, right: bool, made: Any) -> None:  # noqa: FBT001 - drawn
        scheduled = self.column == "SCHEDULED"
        digest = ("a" if scheduled else self.key) if right else ("" if scheduled else "wrong")
        kind = "correct" if right and digest else "wrong"
        verdict = set_attributes(self.item, content_of(made()), Lock(digest), LINAC, NOW)
        self.judge("N-SET", kind, verdict)

    @invariant()
    def a_final_item_has_what_it_must(self) -> None:
        if self.item is None:
            return
        assert TRANSACTION not in self.item.content
        state = State(self.item.state)
        if state.is_final:
            assert unmet(self.item.content, state) == []
        if state is State.IN_PROGRESS:
            assert self.item.lock
            assert self.item.owner == LINAC.title


TestLife = Life.TestCase


def scheduled() -> WorkItem:
    verdict = create(None, "1.2.3", content_of(work_item()), NOW)
    assert verdict.change is not None
    return applied(WorkItem("1.2.3", {}, 0, Instant(0)), verdict.change, Instant(1))


def claimed() -> WorkItem:
    verdict = change_state(scheduled(), "IN PROGRESS", Lock("key"), LINAC, NOW)
    assert verdict.change is not None
    return applied(scheduled(), verdict.change, Instant(2))


def test_only_the_title_that_claimed_it_changes_it_unless_the_site_says_otherwise() -> None:
    content = content_of(progress("5"))
    bound = set_attributes(claimed(), content, Lock("key"), OTHER, NOW)
    free = set_attributes(claimed(), content, Lock("key", bound=False), OTHER, NOW)
    assert (bound.status, free.status) == (0x0124, 0)


def test_the_same_set_again_changes_nothing() -> None:
    content = content_of(progress("5"))
    first = set_attributes(claimed(), content, Lock("key"), LINAC, NOW)
    assert first.change is not None
    again = set_attributes(
        applied(claimed(), first.change, Instant(3)), content, Lock("key"), LINAC, NOW
    )
    assert (again.status, again.change) == (0, None)


def test_every_attribute_that_is_required_at_creation_is_missed_by_its_tag() -> None:
    whole = content_of(work_item())
    assert check_new(whole, "1.2.3") is None
    for each in RULES:
        if each.create != "1":
            continue
        without = {key: value for key, value in whole.items() if key != each.key}
        empty = whole | {each.key: {"vr": whole[each.key]["vr"]}}
        absent, blank = check_new(without, "1.2.3"), check_new(empty, "1.2.3")
        name = f"({each.key[:4]},{each.key[4:]})".lower()
        assert absent is not None
        assert blank is not None
        assert (absent.status, blank.status) == (0x0120, 0x0121)
        assert name in absent.words
        assert name in blank.words


def test_type_2_attributes_that_are_absent_are_made_empty_and_named() -> None:
    whole = content_of(work_item())
    for each in RULES:
        without = {key: value for key, value in whole.items() if key != each.key}
        new, added = filled(without)
        if each.create == "2":
            assert added == [each.key]
            assert not has_value(new, each.key)
        else:
            assert added == []


@pytest.mark.parametrize("keyword", ["PatientName", "PatientID", "ReferencedRequestSequence"])
def test_what_identifies_the_patient_and_the_request_is_never_set_later(keyword: str) -> None:
    fault = check_change({tag(keyword): {"vr": "LO", "Value": ["x"]}})
    assert fault is not None
    assert fault.status == 0x0106


@pytest.mark.parametrize("state", [State.COMPLETED, State.CANCELED])
def test_each_attribute_of_a_final_state_is_missed_by_its_tag(state: State) -> None:
    binding = {State.COMPLETED: (Final.ALWAYS, Final.COMPLETED)}.get(
        state, (Final.ALWAYS, Final.CANCELED)
    )
    content = scheduled().content | content_of(performed()) | content_of(discontinued())
    content[STATE] = {"vr": "CS", "Value": [str(state)]}
    assert unmet(content, state) == []
    ours = {STATE, MODIFIED, tag("ProcedureStepCancellationDateTime")}
    for each in RULES:
        if each.final in binding and each.key not in ours:
            without = {key: value for key, value in content.items() if key != each.key}
            assert each.key in unmet(without, state)
        for row in each.rows:
            if row.final not in binding or row.key in ours:
                continue
            (item,) = values(content, each.key)
            less = {key: value for key, value in item.items() if key != row.key}
            lacking = content | {each.key: {"vr": "SQ", "Value": [less]}}
            assert row.key in unmet(lacking, state)


def test_a_canceled_item_tells_when_and_why() -> None:
    verdict = request_cancel(scheduled(), {}, OTHER, NOW, heard=False)
    assert verdict.change is not None
    (item,) = values(verdict.change.content, PROGRESS)
    assert values(item, tag("ProcedureStepCancellationDateTime")) == [NOW.text]
    kinds = [int(each.event_type) for each in verdict.change.news]
    assert kinds == [2, 1, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {PROGRESS: {"vr": "LO", "Value": ["x"]}},
        {tag("UnifiedProcedureStepPerformedProcedureSequence"): {"vr": "UN", "InlineBinary": "AA"}},
        {tag("ScheduledStationNameCodeSequence"): {"vr": "LO", "Value": ["LINAC1"]}},
        {PROGRESS: {"vr": "SQ", "Value": [{tag("ProcedureStepProgress"): {"vr": "LO"}}]}},
    ],
)
def test_an_attribute_of_another_vr_is_never_taken(wrong: Content) -> None:
    told = [
        set_attributes(claimed(), wrong, Lock("key"), LINAC, NOW),
        create(None, "1.2.3", content_of(work_item()) | wrong, NOW),
    ]
    assert [(each.status, each.change) for each in told] == [(0x0106, None)] * 2


def kept(item: WorkItem) -> WorkItem:
    return replace(item, keeper="bridge")


def wanted(keyword: str) -> Content:
    """Something else than what is there."""
    values_ = {
        "SQ": [{tag("PatientID"): {"vr": "LO", "Value": ["P-9"]}}],
        "DT": ["20300101"],
        "UI": ["1.2.9"],
    }
    vr = vr_of(int(tag(keyword), 16))
    return {tag(keyword): {"vr": vr, "Value": values_.get(vr, ["-0800"])}}


SCHEDULED_WITH = [
    "InputInformationSequence",
    "StudyInstanceUID",
    "ScheduledStationNameCodeSequence",
    "ScheduledProcedureStepStartDateTime",
    "ScheduledWorkitemCodeSequence",
    "ScheduledProcessingParametersSequence",
    "OtherPatientIDsSequence",
    "OtherPatientNames",
    "TimezoneOffsetFromUTC",
]


@pytest.mark.parametrize("keyword", SCHEDULED_WITH)
def test_what_a_room_scheduled_is_changed_by_that_room_alone(keyword: str) -> None:
    content = wanted(keyword)
    before = set_attributes(kept(scheduled()), content, Lock(""), OTHER, NOW)
    during = set_attributes(kept(claimed()), content, Lock("key"), LINAC, NOW)
    assert [(each.status, each.change) for each in (before, during)] == [(0x0124, None)] * 2
    assert "bridge" in before.words
    assert amend(kept(scheduled()), content, NOW).change is not None
    assert set_attributes(scheduled(), content, Lock(""), OTHER, NOW).change is not None


def test_a_performer_says_how_it_goes_of_an_item_that_a_room_keeps() -> None:
    same = {tag("WorklistLabel"): claimed().content[tag("WorklistLabel")]}
    for said in (progress("5"), performed()):
        content = content_of(said) | same
        told = set_attributes(kept(claimed()), content, Lock("key"), LINAC, NOW)
        assert (told.status, told.change is not None) == (0, True)


CODE = {
    "CodeValue": "121726",
    "CodingSchemeDesignator": "DCM",
    "CodeMeaning": "RT Treatment",
    "URNCodeValue": "urn:oid:1.2",
    "LongCodeValue": "1217260000000000000",
}
SHORT = {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"}
LONG = SHORT - {"CodeValue"} | {"LongCodeValue"}
URN = {"URNCodeValue", "CodeMeaning"}


def with_code(said: set[str]) -> Sequence[str]:
    """What a completed item lacks whose workitem code, and whose station, have these values."""
    item = {tag(each): {"vr": vr_of(int(tag(each), 16)), "Value": [CODE[each]]} for each in said}
    content = scheduled().content | content_of(performed())
    (step,) = values(content, PERFORMED)
    for key in (WORKITEM, STATION):
        step[key] = {"vr": "SQ", "Value": [item]}
    return unmet(content, State.COMPLETED)


@pytest.mark.parametrize("said", [SHORT, LONG, URN, SHORT | URN])
def test_a_whole_code_completes_an_item(said: set[str]) -> None:
    assert with_code(said) == []


@pytest.mark.parametrize(
    "said",
    [set(), *(SHORT - {each} for each in sorted(SHORT)), URN - {"CodeMeaning"}],
)
def test_a_code_without_its_parts_completes_no_item(said: set[str]) -> None:
    assert set(with_code(said)) == {WORKITEM, STATION}


def test_a_request_to_cancel_with_half_a_code_gives_no_reason() -> None:
    told = {REASON_CODES: {"vr": "SQ", "Value": [{tag("CodeValue"): {"vr": "SH"}}]}}
    verdict = request_cancel(scheduled(), told, OTHER, NOW, heard=False)
    assert verdict.change is not None
    (item,) = values(verdict.change.content, PROGRESS)
    assert values(item, REASON_CODES) == [UNSPECIFIED]


def private(number: int, **element: Any) -> Content:
    return {f"00111{number:03X}": element}


@pytest.mark.parametrize(
    "some",
    [{"vr": "UT", "Value": ["a" * 500_000]}, {"vr": "LO", "Value": ["a"] * 10_000}],
)
def test_a_work_item_grows_only_so_far(some: dict[str, Any]) -> None:
    item = scheduled()
    told = []
    for number in range(10):
        verdict = set_attributes(item, private(number, **some), Lock(""), LINAC, NOW)
        told.append(verdict.status)
        if verdict.change is not None:
            item = applied(item, verdict.change, Instant(2))
    assert told[:3] == [0, 0, 0]
    assert told[4:] == [0x0213] * 6
    whole = create(None, "1.2.9", item.content | private(99, **some), NOW)
    smaller = set_attributes(item, private(0, vr="LO"), Lock(""), LINAC, NOW)
    assert (whole.status, smaller.status) == (0x0213, 0)
    assert request_cancel(item, {}, OTHER, NOW, heard=False).status == 0
