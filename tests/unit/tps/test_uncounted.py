"""Records that don't tell all: what can't be counted blocks until two people said what it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from gateway.room import Permission
from gateway.web import Refusal
from simulators.rt import ARC, Course, Part, approved, brachy_plan, plan, record
from simulators.rt.compose import item
from tests.unit.tps.rt import record_of
from tests.unit.tps.test_plan_pages import FIRST
from tests.unit.tps.test_sessions import parts, scheduled
from tests.unit.tps.treatment_case import CHEN, Treatments, aside, somebody, treatments
from tps_bridge.block import BlockKind
from tps_bridge.book import Act, Reading
from tps_bridge.ledger import FindingKind, Ledger
from tps_bridge.record.read import BRACHY
from tps_bridge.record.record import Segment
from tps_bridge.record_desk import Established, RecordDesk
from tps_bridge.session import SessionState
from tps_bridge.session.instruction import Unclear, instruction

COURSE = Course(points=5, pairs=4, fractions=3)
LI = somebody("li", *Permission)
ZHAO = somebody("zhao", *Permission)
WHY = "read at the machine"


def _beam(made: Dataset, place: int) -> Dataset:
    beam: Dataset = made.TreatmentSessionBeamSequence[place]
    return beam


def _no_fraction(made: Dataset) -> None:
    for each in made.TreatmentSessionBeamSequence:
        del each.CurrentFractionNumber


def _no_meterset(made: Dataset) -> None:
    beam = _beam(made, 1)
    del beam.DeliveredPrimaryMeterset
    for point in beam.ControlPointDeliverySequence:
        del point.DeliveredMeterset


def _nowhere_from(made: Dataset) -> None:
    beam = _beam(made, 1)
    beam.TreatmentDeliveryType = "CONTINUATION"
    for point in beam.ControlPointDeliverySequence:
        del point.DeliveredMeterset


def _unknown_beam(made: Dataset) -> None:
    _beam(made, 1).ReferencedBeamNumber = 9


def _no_group(made: Dataset) -> None:
    made.ReferencedFractionGroupNumber = 7


def _unknown_word(made: Dataset) -> None:
    _beam(made, 1).TreatmentDeliveryType = "BOOST"


def _setup_that_treats(made: Dataset) -> None:
    _beam(made, 1).ReferencedBeamNumber = 3


def _two_totals(made: Dataset) -> None:
    _beam(made, 1).DeliveredPrimaryMeterset = 40


UNTOLD = {
    FindingKind.UNCLEAR: _two_totals,
    FindingKind.UNNUMBERED: _no_fraction,
    FindingKind.UNTYPED: _unknown_word,
    FindingKind.CONTRARY: _setup_that_treats,
    FindingKind.UNPLACED: _no_meterset,
    FindingKind.UNKNOWN_BEAM: _unknown_beam,
    FindingKind.UNGROUPED: _no_group,
}


async def _ledger(t: Treatments, made: Dataset) -> Ledger:
    (ledger,) = await t.book.ledgers(str(made.SOPInstanceUID))
    return ledger


async def _blocked(t: Treatments, made: Dataset) -> list[BlockKind]:
    row = await t.book.plan(str(made.SOPInstanceUID))
    assert row is not None
    (checked,) = await t.desk.checks(row)
    return [each.kind for each in checked.checks if each.blocks and each.kind != "identity"]


@pytest.mark.parametrize(("kind", "spoil"), UNTOLD.items(), ids=[each.name for each in UNTOLD])
async def test_what_can_not_be_counted_blocks_and_is_a_task(
    tmp_path: Path, kind: FindingKind, spoil: Callable[[Dataset], None]
) -> None:
    made = approved(plan(ARC, COURSE))
    given = record(made, 1, [Part(1), Part(2)])
    spoil(given)
    async with treatments(tmp_path) as t:
        await t.take(made)
        assert await _blocked(t, made) == []
        await t.take(given)
        assert kind in {each.kind for each in (await _ledger(t, made)).uncounted}
        assert await _blocked(t, made) == [BlockKind.COUNT]
        assert "Say what it gave" in await t.page("/courses/problems?lang=en")
        page = unescape(await t.page(f"/plans/{made.SOPInstanceUID}?lang=en"))
        assert "Records that don't tell all" in page
        unclear = kind is FindingKind.UNCLEAR
        end, zh = ("certain", "无法确定") if unclear else ("counted", "未计入")
        assert f"what it gave is not {end}" in page
        assert f"What it gave is not {end}." in page
        assert zh in await t.page(f"/plans/{made.SOPInstanceUID}?lang=zh-CN")


async def test_two_people_say_what_it_gave_and_it_counts(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    given = record(made, 1, [Part(1), Part(2)], at=FIRST + timedelta(days=3))
    _no_fraction(given)
    path, uid = f"/plans/{made.SOPInstanceUID}", str(made.SOPInstanceUID)
    form = {
        "object": str(given.SOPInstanceUID),
        "group": "1",
        "gave": "beams",
        "fraction": "1",
        "from-1": "0",
        "to-1": "100",
        "from-2": "0",
        "to-2": "100",
        "ended": "normal",
        "reason": WHY,
    }
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, uid, "2025-06-12T10:00")
        await t.take(given)
        t.act_as(LI)
        assert (await t.http.post(f"{path}/correct", data=form)).status_code == 200
        assert (await _ledger(t, made)).uncounted
        (note,) = await t.book.notes(uid)
        own = await t.http.post(f"{path}/confirm", data={"override": str(note.seq)})
        assert own.status_code == 409
        t.act_as(ZHAO)
        answer = await t.http.post(f"{path}/confirm", data={"override": str(note.seq)})
        assert answer.status_code == 200
        ledger = await _ledger(t, made)
        assert (ledger.delivered, ledger.next, ledger.findings) == (1, 2, ())
        assert BlockKind.COUNT not in await _blocked(t, made)
        moved = await t.book.session(session.id)
        assert moved is not None
        assert moved.state is SessionState.COMPLETED
        assert "Nothing needs a person" in await t.page("/courses/problems?lang=en")
        page = await t.page(f"{path}?lang=en")
        assert f"li said that it gave: {WHY}" in page
        assert "confirmed by zhao" in page


async def test_two_people_end_what_a_record_contradicts(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    given = record(made, 1, [Part(1), Part(2)])
    _two_totals(given)
    uid, object_ = str(made.SOPInstanceUID), str(given.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        assert (await _ledger(t, made)).delivered == 1
        part = Established(1, 1, (Reading(1, 0, 100), Reading(2, 0, 40)), normal=False)
        await RecordDesk(t.book, t.desk).correct(LI, uid, object_, part, WHY)
        assert BlockKind.COUNT in await _blocked(t, made)
        await t.desk.confirm(ZHAO, uid, (await t.book.notes(uid))[-1].seq)
        ledger = await _ledger(t, made)
        assert (ledger.delivered, ledger.partial, ledger.next) == (0, 1, 1)
        assert BlockKind.COUNT not in await _blocked(t, made)


async def test_a_later_word_on_a_record_needs_its_own_second_person(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    given = record(made, 1, [Part(1), Part(2)])
    _no_fraction(given)
    uid, object_ = str(made.SOPInstanceUID), str(given.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        desk = RecordDesk(t.book, t.desk)
        whole = Established(1, 1, (Reading(1, 0, 100), Reading(2, 0, 100)), normal=True)
        await desk.correct(LI, uid, object_, whole, WHY)
        first = (await t.book.notes(uid))[-1].seq
        nothing = Established(1, 0, (), normal=False)
        await desk.correct(LI, uid, object_, nothing, "the beam never came on")
        with pytest.raises(Refusal):
            await t.desk.confirm(ZHAO, uid, first)
        await t.desk.confirm(ZHAO, uid, (await t.book.notes(uid))[-1].seq)
        ledger = await _ledger(t, made)
        assert (ledger.delivered, ledger.partial, ledger.findings) == (0, 0, ())
        await desk.correct(LI, uid, object_, whole, "it did after all")
        assert (await _ledger(t, made)).findings == (), "what two established holds until then"
        await t.desk.confirm(ZHAO, uid, (await t.book.notes(uid))[-1].seq)
        assert (await _ledger(t, made)).delivered == 1


@pytest.mark.parametrize(
    "said",
    [
        Established(2, 1, (), normal=True),
        Established(1, 0, (Reading(1, 0, 1),), normal=True),
        Established(1, 1, (Reading(9, 0, 1),), normal=True),
        Established(1, 1, (Reading(1, 5, 5),), normal=True),
        Established(1, 1, (Reading(1, -1, 5),), normal=True),
        Established(1, 1, (Reading(1, 0, float("nan")),), normal=True),
    ],
)
async def test_what_can_not_be_is_refused(tmp_path: Path, said: Established) -> None:
    made = approved(plan(ARC, COURSE))
    given, whole = record(made, 1, [Part(1), Part(2)]), record(made, 2, [Part(1), Part(2)])
    _no_fraction(given)
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, given, whole)
        desk = RecordDesk(t.book, t.desk)
        with pytest.raises(Refusal) as refused:
            await desk.correct(CHEN, uid, str(given.SOPInstanceUID), said, WHY)
        assert refused.value.status == 422
        known = Established(1, 1, (), normal=True)
        with pytest.raises(Refusal, match="tells what it gave"):
            await desk.correct(CHEN, uid, str(whole.SOPInstanceUID), known, WHY)


async def test_it_is_set_aside_for_one_fraction_and_the_rest_is_not_told(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    begun = record(made, 1, [Part(1), Part(2, 0, 40, termination="MACHINE")])
    rest = record(made, 1, [Part(1), Part(2, 40, 60)])
    del rest.TreatmentSessionBeamSequence[0]
    _beam(rest, 0).TreatmentDeliveryType = "CONTINUATION"
    for point in _beam(rest, 0).ControlPointDeliverySequence:
        del point.DeliveredMeterset
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, begun, rest)
        assert await _blocked(t, made) == [BlockKind.COUNT]
        needed = await parts(t, made)
        with pytest.raises(Unclear, match="doesn't tell what was given of beam 2"):
            instruction(*needed, FIRST)
        t.act_as(LI)
        form = aside(await t.shown(uid, BlockKind.COUNT), WHY)
        assert (await t.http.post(f"/plans/{uid}/override", data=form)).status_code == 200
        notes = [each.act for each in await t.book.notes(uid)]
        assert notes == [Act.OVERRIDE]


async def test_what_another_plan_of_the_course_gave_uncounted_blocks_too(tmp_path: Path) -> None:
    old, new = approved(plan(ARC, COURSE)), approved(plan(ARC, COURSE))
    given = record(old, 1, [Part(1), Part(2)])
    _no_fraction(given)
    said = {"other": str(old.SOPInstanceUID), "kinship": "adapts", "counts": "yes", "reason": WHY}
    async with treatments(tmp_path) as t:
        await t.take(old, new, given)
        assert BlockKind.COUNT not in await _blocked(t, new)
        answer = await t.http.post(f"/plans/{new.SOPInstanceUID}/relate", data=said)
        assert answer.status_code == 200
        assert BlockKind.COUNT in await _blocked(t, new)


def _no_plan(made: Dataset) -> None:
    made.ReferencedRTPlanSequence = []


def _unreadable(made: Dataset) -> None:
    _beam(made, 1).DeliveredPrimaryMeterset = -1


@pytest.mark.parametrize("spoil", [_no_plan, _unreadable])
async def test_a_record_of_no_known_plan_blocks_those_of_its_patient(
    tmp_path: Path, spoil: Callable[[Dataset], None]
) -> None:
    made = approved(plan(ARC, COURSE))
    given, other = record(made, 1, [Part(1), Part(2)]), approved(plan(ARC, Course(patient="RT-9")))
    spoil(given)
    uid, object_ = str(made.SOPInstanceUID), str(given.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, other, given)
        assert await _blocked(t, made) == [BlockKind.COUNT]
        assert await _blocked(t, other) == []
        assert "It gave nothing by this plan" in await t.page(f"/plans/{uid}?lang=en")
        desk = RecordDesk(t.book, t.desk)
        some = Established(1, 1, (Reading(1, 0, 100),), normal=True)
        with pytest.raises(Refusal, match="of no plan that is known"):
            await desk.correct(LI, uid, object_, some, WHY)
        form = {"object": object_, "group": "1", "gave": "nothing", "reason": WHY}
        t.act_as(LI)
        assert (await t.http.post(f"/plans/{uid}/correct", data=form)).status_code == 200
        assert await _blocked(t, made) == [BlockKind.COUNT]
        await t.desk.confirm(ZHAO, uid, (await t.book.notes(uid))[-1].seq)
        assert await _blocked(t, made) == []


async def test_an_application_needs_a_time_that_can_be(tmp_path: Path) -> None:
    made = approved(brachy_plan())
    given = record(approved(plan(ARC, COURSE)), 1, [Part(1), Part(2)])
    given.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = made.SOPInstanceUID
    given.PatientID, given.PatientName = made.PatientID, made.PatientName
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        uid, object_ = str(made.SOPInstanceUID), str(given.SOPInstanceUID)
        row = await t.book.plan(uid)
        assert row is not None
        (beam,) = row.card.facts.groups[0].beams
        for time in (None, 0.0, -90.0, float("nan"), float("inf")):
            said = Established(1, 1, (Reading(beam.number, 0, 60, time),), normal=True)
            with pytest.raises(Refusal, match="specified"):
                await RecordDesk(t.book, t.desk).correct(LI, uid, object_, said, WHY)


def test_a_record_of_brachytherapy_does_not_tell_where_it_went_on() -> None:
    made = record(approved(plan(ARC, COURSE)), 1, [Part(1)])
    made.SOPClassUID = BRACHY
    del made.TreatmentSessionBeamSequence
    made.TreatmentSessionApplicationSetupSequence = [
        item(
            ReferencedBrachyApplicationSetupNumber=1,
            TreatmentDeliveryType=delivery,
            CurrentFractionNumber=1,
            RecordedChannelSequence=[
                item(
                    ChannelNumber=1, DeliveredChannelTotalTime=20, SpecifiedChannelTotalTime=wanted
                )
            ],
        )
        for delivery, wanted in (("TREATMENT", 40), ("CONTINUATION", 20), ("TREATMENT", None))
    ]
    first, rest, bare = record_of(made).beams
    assert first.segment == Segment(0.0, 20.0)
    assert rest.segment == Segment(None, 20.0)
    assert rest.unclear == "it doesn't tell where the application was continued"
    assert (bare.segment, bare.unclear) == (None, "a channel tells no time")


def test_one_control_point_tells_no_stretch() -> None:
    made = record(approved(plan(ARC, COURSE)), 1, [Part(1)])
    beam = _beam(made, 0)
    del beam.DeliveredPrimaryMeterset
    beam.ControlPointDeliverySequence = [beam.ControlPointDeliverySequence[0]]
    (given,) = record_of(made).beams
    assert given.segment is None
    assert given.unclear == "it tells no meterset, or one alone"


def _told(total: float | None, points: list[float | None], delivery: str = "TREATMENT") -> Dataset:
    """A record of one beam of 100 MU with these metersets at its control points."""
    made = record(approved(plan(ARC, COURSE)), 1, [Part(1, delivery=delivery)])
    beam = _beam(made, 0)
    beam.DeliveredPrimaryMeterset = total
    beam.ControlPointDeliverySequence = [
        item(ReferencedControlPointIndex=place, DeliveredMeterset=each)
        for place, each in enumerate(points)
    ]
    return made


@pytest.mark.parametrize(
    ("total", "points", "segment"),
    [
        (100, [], (0, 100)),
        (100, [None, None], (0, 100)),
        (100, [0, 50, 100], (0, 100)),
        (None, [0, 50, 100], (0, 100)),
        (120, [0, 50, 100], (0, 120)),
        (100, [100], (0, 100)),
        (100, [None, 50, 100], (0, 100)),
        (100, [0, None], (0, 100)),
        (60, [40, 100], (40, 100)),
        (0, [0], (0, 0)),
    ],
)
def test_a_stretch_is_what_is_certain(
    total: float | None, points: list[float | None], segment: tuple[float, float]
) -> None:
    (given,) = record_of(_told(total, points)).beams
    assert (given.segment, given.unclear) == (Segment(*segment), "")


@pytest.mark.parametrize(
    ("total", "points", "delivery", "why"),
    [
        (100, [100], "CONTINUATION", "control points tell 100 alone"),
        (100, [40], "TREATMENT", "control points tell 40 alone, .* says 100"),
        (100, [100, None], "TREATMENT", "control points tell 100 alone"),
        (50, [0, 100, None], "TREATMENT", "control points tell 0, 100 alone"),
        (60, [None, 70, 100], "TREATMENT", "control points tell 70, 100 alone"),
        (None, [None, 50, 100], "TREATMENT", "no meterset, or one alone"),
        (None, [0, 50, None], "TREATMENT", "no meterset, or one alone"),
        (None, [], "TREATMENT", "no meterset, or one alone"),
    ],
)
def test_what_is_not_certain_has_no_place(
    total: float | None, points: list[float | None], delivery: str, why: str
) -> None:
    (given,) = record_of(_told(total, points, delivery)).beams
    assert given.segment is None
    assert re.search(why, given.unclear)


@pytest.mark.parametrize(("total", "points"), [(100, [40, 100]), (100, [0, 40])])
def test_a_total_that_is_none_of_the_stretch_is_unclear(
    total: float, points: list[float | None]
) -> None:
    (given,) = record_of(_told(total, points)).beams
    start, end = points[0], points[-1]
    assert start is not None
    assert end is not None
    assert given.segment == Segment(start, end)
    assert (
        given.unclear
        == f"the control points tell {end - start:g}, DeliveredPrimaryMeterset says 100"
    )
