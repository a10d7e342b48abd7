"""The ledger: interrupted beams, fractions, doses, and what needs a person."""

from __future__ import annotations

import random
import warnings
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from pydicom.dataset import Dataset

from simulators.rt import STATIC, Course, Machine, Part, brachy_plan, plan, record
from simulators.rt.compose import item
from tests.peers import count
from tests.unit.tps.rt import plan_of, record_of
from tps_bridge.ledger import (
    Basis,
    FindingKind,
    FractionState,
    Given,
    Ledger,
    Missed,
    Noted,
    PlanFacts,
    PlanState,
    course_of,
    facts_of,
    given_by,
    ledger_of,
)
from tps_bridge.rt import Malformed

FIRST = datetime(2025, 6, 9, 9, 0)  # noqa: DTZ001 - DICOM times have no zone
ONE = Course(beams=1, meterset=50.0, fractions=2, dose=4.0, pairs=2)


def given_in(*records: Dataset) -> list[Given]:
    return [each for made in records for each in given_by(record_of(made))]


def ledger(made: Dataset, *records: Dataset, **more: Any) -> Ledger:
    facts = facts_of(plan_of(made))
    return ledger_of(facts, facts.groups[0], given_in(*records), **more)


def kinds(found: Ledger) -> set[FindingKind]:
    return {each.kind for each in found.findings}


def points(made: Dataset, weights: list[float]) -> Dataset:
    """The plan with control points at these metersets of its one beam."""
    beam = made.BeamSequence[0]
    beam.NumberOfControlPoints = len(weights)
    first = beam.ControlPointSequence[0]
    later = [
        item(ControlPointIndex=place, CumulativeMetersetWeight=weight / weights[-1])
        for place, weight in enumerate(weights[1:], 1)
    ]
    beam.ControlPointSequence = [first, *later]
    return made


def test_worked_case_two_parts_of_fifty() -> None:
    made = plan(STATIC, ONE)
    parts = [
        record(made, 1, [Part(1, 0, 18, termination="OPERATOR")]),
        record(made, 1, [Part(1, 18, 50, "CONTINUATION")]),
    ]
    first, second = given_in(*parts)
    assert [(each.start, each.end) for each in (first, second)] == [(0, 18), (18, 50)]
    begun = ledger(made, parts[0])
    assert (begun.state, begun.next, begun.fractions[0].state) == (
        PlanState.RESUME,
        1,
        FractionState.PARTIAL,
    )
    whole = ledger(made, *parts)
    course = whole.fractions[0].beams[0]
    assert (course.given, course.gaps, course.overlap, course.overrun) == (50, (), 0, 0)
    assert whole.fractions[0].state is FractionState.DELIVERED
    assert whole.findings == ()
    assert (whole.state, whole.next) == (PlanState.TREAT, 2)


def test_worked_case_three_parts_of_four_control_points() -> None:
    made = points(plan(STATIC, ONE), [0, 20, 35, 50])
    parts = [
        record(made, 1, [Part(1, 0, 25, termination="MACHINE")]),
        record(made, 1, [Part(1, 25, 30, "CONTINUATION", "OPERATOR")]),
        record(made, 1, [Part(1, 30, 50, "CONTINUATION")]),
    ]
    delivered = [
        [
            float(point.DeliveredMeterset)
            for point in each.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence
        ]
        for each in parts
    ]
    assert delivered == [[0, 20, 25, 25], [25, 25, 30, 30], [30, 30, 35, 50]]
    found = ledger(made, *parts)
    assert found.fractions[0].state is FractionState.DELIVERED
    assert found.findings == ()


def test_worked_case_a_gap_of_five_surfaces() -> None:
    made = points(plan(STATIC, ONE), [0, 10, 20, 25, 30, 40, 50])
    found = ledger(
        made,
        record(made, 1, [Part(1, 0, 25, termination="OPERATOR")]),
        record(made, 1, [Part(1, 30, 50, "CONTINUATION")]),
    )
    course = found.fractions[0].beams[0]
    assert [(each.start, each.end) for each in course.gaps] == [(25, 30)]
    assert found.fractions[0].state is FractionState.PARTIAL
    assert [(each.kind, each.amount) for each in found.findings] == [(FindingKind.GAP, 5.0)]


def test_an_overlap_and_an_overrun_surface() -> None:
    made = plan(STATIC, ONE)
    twice = ledger(
        made,
        record(made, 1, [Part(1, 0, 30, termination="OPERATOR")]),
        record(made, 1, [Part(1, 25, 50, "CONTINUATION")]),
    )
    (overlap,) = [each for each in twice.findings if each.kind is FindingKind.OVERLAP]
    assert overlap.amount == pytest.approx(5)
    assert twice.fractions[0].given == pytest.approx(55)
    beyond = ledger(made, record(made, 1, [Part(1, 0, 53)]))
    (overrun,) = [each for each in beyond.findings if each.kind is FindingKind.OVERRUN]
    assert overrun.amount == pytest.approx(3)
    assert FindingKind.HIGH in kinds(beyond)


def test_a_continuation_without_a_beginning_and_two_machines_surface() -> None:
    made = plan(STATIC, ONE)
    loose = ledger(made, record(made, 1, [Part(1, 20, 50, "CONTINUATION")]))
    assert kinds(loose) == {FindingKind.LOOSE, FindingKind.GAP}
    two = ledger(
        made,
        record(made, 1, [Part(1, 0, 20, termination="OPERATOR")]),
        record(made, 1, [Part(1, 20, 50, "CONTINUATION")], machine=Machine(name="LINAC2")),
    )
    assert kinds(two) == {FindingKind.MACHINES, FindingKind.OTHER_MACHINE}


def test_setup_fields_count_for_nothing() -> None:
    made = plan(STATIC, ONE)
    found = ledger(made, record(made, 1, [Part(2)]))
    assert (found.state, found.next, found.findings) == (PlanState.TREAT, 1, ())


def test_nothing_comes_next_beyond_the_prescription() -> None:
    made = plan(STATIC, replace(ONE, fractions=4))
    parts = {1: [Part(1)], 2: [Part(1, 0, 20, termination="MACHINE")], 3: [Part(1)], 4: [Part(1)]}
    several = [
        record(made, number, each, at=FIRST + timedelta(days=number))
        for number, each in parts.items()
    ]
    found = ledger(made, *several[:3])
    assert (found.next, [each.number for each in found.passed_over]) == (4, [2])
    found = ledger(made, *several)
    assert (found.state, found.next) == (PlanState.TREAT, 2)
    found = ledger(made, several[0], *several[2:])
    assert (found.state, found.next) == (PlanState.TREAT, 2)
    assert kinds(found) == {FindingKind.PASSED_OVER}


@pytest.mark.parametrize("decay", [0.9, 1.0, 1.3])
def test_an_application_is_whole_when_all_that_was_specified_then_was_given(decay: float) -> None:
    group = facts_of(plan_of(brachy_plan())).groups[0]
    (beam,) = group.beams
    assert beam.meterset is not None
    wanted = beam.meterset * decay
    one = replace(
        given_by(record_of(record(plan(STATIC, ONE), 1, [Part(1)])))[0],
        beam=beam.number,
        specified=wanted,
        start=0.0,
        end=wanted,
        unit="s",
        by_people=True,
    )
    whole = course_of(beam, [one])
    assert whole.finished
    assert whole.given == pytest.approx(beam.meterset)
    assert (whole.overrun, whole.gaps) == (0.0, ())
    half = course_of(beam, [replace(one, end=wanted / 2, termination="MACHINE")])
    assert not half.finished
    assert half.reached == pytest.approx(beam.meterset / 2)


def test_metersets_in_another_unit_than_the_plan_s_are_not_counted() -> None:
    made, given = plan(STATIC, ONE), record(plan(STATIC, ONE), 1, [Part(1)], at=FIRST)
    given.PrimaryDosimeterUnit = "MINUTE"
    found = ledger(made, given)
    assert found.delivered == 0
    (open_,) = found.uncounted
    assert open_.kind is FindingKind.UNPLACED
    assert open_.detail == "its meterset is in MINUTE, the plan's in MU"
    assert kinds(found) == {FindingKind.UNPLACED, FindingKind.LOOSE}


def test_metersets_are_in_the_unit_of_the_record_where_the_plan_names_none() -> None:
    made, given = plan(STATIC, ONE), record(plan(STATIC, ONE), 1, [Part(1)], at=FIRST)
    del made.BeamSequence[0].PrimaryDosimeterUnit
    (course,) = ledger(made, given).fractions[0].beams
    assert (course.finished, course.unit) == (True, "MU")
    other = record(made, 1, [Part(1)], at=FIRST + timedelta(minutes=5))
    other.PrimaryDosimeterUnit = "NP"
    found = ledger(made, given, other)
    assert FindingKind.UNPLACED in kinds(found)
    assert found.fractions[0].beams[0].given == 50.0


@pytest.mark.parametrize(("total", "blocks"), [(50.0, False), (49.0, True)])
def test_a_total_that_is_rounded_contradicts_nothing(total: float, blocks: bool) -> None:  # noqa: FBT001
    made, given = plan(STATIC, ONE), record(plan(STATIC, ONE), 1, [Part(1)], at=FIRST)
    (beam,) = given.TreatmentSessionBeamSequence
    beam.DeliveredPrimaryMeterset = total
    beam.ControlPointDeliverySequence[-1].DeliveredMeterset = 50.04
    assert bool(ledger(made, given).uncounted) is blocks


def test_particles_are_counted_to_a_millionth() -> None:
    (beam,) = facts_of(plan_of(plan(STATIC, ONE))).groups[0].beams
    beam = replace(beam, meterset=5e9, unit="NP")
    (told,) = given_in(record(plan(STATIC, ONE), 1, [Part(1)]))
    whole = course_of(beam, [replace(told, unit="NP", start=0.0, end=5e9 + 12)])
    assert (whole.finished, whole.overrun) == (True, 0.0)
    more = course_of(beam, [replace(told, unit="NP", start=0.0, end=5e9 + 1e4)])
    assert more.overrun == 1e4


def test_a_fraction_beyond_the_prescription_moves_nothing_and_is_for_people_to_say() -> None:
    made = plan(STATIC, replace(ONE, fractions=3))
    days = [FIRST + timedelta(days=number) for number in range(3)]
    several = [record(made, 1, [Part(1)], at=days[0]), record(made, 2, [Part(1)], at=days[1])]
    odd = record(made, 4, [Part(1, 0, 20, termination="MACHINE")], at=days[2])
    found = ledger(made, *several, odd)
    assert (found.state, found.next) == (PlanState.TREAT, 3)
    assert [each.record for each in found.uncounted] == [str(odd.SOPInstanceUID)]


def test_a_portal_image_is_no_treatment_in_the_plan_either() -> None:
    made = plan(STATIC, replace(ONE, beams=2))
    made.BeamSequence[1].TreatmentDeliveryType = "TRMT_PORTFILM"
    found = ledger(made, record(made, 1, [Part(1), Part(2, delivery="TRMT_PORTFILM")]))
    assert (found.delivered, found.state, found.next) == (1, PlanState.TREAT, 2)


@pytest.mark.parametrize("word", ["SETUP", "OPEN_PORTFILM", "TRMT_PORTFILM", "VERIFICATION"])
def test_what_is_said_to_give_no_dose_is_no_treatment(word: str) -> None:
    made = plan(STATIC, ONE)
    image = record(made, 1, [Part(1, 0, 0, word)])
    found = ledger(made, image, record(made, 1, [Part(1)]))
    assert (found.delivered, found.findings) == (1, ())


@pytest.mark.parametrize("word", ["BOOST", "TREAT", "SETUP2"])
def test_a_delivery_type_that_nobody_knows_counts_for_nothing_and_is_said(word: str) -> None:
    made = plan(STATIC, ONE)
    found = ledger(made, record(made, 1, [Part(1, delivery=word)]))
    (odd,) = found.uncounted
    assert (odd.kind, odd.detail) == (FindingKind.UNTYPED, word)
    assert (found.delivered, found.partial, found.next) == (0, 0, 1)
    made.BeamSequence[0].TreatmentDeliveryType = word
    with pytest.raises(Malformed, match=f"beam 1: .* {word} "):
        plan_of(made)


@pytest.mark.parametrize(
    ("word", "given", "contrary"),
    [
        ("TREATMENT", 5.0, True),
        ("CONTINUATION", 5.0, True),
        ("", 5.0, True),
        ("SETUP", 5.0, False),
        ("OPEN_PORTFILM", 5.0, False),
        ("TREATMENT", None, True),
        ("", None, False),
        ("TREATMENT", 0.0, False),
    ],
)
def test_a_treatment_by_a_beam_that_only_sets_up_is_said(
    word: str, given: float | None, *, contrary: bool
) -> None:
    made = plan(STATIC, ONE)
    told = record(made, 1, [Part(1), Part(2)])
    beam = told.TreatmentSessionBeamSequence[1]
    beam.TreatmentDeliveryType, beam.DeliveredPrimaryMeterset = word, given
    beam.ControlPointDeliverySequence = [
        item(ReferencedControlPointIndex=place, DeliveredMeterset=each)
        for place, each in enumerate((None if given is None else 0.0, given))
    ]
    found = ledger(made, told)
    assert found.delivered == 1
    assert kinds(found) == ({FindingKind.CONTRARY} if contrary else set())


@pytest.mark.parametrize(("given", "contrary"), [(50.0, True), (0.0, False)])
def test_a_beam_of_the_plan_that_is_told_to_have_set_up_and_gave_something_is_said(
    given: float, *, contrary: bool
) -> None:
    made = plan(STATIC, ONE)
    found = ledger(made, record(made, 1, [Part(1, 0, given, "SETUP")]))
    assert (FindingKind.CONTRARY in kinds(found)) is contrary
    assert (found.delivered, found.partial) == (0, 0)


def test_what_belongs_to_no_group_is_doubted_as_well() -> None:
    made = plan(STATIC, ONE)
    facts = facts_of(plan_of(made))
    odd = given_in(record(made, 1, [Part(1, delivery="BOOST")]))
    found = ledger_of(facts, facts.groups[0], (), adrift=odd)
    assert kinds(found) == {FindingKind.UNTYPED}


@pytest.mark.parametrize("number", [0, -3])
def test_fractions_count_from_one(number: int) -> None:
    made = plan(STATIC, ONE)
    found = ledger(made, record(made, number, [Part(1)]))
    assert [each.kind for each in found.uncounted] == [FindingKind.UNNUMBERED]
    assert [each.number for each in found.fractions] == [1, 2]
    assert (found.delivered, found.partial, found.next) == (0, 0, 1)


@pytest.mark.parametrize(
    ("time", "whole"),
    [
        ("09", "090000"),
        ("0930", "093000"),
        ("093015.1234", "093015"),
        ("09:30:15", "093015"),
        ("09:30:15.5", "093015"),
        ("", ""),
        ("9:30", ""),
        ("250000", ""),
        ("0930 15", ""),
        ("noon", ""),
    ],
)
def test_a_time_that_is_cut_short_is_that_of_the_beginning_and_another_is_none(
    time: str, whole: str
) -> None:
    made = record(plan(STATIC, ONE), 1, [Part(1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom knows that some are none
        for point in made.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence:
            point.TreatmentControlPointTime = time
        made.TreatmentTime = time
        made.TreatmentDate = ""
        found = record_of(made)
    assert found.day == f"{FIRST:%Y%m%d}"
    assert {each.at for each in found.beams} == {found.day + whole}


def test_what_is_no_day_of_the_calendar_is_none() -> None:
    made = record(plan(STATIC, ONE), 1, [Part(1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for point in made.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence:
            point.TreatmentControlPointDate = "2025.06.09"
        (beam,) = record_of(made).beams
        assert (record_of(made).day, beam.at) == (f"{FIRST:%Y%m%d}", "")
        made.TreatmentDate = "20250231"
        with pytest.raises(Malformed, match="TreatmentDate '20250231' is no date"):
            record_of(made)


def test_what_has_no_place_is_named() -> None:
    made = plan(STATIC, ONE)
    stray = record(made, 1, [Part(1)])
    stray.TreatmentSessionBeamSequence[0].ReferencedBeamNumber = 7
    unnumbered = record(made, 1, [Part(1)])
    del unnumbered.TreatmentSessionBeamSequence[0].CurrentFractionNumber
    unclear = record(made, 2, [Part(1)], at=FIRST + timedelta(days=1))
    unclear.TreatmentSessionBeamSequence[0].DeliveredPrimaryMeterset = 31
    found = ledger(made, stray, unnumbered, unclear)
    assert kinds(found) >= {
        FindingKind.UNKNOWN_BEAM,
        FindingKind.UNNUMBERED,
        FindingKind.UNCLEAR,
    }


def test_days_and_numbers_out_of_the_ordinary_are_named() -> None:
    made = plan(STATIC, ONE)
    later = FIRST + timedelta(days=1)
    twice = ledger(made, record(made, 1, [Part(1)]), record(made, 2, [Part(1)]))
    assert kinds(twice) == {FindingKind.SAME_DAY}
    swapped = ledger(
        made, record(made, 1, [Part(1)], at=later), record(made, 2, [Part(1)], at=FIRST)
    )
    assert kinds(swapped) == {FindingKind.OUT_OF_ORDER}
    beyond = ledger(made, record(made, 3, [Part(1)], at=later))
    assert FindingKind.BEYOND in kinds(beyond)


def test_doses_say_what_they_rest_on() -> None:
    made = plan(STATIC, ONE)
    target, organ = ledger(made, record(made, 1, [Part(1, 0, 25, termination="OPERATOR")])).doses
    assert (target.basis, target.prescribed, target.next) == (Basis.SHARE, 4.0, 2.0)
    assert target.given == pytest.approx(1.0)
    assert (organ.basis, organ.given) == (Basis.NONE, None)
    for point, part in zip(made.BeamSequence[0].ControlPointSequence, (0.0, 0.9), strict=True):
        point.ReferencedDoseReferenceSequence = [
            item(ReferencedDoseReferenceNumber=2, CumulativeDoseReferenceCoefficient=part)
        ]
    _, organ = ledger(made, record(made, 1, [Part(1, 0, 25, termination="OPERATOR")])).doses
    assert organ.basis is Basis.COEFFICIENT
    assert organ.given == pytest.approx(0.9)
    told = record(made, 1, [Part(1)])
    told.TreatmentSessionBeamSequence[0].ReferencedCalculatedDoseReferenceSequence = [
        item(ReferencedDoseReferenceNumber=1, CalculatedDoseReferenceDoseValue=1.97)
    ]
    target, _ = ledger(made, told).doses
    assert (target.basis, target.given) == (Basis.RECORD, 1.97)


def _grows(made: Dataset, *parts: float | None) -> Ledger:
    """Half of a beam was given whose dose to the target grows like this."""
    for point, part in zip(made.BeamSequence[0].ControlPointSequence, parts, strict=True):
        if part is not None:
            point.ReferencedDoseReferenceSequence = [
                item(ReferencedDoseReferenceNumber=1, CumulativeDoseReferenceCoefficient=part)
            ]
    return ledger(made, record(made, 1, [Part(1, 0, 25, termination="OPERATOR")]))


@pytest.mark.parametrize("parts", [(0.0, 1.0), (None, 1.0)])
def test_a_dose_begins_with_nothing(parts: tuple[float | None, ...]) -> None:
    dose = _grows(plan(STATIC, ONE), *parts).doses[0]
    assert dose.basis is Basis.COEFFICIENT
    assert dose.given == pytest.approx(1.0)


@pytest.mark.parametrize(
    "parts",
    [(0.0, 0.5, None), (0.5, None, 1.0), (0.0, 0.9, 0.5), (0.0, None, None)],
    ids=["no end", "no beginning", "falls", "one point"],
)
def test_coefficients_that_tell_no_dose_are_none(parts: tuple[float | None, ...]) -> None:
    dose = _grows(points(plan(STATIC, ONE), [0, 30, 50]), *parts).doses[0]
    assert dose.basis is Basis.SHARE
    assert dose.given == pytest.approx(1.0)


def _two_groups(made: Dataset, *doses: float | None) -> PlanFacts:
    """The plan with a beam in each of two groups; what each prescribes to the target."""
    groups = []
    for number, dose in enumerate(doses, 1):
        group = deepcopy(made.FractionGroupSequence[0])
        group.FractionGroupNumber = number
        group.ReferencedBeamSequence = [
            each for each in group.ReferencedBeamSequence if each.ReferencedBeamNumber == number
        ]
        group.ReferencedDoseReferenceSequence = [
            item(ReferencedDoseReferenceNumber=1, TargetPrescriptionDose=dose)
        ]
        groups.append(group)
    made.FractionGroupSequence = groups
    return facts_of(plan_of(made))


def test_no_group_of_several_has_the_prescription_of_the_whole_plan() -> None:
    facts = _two_groups(plan(STATIC, replace(ONE, beams=2)), 3.0, None)
    first, second = (ledger_of(facts, each, ()).doses[0] for each in facts.groups)
    assert (first.prescribed, first.next, first.basis) == (3.0, 1.5, Basis.SHARE)
    assert (second.prescribed, second.given, second.basis) == (None, None, Basis.NONE)


def test_a_course_that_was_ended_retired_or_completed() -> None:
    made = plan(STATIC, ONE)
    one = record(made, 1, [Part(1)])
    two = record(made, 2, [Part(1)], at=FIRST + timedelta(days=1))
    noted = Noted("person:li", 1, "toxicity")
    assert ledger(made, one, ended=noted).state is PlanState.PARTIAL
    assert ledger(made, one, active=False).state is PlanState.INACTIVE
    assert ledger(made, one, two, active=False).state is PlanState.COMPLETE
    missed = Missed("2025-06-10", noted)
    assert ledger(made, one, missed=[missed]).missed == (missed,)


class Treating(RuleBasedStateMachine):
    """A machine that treats, stops, continues and repeats itself; what it gave is known here."""

    def __init__(self) -> None:
        super().__init__()
        self.made = plan(STATIC, Course(beams=2, fractions=4, meterset=60.0, pairs=2))
        self.facts: PlanFacts = facts_of(plan_of(self.made))
        self.given: list[Given] = []
        self.done: dict[tuple[int, int], float] = {}
        self.fraction, self.day = 1, FIRST

    def _ledger(self, given: list[Given]) -> Ledger:
        return ledger_of(self.facts, self.facts.groups[0], given)

    def _whole(self) -> bool:
        return all(self.done.get((self.fraction, beam), 0.0) == 60.0 for beam in (1, 2))

    @rule(beam=st.integers(1, 2), by=st.sampled_from((7.0, 20.0, 60.0)))
    def run(self, beam: int, by: float) -> None:
        start = self.done.get((self.fraction, beam), 0.0)
        end = min(60.0, start + by)
        if start == end:
            return
        part = Part(
            beam,
            start,
            end,
            "CONTINUATION" if start else "TREATMENT",
            "NORMAL" if end == 60.0 else "OPERATOR",
        )
        self.given += given_in(record(self.made, self.fraction, [part], at=self.day))
        self.done[self.fraction, beam] = end

    @precondition(lambda self: self._whole() and self.fraction < 4)
    @rule()
    def next_day(self) -> None:
        self.fraction, self.day = self.fraction + 1, self.day + timedelta(days=1)

    @precondition(lambda self: bool(self.given))
    @rule(chance=st.randoms(use_true_random=False))
    def send_again(self, chance: random.Random) -> None:
        self.given.append(chance.choice(self.given))

    @invariant()
    def the_ledger_knows_exactly_what_was_given(self) -> None:
        found = self._ledger(self.given)
        for each in found.fractions:
            for course in each.beams:
                known = self.done.get((each.number, course.beam.number), 0.0)
                assert course.given == pytest.approx(known)
                assert course.finished is (known == 60.0)
        assert found.findings == ()
        begun = any(key[0] == self.fraction for key in self.done)
        if self._whole():
            expected = PlanState.COMPLETE if self.fraction == 4 else PlanState.TREAT
        else:
            expected = PlanState.RESUME if begun else PlanState.TREAT
        assert found.state is expected

    @invariant()
    def the_order_in_which_records_come_means_nothing(self) -> None:
        shuffled = list(self.given)
        random.Random(len(shuffled)).shuffle(shuffled)
        assert self._ledger(shuffled) == self._ledger(self.given)


Treating.TestCase.settings = settings(
    max_examples=count(8, 100), stateful_step_count=15, deadline=None
)
TestTreating = Treating.TestCase


@given(
    cuts=st.lists(st.floats(0.5, 99.5).map(lambda cut: round(cut, 1)), max_size=5, unique=True),
    hole=st.integers(0, 5),
)
@settings(max_examples=count(20, 300), deadline=None)
def test_what_is_given_and_what_is_missing_make_the_whole(cuts: list[float], hole: int) -> None:
    made = plan(STATIC, Course(beams=1, fractions=1, pairs=2))
    ends = [0.0, *sorted(cuts), 100.0]
    parts = [
        Part(1, start, end, "CONTINUATION" if start else "TREATMENT", "OPERATOR")
        for start, end in pairwise(ends)
    ]
    left_out = parts.pop(hole) if hole < len(parts) and len(parts) > 1 else None
    found = ledger(made, *(record(made, 1, [each]) for each in parts))
    course = found.fractions[0].beams[0]
    missing = 0.0 if left_out is None else (left_out.end or 0) - left_out.start
    assert course.given + missing == pytest.approx(100.0)
    gaps = sum(each.length for each in course.gaps)
    assert gaps + (100.0 - course.reached) == pytest.approx(missing)
    assert course.overlap == 0
