"""Every change of what a plan delivers is found and named; what changes nothing is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.valuerep import PersonName

from simulators.rt import (
    ARC,
    ELECTRON,
    ION,
    STATIC,
    Course,
    Machine,
    Part,
    brachy_plan,
    plan,
    record,
)
from simulators.rt.compose import item
from tests.peers import count, full_run
from tests.unit.tps.rt import item_of, plan_of, record_of
from tps_bridge.compare import (
    Difference,
    Severity,
    Tolerances,
    branches,
    compare_delivered,
    compare_plans,
    said,
    worst,
)
from tps_bridge.plan import Plan
from tps_bridge.rt import attribute, delivered_by, digest_of, expanded
from tps_bridge.rt.canon import SEQUENCES, VALUES
from tps_bridge.rt.inherit import INHERITED
from tps_bridge.rt.item import KEYS

SMALL = Course(points=4, pairs=6)
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)


def differences(one: Plan, other: Plan) -> tuple[Difference, ...]:
    return compare_plans(one.delivers, other.delivers)


def elements(made: Dataset, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every attribute that has a value, by the way to its item."""
    for element in made:
        if element.VR == "SQ":
            for place, each in enumerate(element.value):
                yield from elements(each, (*path, (element.keyword, place)))
        elif not element.is_empty:
            yield path, element.keyword


def at(made: Dataset, path: tuple[Any, ...]) -> Dataset:
    for keyword, place in path:
        made = made[keyword].value[place]
    return made


_OTHERWISE = {"UI": "1.2.3.4", "DA": "20300101", "TM": "111111"}


def other(value: Any, vr: str) -> Any:
    """Another value of the same kind."""
    match value:
        case str() | PersonName():
            return _OTHERWISE.get(vr) or ("OTHER" if value != "OTHER" else "ELSE")
        case int():
            return value + 1
        case float():
            return float(value) + 0.25
    return [other(value[0], vr), *value[1:]]


def places(made: Dataset) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every attribute under ISOGATE_FULL, else each in the first item that has it."""
    seen = set()
    for path, keyword in elements(made):
        kind = (*(sequence for sequence, _ in path), keyword)
        if full_run() or kind not in seen:
            seen.add(kind)
            yield path, keyword


def counts(path: tuple[Any, ...], keyword: str) -> bool:
    """Whether the reviewed list calls it one that changes delivery."""
    if not path:
        return keyword in VALUES
    inside = all(attribute(sequence).delivers for sequence, _ in path)
    return path[0][0] in SEQUENCES and inside and attribute(keyword).delivers


PLANS: dict[str, Callable[[], Dataset]] = {
    "static": lambda: plan(STATIC, SMALL),
    "arc": lambda: plan(ARC, SMALL),
    "electron": lambda: plan(ELECTRON, SMALL),
    "ion": lambda: plan(ION, SMALL),
    "brachy": brachy_plan,
}


def changed(made: Dataset, path: tuple[Any, ...], keyword: str) -> Dataset:
    spoilt = deepcopy(made)
    element = at(spoilt, path)[keyword]
    element.value = other(element.value, element.VR)
    return spoilt


@pytest.mark.parametrize("kind", PLANS)
def test_every_change_of_one_attribute_is_found_or_is_known_to_change_nothing(kind: str) -> None:
    made = PLANS[kind]()
    original = plan_of(made).delivers
    found = set()
    for path, keyword in places(made):
        if keyword in ("SOPClassUID", "SpecificCharacterSet"):
            continue
        spoilt = changed(made, path, keyword)
        now = expanded(item_of(spoilt))
        delivers = delivered_by(now)
        expected = counts(path, keyword)
        assert (digest_of(delivers) != digest_of(original)) is expected, (path, keyword)
        if _makes_two_of_one(path, keyword):
            continue
        differing = compare_plans(original, delivers)
        assert bool(differing) is expected, (path, keyword)
        if expected and keyword not in KEYS.values():
            assert {each.keyword for each in differing} == {keyword}, (path, keyword)
            assert worst(differing) is Severity.ALARM
            found.add(keyword)
    assert len(found) > 20


def _makes_two_of_one(path: tuple[Any, ...], keyword: str) -> bool:
    """Another number may be that of a neighbour: such a plan is refused before it is compared."""
    return bool(path) and KEYS.get(path[-1][0]) == keyword


@given(seed=st.integers(0, 2**32))
@settings(max_examples=count(12, 1000), deadline=None)
def test_what_is_only_written_otherwise_is_the_same(seed: int) -> None:
    chance = random.Random(seed)
    made = plan(chance.choice((STATIC, ARC, ELECTRON, ION)), SMALL)
    written = deepcopy(made)
    _write_out(written, chance)
    _shuffle(written, chance)
    one, again = plan_of(made), plan_of(written, chance.choice(SYNTAXES))
    assert again.digest == one.digest
    assert differences(one, again) == ()


def _write_out(made: Dataset, chance: random.Random) -> None:
    """Repeat in later control points what they inherit, here and there."""
    for beam in made.get("BeamSequence", made.get("IonBeamSequence", [])):
        points = beam.get("ControlPointSequence", beam.get("IonControlPointSequence"))
        state: dict[str, Any] = {}
        for point in points:
            for keyword in INHERITED:
                if keyword in point and not point[keyword].is_empty:
                    state[keyword] = point[keyword].value
                elif keyword in state and chance.random() < 0.5:
                    setattr(point, keyword, state[keyword])


def _shuffle(made: Dataset, chance: random.Random) -> None:
    """Put items that have numbers into another order."""
    for element in made:
        if element.VR == "SQ":
            for each in element.value:
                _shuffle(each, chance)
            if element.keyword in KEYS and "ControlPoint" not in element.keyword:
                items = list(element.value)
                chance.shuffle(items)
                element.value = items


@given(
    beam=st.integers(0, 1),
    point=st.integers(0, 3),
    place=st.integers(0, 11),
    by=st.floats(0.01, 50).map(lambda value: round(value, 2)),
)
@settings(max_examples=count(12, 400), deadline=None)
def test_every_leaf_is_found_by_its_number(beam: int, point: int, place: int, by: float) -> None:
    made = plan(ARC, SMALL)
    moved = deepcopy(made)
    several = moved.BeamSequence[beam].ControlPointSequence[point]
    leaves = several.BeamLimitingDevicePositionSequence[-1]
    positions = [float(each) for each in leaves.LeafJawPositions]
    positions[place] = round(positions[place] + by, 4)
    leaves.LeafJawPositions = positions
    (only,) = differences(plan_of(made), plan_of(moved))
    assert [each.key for each in only.path] == [str(beam + 1), str(point), "MLCX"]
    assert [each.place for each in only.spots] == [place]
    assert only.deviation == pytest.approx(by)
    words = said(only)
    assert not isinstance(words, str)
    assert f"side {place // 6 + 1} number {place % 6 + 1}" in words["en"]
    assert f"{place // 6 + 1} 侧第 {place % 6 + 1} 片" in words["zh-CN"]


def delivered(
    made: Dataset, machine: Machine | None = None, spoil: dict[str, Any] | None = None
) -> tuple[Difference, ...]:
    """The first beam of a plan against a record of it, some of whose first values are spoilt."""
    written = record(made, 1, [Part(1)], machine=machine)
    point = written.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence[0]
    for keyword, value in (spoil or {}).items():
        setattr(point, keyword, value)
    return of_first(made, written)


def test_a_beam_that_was_delivered_as_planned_does_not_differ() -> None:
    assert delivered(plan(ARC)) == ()
    assert delivered(plan(STATIC)) == ()


@pytest.mark.parametrize(
    ("angle", "severity"),
    [(359.8, Severity.NOTE), (0.4, Severity.NOTE), (0.6, Severity.ALARM), (359.3, Severity.ALARM)],
)
def test_angles_are_compared_across_zero_by_the_plans_own_table(
    angle: float, severity: Severity
) -> None:
    (only,) = delivered(plan(STATIC), spoil={"GantryAngle": angle})
    assert (only.keyword, only.severity) == ("GantryAngle", severity)
    assert only.limit is not None
    assert only.limit.alarm == 0.5
    assert only.limit.source == {"en": "tolerance table 1 of the plan", "zh-CN": "计划容差表 1"}


@pytest.mark.parametrize(("angle", "severity"), [(1.0, Severity.NOTE), (1.1, Severity.ALARM)])
def test_without_a_tolerance_table_the_default_holds(angle: float, severity: Severity) -> None:
    made = plan(STATIC)
    del made.ToleranceTableSequence
    del made.BeamSequence[0].ReferencedToleranceTableNumber
    (only,) = delivered(made, spoil={"GantryAngle": angle})
    assert only.severity is severity
    assert only.limit is not None
    assert only.limit.source == {"en": "Isogate's default", "zh-CN": "Isogate 默认值"}


@pytest.mark.parametrize(
    ("meterset", "severity"),
    [
        (100.9, Severity.NOTE),
        (101.5, Severity.WARN),
        (102.0, Severity.WARN),
        (102.1, Severity.ALARM),
        (97.9, Severity.ALARM),
    ],
)
def test_metersets_warn_above_one_and_alarm_above_two_per_cent(
    meterset: float, severity: Severity
) -> None:
    made = plan(STATIC)
    written = record(made, 1, [Part(1)])
    written.TreatmentSessionBeamSequence[0].SpecifiedPrimaryMeterset = meterset
    found = of_first(made, written)
    assert [(each.keyword, each.severity) for each in found] == [("BeamMeterset", severity)]


def test_a_meterset_in_another_unit_is_named() -> None:
    made = plan(STATIC)
    written = record(made, 1, [Part(1)])
    written.PrimaryDosimeterUnit = "MINUTE"
    (found,) = of_first(made, written)
    assert (found.keyword, found.severity) == ("PrimaryDosimeterUnit", Severity.ALARM)


def test_another_machine_energy_and_dose_rate_are_named() -> None:
    spoilt = {"NominalBeamEnergy": 10.0, "DoseRateSet": 400.0, "SourceToSurfaceDistance": 860.0}
    found = delivered(plan(STATIC), Machine(name="LINAC2"), spoilt)
    severities = {each.keyword: each.severity for each in found if len(each.path) < 3}
    assert severities == {
        "TreatmentMachineName": Severity.ALARM,
        "NominalBeamEnergy": Severity.ALARM,
        "DoseRateSet": Severity.WARN,
        "SourceToSurfaceDistance": Severity.ALARM,
    }
    tree = branches(found)
    assert tree.severity is Severity.ALARM
    assert [each.step.key for each in tree.branches if each.step] == ["1"]


def test_what_control_points_carry_on_is_told_once_and_again_when_it_comes_back() -> None:
    made, turned = plan(ARC, SMALL), plan(ARC, SMALL)
    points = turned.BeamSequence[0].ControlPointSequence
    points[0].BeamLimitingDeviceAngle = 12
    points[2].BeamLimitingDeviceAngle = 10
    points[3].BeamLimitingDeviceAngle = 12
    found = differences(plan_of(made), plan_of(turned))
    assert [each.path[1].key for each in found if each.path[0].key == "1"] == ["0", "3"]


def test_an_interrupted_beam_is_compared_as_far_as_it_ran() -> None:
    made = plan(ARC, SMALL)
    written = record(made, 1, [Part(1, 0, 40.0)])
    last = written.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence[3]
    last.GantryAngle = 12.0
    assert of_first(made, written) == ()


@pytest.mark.parametrize(("start", "end", "place"), [(0, 40, 0), (40, 70, 0), (40, 99.99, 1)])
def test_a_part_that_passes_no_control_point_is_compared_all_the_same(
    start: float, end: float, place: int
) -> None:
    made = plan(STATIC, SMALL)
    delivery = "CONTINUATION" if start else "TREATMENT"
    written = record(made, 1, [Part(1, start, end, delivery, "MACHINE")])
    assert of_first(made, written) == ()
    point = written.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence[place]
    point.GantryAngle, point.NominalBeamEnergy = 90.0, 15.0
    found = of_first(made, written)
    assert {each.keyword for each in found} == {"GantryAngle", "NominalBeamEnergy"}
    assert worst(found) is Severity.ALARM


@pytest.mark.parametrize(
    ("angle", "severity"),
    [(84.0, None), (116.0, Severity.ALARM), (76.0, Severity.ALARM), (84.3, Severity.NOTE)],
)
def test_where_an_arc_stopped_its_settings_are_those_between(
    angle: float, severity: Severity | None
) -> None:
    """From 60 at 33.3 MU to 120 at 66.7 MU; it stopped at 40 MU."""
    made = plan(ARC, SMALL)
    beam = made.BeamSequence[0]
    for point, gantry in zip(beam.ControlPointSequence, (0, 72, 108, 180), strict=True):
        point.GantryAngle = float(gantry)
        point.GantryRotationDirection = "CW"
        point.BeamLimitingDevicePositionSequence = beam.ControlPointSequence[
            0
        ].BeamLimitingDevicePositionSequence
    weights = [float(each.CumulativeMetersetWeight) for each in beam.ControlPointSequence]
    at = weights[1] + (weights[2] - weights[1]) / 3
    whole = float(made.FractionGroupSequence[0].ReferencedBeamSequence[0].BeamMeterset)
    written = record(made, 1, [Part(1, 0, at / weights[-1] * whole, termination="MACHINE")])
    points = written.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence
    points[2].GantryAngle = angle
    assert worst(of_first(made, written)) is severity


def test_a_beam_without_control_points_is_not_told_and_hides_no_other() -> None:
    made = plan(STATIC, SMALL)
    written = record(made, 1, [Part(1)])
    del written.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence
    (found,) = of_first(made, written)
    assert found.severity is Severity.UNTOLD
    words = said(found)
    assert not isinstance(words, str)
    assert "control points" in words["en"]
    written.TreatmentSessionBeamSequence[0].TreatmentDeliveryType = "SETUP"
    assert of_first(made, written) == ()


def test_accessories_are_compared_by_the_names_that_records_give_them() -> None:
    made = plan(STATIC, SMALL)
    (beam, *_) = made.BeamSequence
    beam.CompensatorSequence = [item(CompensatorNumber=1, CompensatorID="C1")]
    beam.GeneralAccessorySequence = [item(GeneralAccessoryNumber=1, GeneralAccessoryID="CONE10")]
    beam.ReferencedBolusSequence = [item(ReferencedROINumber=9, BolusID="BOLUS 5")]

    def told(compensator: str, accessory: str, bolus: str) -> Dataset:
        written = record(made, 1, [Part(1)])
        given = written.TreatmentSessionBeamSequence[0]
        given.RecordedCompensatorSequence = [
            item(ReferencedCompensatorNumber=1, CompensatorID=compensator)
        ]
        given.GeneralAccessorySequence = [
            item(GeneralAccessoryNumber=1, GeneralAccessoryID=accessory)
        ]
        given.ReferencedBolusSequence = [item(ReferencedROINumber=9, BolusID=bolus)]
        return written

    assert of_first(made, told("C1", "CONE10", "BOLUS 5")) == ()
    found = of_first(made, told("C2", "CONE30", "BOLUS 15"))
    assert {(each.keyword, each.severity) for each in found} == {
        ("CompensatorID", Severity.ALARM),
        ("GeneralAccessoryID", Severity.ALARM),
        ("BolusID", Severity.ALARM),
    }


def test_what_a_record_tells_beside_a_plan_is_no_alarm() -> None:
    made = plan(STATIC, SMALL)
    written = record(made, 1, [Part(1)])
    (given, *_) = written.TreatmentSessionBeamSequence
    given.ControlPointDeliverySequence[0].OverrideSequence = [item(OverrideReason="forced")]
    assert of_first(made, written) == ()
    given.ReferencedInstanceSequence = [item(ReferencedSOPInstanceUID="1.2.3")]
    assert worst(of_first(made, written)) is Severity.NOTE
    given.RecordedWedgeSequence = [item(WedgeNumber=1, WedgeID="W30")]
    assert worst(of_first(made, written)) is Severity.ALARM


def test_metersets_at_control_points_are_judged_by_the_whole_of_the_beam() -> None:
    made = plan(ARC, Course(points=180, pairs=2))
    written = record(made, 1, [Part(1)])
    for point in written.TreatmentSessionBeamSequence[0].ControlPointDeliverySequence:
        point.SpecifiedMeterset = round(float(point.SpecifiedMeterset), 1)
    assert worst(of_first(made, written)) is Severity.NOTE


@pytest.mark.parametrize(
    ("spots", "severity"),
    [
        (None, None),
        ([50.0, *[0.0] * 8], Severity.ALARM),
        ([5.0, 6.111111, *[50.0 / 9] * 7], Severity.WARN),
    ],
)
def test_what_each_spot_was_given_is_judged_by_its_layer(
    spots: list[float] | None, severity: Severity | None
) -> None:
    made = plan(ION, Course(beams=1))
    written = ion_record(made)
    if spots is not None:
        layer = written.TreatmentSessionIonBeamSequence[0].IonControlPointDeliverySequence[0]
        layer.ScanSpotMetersetsDelivered = spots
    read = record_of(written)
    (beam,) = read.tree.items("TreatmentSessionIonBeamSequence")
    found = compare_delivered(plan_of(made).tree, read.tree, beam, Tolerances())
    assert worst(found) is severity


def test_how_far_a_spot_is_off_is_said_as_a_part_of_its_layer() -> None:
    made = plan(ION, Course(beams=1))
    written = ion_record(made)
    layer = written.TreatmentSessionIonBeamSequence[0].IonControlPointDeliverySequence[0]
    layer.ScanSpotMetersetsDelivered = [50.0, *[0.0] * 8]
    read = record_of(written)
    (beam,) = read.tree.items("TreatmentSessionIonBeamSequence")
    found = compare_delivered(plan_of(made).tree, read.tree, beam, Tolerances())
    (off,) = [each for each in found if each.keyword == "ScanSpotMetersetsDelivered"]
    words = said(off)
    assert not isinstance(words, str)
    assert "by 88.889%, tolerance 2.000%" in words["en"]
    assert "偏差 88.889%，容差 2.000%" in words["zh-CN"]


def ion_record(made: Dataset) -> Dataset:
    """All of the one beam of an ion plan, as a scanning machine tells it."""
    written = record(plan(STATIC, Course(beams=1)), 1, [Part(1)])
    written.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.9"
    (beam,) = made.IonBeamSequence
    points = []
    for planned in beam.IonControlPointSequence:
        meterset = 100 * float(planned.CumulativeMetersetWeight)
        point = item(
            ReferencedControlPointIndex=planned.ControlPointIndex,
            TreatmentControlPointDate="20250609",
            TreatmentControlPointTime="090000",
            SpecifiedMeterset=meterset,
            DeliveredMeterset=meterset,
            ScanSpotMetersetsDelivered=[100 * float(w) for w in planned.ScanSpotMetersetWeights],
        )
        for keyword in ("NominalBeamEnergy", "ScanSpotPositionMap", "GantryAngle"):
            if keyword in planned:
                setattr(point, keyword, planned.get(keyword))
        points.append(point)
    written.TreatmentSessionIonBeamSequence = [
        item(
            ReferencedBeamNumber=1,
            BeamName="B1",
            TreatmentDeliveryType="TREATMENT",
            CurrentFractionNumber=1,
            TreatmentTerminationStatus="NORMAL",
            SpecifiedPrimaryMeterset=100,
            DeliveredPrimaryMeterset=100,
            IonControlPointDeliverySequence=points,
        )
    ]
    del written.TreatmentSessionBeamSequence
    return written


def of_first(made: Dataset, written: Dataset) -> tuple[Difference, ...]:
    """Where the first beam of a record is not as the plan has it."""
    read = record_of(written)
    beam, *_ = read.tree.items("TreatmentSessionBeamSequence")
    return compare_delivered(plan_of(made).tree, read.tree, beam, Tolerances())
