"""Datasets as items, and items as plans."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from simulators.rt import ARC, ELECTRON, ION, STATIC, Course, approved, brachy_plan, encoded, plan
from simulators.rt.compose import item
from tests.unit.tps.rt import item_of, plan_of
from tps_bridge.plan import Approval, PlanKind, read_dose, read_plan, read_structures
from tps_bridge.rt import Bounds, Malformed, decode


def test_what_a_control_point_leaves_out_stays_as_it_was() -> None:
    beam = plan_of(plan(ARC, Course(points=5))).beams[0]
    first, last = beam.points[0], beam.points[-1]
    assert (last.energy, last.collimator, last.ssd) == (6.0, 10.0, 880.0)
    assert last.isocenter == first.isocenter == (12.5, -101.0, 34.0)
    assert first.positions is not None
    assert last.positions is not None
    assert last.positions["ASYMX"] == first.positions["ASYMX"] == (-42.0, 42.0)
    assert last.positions["MLCX"] != first.positions["MLCX"]
    assert first.couch_vertical is None
    assert (first.gantry, last.gantry) == (181.0, 179.0)
    assert beam.meterset_at(beam.points[2]) == pytest.approx(50.0)


def test_a_field_for_setup_is_no_treatment() -> None:
    read = plan_of(plan(STATIC))
    assert [each.number for each in read.beams if each.is_setup] == [3]
    assert [each.number for each in read.treatment_beams] == [1, 2]
    assert read.machines == ("LINAC1",)
    assert read.groups[0].a_day == 1


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (plan(STATIC), PlanKind.PHOTON),
        (plan(ELECTRON), PlanKind.ELECTRON),
        (plan(ION), PlanKind.ION),
        (brachy_plan(), PlanKind.BRACHY),
    ],
    ids=["photon", "electron", "ion", "brachy"],
)
def test_each_kind_of_plan_is_read(made: Dataset, kind: PlanKind) -> None:
    assert plan_of(made).kind is kind


def test_accessories_are_named() -> None:
    beam = plan_of(plan(ELECTRON)).beams[0]
    assert (beam.applicator, beam.blocks, beam.boli) == ("A15", ("I7",), ("BOLUS 5",))
    assert plan_of(plan(STATIC)).beams[1].wedges == ("W30",)
    channel = plan_of(brachy_plan()).applications[0].channels[0]
    assert (channel.time, len(channel.dwells), channel.dwells[-1].position) == (110.0, 12, 25.0)


def test_approval_and_names_are_those_of_the_object() -> None:
    read = plan_of(approved(plan()))
    assert (read.approval, read.reviewer) == (Approval.APPROVED, "Li^Na")
    assert (read.identity.name, read.identity.patient) == ("Wang^Fang=王^芳", "RT-2041")
    assert plan_of(plan(ApprovalStatus="")).approval is Approval.UNSAID


def _two_beams_with_a_number(made: Dataset) -> None:
    made.BeamSequence[1].BeamNumber = 1


def _a_leaf_short(made: Dataset) -> None:
    leaves = made.BeamSequence[0].ControlPointSequence[1].BeamLimitingDevicePositionSequence[0]
    leaves.LeafJawPositions = list(leaves.LeafJawPositions)[:-1]


def _a_boundary_short(made: Dataset) -> None:
    device = made.BeamSequence[0].BeamLimitingDeviceSequence[2]
    device.LeafPositionBoundaries = list(device.LeafPositionBoundaries)[:-1]


def _weight_falls(made: Dataset) -> None:
    made.BeamSequence[0].ControlPointSequence[2].CumulativeMetersetWeight = 0.01


def _weight_does_not_end(made: Dataset) -> None:
    made.BeamSequence[0].FinalCumulativeMetersetWeight = 2.0


def _no_weight(made: Dataset) -> None:
    made.BeamSequence[0].ControlPointSequence[2].CumulativeMetersetWeight = None


def _setup_without_end(made: Dataset) -> None:
    made.BeamSequence[-1].ControlPointSequence[-1].CumulativeMetersetWeight = None


def _treatment_without_weights(made: Dataset) -> None:
    _without_weights(made.BeamSequence[0])


def _setup_with_a_meterset(made: Dataset) -> None:
    beam = made.BeamSequence[-1]
    _without_weights(beam)
    group = made.FractionGroupSequence[0]
    own = item(ReferencedBeamNumber=beam.BeamNumber, BeamMeterset=2)
    others = [e for e in group.ReferencedBeamSequence if e.ReferencedBeamNumber != beam.BeamNumber]
    group.ReferencedBeamSequence = [*others, own]


def _without_weights(beam: Dataset) -> None:
    beam.FinalCumulativeMetersetWeight = None
    for point in beam.ControlPointSequence:
        point.CumulativeMetersetWeight = None


def test_a_field_for_setup_may_have_no_weights() -> None:
    made = plan(ARC, Course(points=5))
    _without_weights(made.BeamSequence[-1])
    read = plan_of(made)
    setup = read.beams[-1]
    assert setup.is_setup
    assert [(each.weight, setup.meterset_at(each)) for each in setup.points] == [
        (None, None) for _ in setup.points
    ]
    assert read.treatment_beams[0].points[-1].weight == 1.0


def _point_missing(made: Dataset) -> None:
    del made.BeamSequence[0].ControlPointSequence[3]


def _beam_missing(made: Dataset) -> None:
    del made.BeamSequence[1]


def _negative_meterset(made: Dataset) -> None:
    made.FractionGroupSequence[0].ReferencedBeamSequence[0].BeamMeterset = -1


def _no_fractions(made: Dataset) -> None:
    made.FractionGroupSequence[0].NumberOfFractionsPlanned = 0


def _endless_fractions(made: Dataset) -> None:
    made.FractionGroupSequence[0].NumberOfFractionsPlanned = 2**31 - 1


def _flat_isocenter(made: Dataset) -> None:
    made.BeamSequence[0].ControlPointSequence[0].IsocenterPosition = [1, 2]


def _two_fluences(made: Dataset) -> None:
    made.BeamSequence[0].PrimaryFluenceModeSequence.append(item(FluenceMode="STANDARD"))


def _nothing(made: Dataset) -> None:
    del made.BeamSequence


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_two_beams_with_a_number, "two items have BeamNumber 1"),
        (_a_leaf_short, "beam 1, control point 1: MLCX has 119 positions"),
        (_a_boundary_short, "beam 1, MLCX: 60 leaf pairs have 60 boundaries"),
        (_weight_falls, "beam 1, control point 2: the meterset weight falls"),
        (_weight_does_not_end, "the last control point has the weight 1, the beam says 2"),
        (_no_weight, "beam 1, control point 2: CumulativeMetersetWeight is missing"),
        (_setup_without_end, "beam 3, control point 1: CumulativeMetersetWeight is missing"),
        (_treatment_without_weights, "beam 1, control point 0: CumulativeMetersetWeight is"),
        (_setup_with_a_meterset, "beam 3, control point 0: CumulativeMetersetWeight is"),
        (_point_missing, "beam 1: it has 10 control points and says 11"),
        (_beam_missing, "fraction group 1: beam 2 is not in the plan"),
        (_negative_meterset, "fraction group 1, beam 1: BeamMeterset is negative"),
        (_no_fractions, "fraction group 1: 0 fractions are planned"),
        (_endless_fractions, "fraction group 1: 2147483647 fractions are planned"),
        (_flat_isocenter, "control point 0: the isocenter has 2 coordinates"),
        (_two_fluences, "PrimaryFluenceModeSequence has 2 items instead of one"),
        (_nothing, "neither beams nor application setups"),
    ],
)
def test_what_can_be_no_plan_is_refused_with_words(
    spoil: Callable[[Dataset], None], words: str
) -> None:
    made = plan(ARC)
    spoil(made)
    with pytest.raises(Malformed) as refused:
        plan_of(made)
    assert words in str(refused.value)


def test_a_number_that_is_none_says_where_it_stands() -> None:
    data = encoded(plan(STATIC)).replace(b"880.0 ", b"88O.0 ")
    with pytest.raises(Malformed) as refused:
        decode(data, "1.2.840.10008.1.2.1")
    assert "'88O.0 ' is no number" in str(refused.value)
    assert "item 1, ControlPointSequence item 1, SourceToSurface" in refused.value.where


@pytest.mark.parametrize("left", [3, 9, 200])
def test_a_truncated_object_is_refused(left: int) -> None:
    """Cut within its beams: between two elements nothing tells that more was to come."""
    data = encoded(plan(STATIC))
    beams = data.index(bytes.fromhex("0a30b0005351"))
    with pytest.raises(Malformed):
        read_plan(decode(data[: beams + left], "1.2.840.10008.1.2.1"))


def test_what_is_too_large_or_too_deep_is_refused() -> None:
    data = encoded(plan(STATIC))
    with pytest.raises(Malformed, match="are more than the 100"):
        decode(data, "1.2.840.10008.1.2.1", Bounds(size=100))
    with pytest.raises(Malformed, match="too many items"):
        decode(data, "1.2.840.10008.1.2.1", Bounds(items=5))
    deep = Dataset()
    for _ in range(30):
        outer = Dataset()
        outer.BeamSequence = [deep]
        deep = outer
    with pytest.raises(Malformed, match="nested too deeply"):
        item_of(deep)
    bomb = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = bomb.compress(bytes(10_000_000)) + bomb.flush()
    with pytest.raises(Malformed, match="inflates to more"):
        decode(packed, DeflatedExplicitVRLittleEndian, Bounds(size=1_000_000))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_the_same_plan_in_another_transfer_syntax(syntax: str) -> None:
    made = plan(ION)
    assert plan_of(made, syntax) == plan_of(made)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_attributes_that_are_pointed_at_are_named(syntax: str) -> None:
    made = item(OverrideParameterPointer=0x300A011E)
    assert item_of(made, syntax).text("OverrideParameterPointer") == "GantryAngle"


def test_structures_and_doses_are_told() -> None:
    structures = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
        SOPInstanceUID="1.2.3",
        StructureSetLabel="S1",
        StructureSetROISequence=[
            item(ROINumber=1, ROIName="PTV"),
            item(ROINumber=2, ROIName="皮肤"),
        ],
        ROIContourSequence=[item(ReferencedROINumber=1, ContourSequence=[Dataset(), Dataset()])],
        RTROIObservationsSequence=[item(ReferencedROINumber=1, RTROIInterpretedType="PTV")],
    )
    structures.SpecificCharacterSet = "GB18030"
    read = read_structures(item_of(structures))
    assert [(each.name, each.kind) for each in read.structures] == [("PTV", "PTV"), ("皮肤", "")]
    dose = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.2",
        SOPInstanceUID="1.2.4",
        Rows=40,
        Columns=50,
        NumberOfFrames=3,
        PixelSpacing=[2.5, 3.0],
        GridFrameOffsetVector=[0, 3, 6],
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DoseSummationType="PLAN",
        DoseGridScaling=0.001,
    )
    grid = read_dose(item_of(dose))
    assert (grid.size, grid.extent, grid.units) == ((50, 40, 3), (150.0, 100.0, 6.0), "GY")
    dose.GridFrameOffsetVector = [0, 3]
    with pytest.raises(Malformed, match="2 values for 3 frames"):
        read_dose(item_of(dose))
