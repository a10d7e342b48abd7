"""Plans that replace or adapt others, and plans of an emergency."""

from __future__ import annotations

from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydicom.dataset import Dataset

from gateway.room import OWNER, Permission
from gateway.testing.room import known_ring
from gateway.web import Refusal
from simulators.rt import ARC, Course, Part, approved, plan, record
from simulators.rt.compose import item
from tests.unit.tps.test_sessions import scheduled
from tests.unit.tps.treatment_case import CHEN, Treatments, somebody, treatments
from tps_bridge.block import BlockKind, Check
from tps_bridge.book import Book
from tps_bridge.book.family import Kinship, Related, counted, kin, relations
from tps_bridge.course_desk import CourseDesk
from tps_bridge.options import TpsOptions
from tps_bridge.record_desk import RecordDesk
from tps_bridge.session.desk import SessionDesk

COURSE = Course(points=3, pairs=4, fractions=3)
RULE = TpsOptions.model_validate(
    {"emergency": {"leaves_out": ["approval", "day"], "source": "SOP RT-12, 2026-01"}}
)
PTV = "2.25.41"
SECOND = somebody("lan", *Permission)


def uid(made: Dataset) -> str:
    return str(made.SOPInstanceUID)


def of_course(label: str, relation: str = "", other: Dataset | None = None, /) -> Dataset:
    """An approved plan with a dose reference that others share, derived from another one."""
    made = approved(plan(ARC, Course(points=3, pairs=4, fractions=3, label=label)))
    made.DoseReferenceSequence[0].DoseReferenceUID = PTV
    if other is not None:
        made.ReferencedRTPlanSequence = [
            item(
                ReferencedSOPClassUID=other.SOPClassUID,
                ReferencedSOPInstanceUID=other.SOPInstanceUID,
                RTPlanRelationship=relation,
            )
        ]
    return made


def day(number: int) -> datetime:
    return datetime(2025, 6, number, 9)  # noqa: DTZ001 - as DICOM writes it


def whole(made: Dataset, fraction: int, on: int) -> Dataset:
    return record(made, fraction, [Part(1), Part(2)], at=day(on))


async def relate(
    t: Treatments, new: Dataset, old: Dataset, kinship: Kinship, *, counts: bool = True
) -> None:
    desk = CourseDesk(t.book, RULE, t.desk)
    await desk.relate(OWNER, uid(new), uid(old), kinship.value, "the tumour shrank", counts=counts)


async def check(t: Treatments, made: Dataset, kind: BlockKind) -> Check:
    row = await t.book.plan(uid(made))
    assert row is not None
    (checked,) = await t.desk.checks(row)
    return next(each for each in checked.checks if each.kind is kind)


async def said(t: Treatments, made: Dataset, kind: BlockKind) -> str:
    reason = (await check(t, made, kind)).reason
    return "" if reason is None or isinstance(reason, str) else reason["en"]


@pytest.mark.parametrize("relation", ["PREDECESSOR", "ALTERNATIVE"])
async def test_neither_plan_is_treated_until_somebody_says_which_one(
    tmp_path: Path, relation: str
) -> None:
    old = of_course("OLD")
    new = of_course("NEW", relation, old)
    async with treatments(tmp_path) as t:
        await t.take(old, new)
        assert "derived from OLD" in await said(t, new, BlockKind.RELATION)
        assert "NEW is derived from it" in await said(t, old, BlockKind.RELATION)
        await relate(t, new, old, Kinship.ADAPTS)
        assert await said(t, new, BlockKind.RELATION) == ""
        assert await said(t, old, BlockKind.RELATION) == ""


@pytest.mark.parametrize("relation", ["PRIOR", "CONCURRENT", ""])
async def test_other_relations_are_shown_and_block_nothing(tmp_path: Path, relation: str) -> None:
    old = of_course("OLD")
    new = of_course("NEW", relation, old)
    async with treatments(tmp_path) as t:
        await t.take(old, new)
        assert await said(t, new, BlockKind.RELATION) == ""
        assert (relation or "no relation said") in await t.page(f"/plans/{uid(new)}?lang=en")


async def test_a_plan_that_verifies_another_one_treats_nobody(tmp_path: Path) -> None:
    old = of_course("OLD")
    new = of_course("QA", "VERIFIED_PLAN", old)
    async with treatments(tmp_path) as t:
        await t.take(old, new)
        assert "to verify OLD" in await said(t, new, BlockKind.PURPOSE)


async def test_a_replaced_plan_is_retired_and_what_it_gave_counts_in_the_new_one(
    tmp_path: Path,
) -> None:
    old = of_course("OLD")
    new = of_course("NEW", "PREDECESSOR", old)
    async with treatments(tmp_path) as t:
        await t.take(old, whole(old, 1, 9))
        open_ = await scheduled(t, uid(old))
        await t.take(new)
        await relate(t, new, old, Kinship.REPLACES)
        standing = await t.context.neighbours(SessionDesk).standing(open_)
        reasons = [each.reason for each in standing.checks if each.kind is BlockKind.STATE]
        assert "replaced by NEW: the tumour shrank" in str(reasons)
        with pytest.raises(Refusal, match="No fraction of this group is left"):
            await scheduled(t, uid(old))
        await t.take(whole(new, 1, 10), whole(new, 2, 11))
        assert "Gy are prescribed" in await said(t, new, BlockKind.DOSE)
        course = unescape(await t.page(f"/courses/{await course_of(t, new)}?lang=en"))
        assert "Gy of OLD count as well" in course


@pytest.mark.parametrize("kinship", [Kinship.REPLACES, Kinship.ADAPTS])
async def test_a_record_that_may_be_anothers_blocks_every_plan_that_it_may_count_towards(
    tmp_path: Path, kinship: Kinship
) -> None:
    old = of_course("OLD")
    new = of_course("NEW", "PREDECESSOR", old)
    strange = whole(old, 1, 9)
    strange.PatientBirthDate = "19000101"
    li, zhao = somebody("li", *Permission), somebody("zhao", *Permission)
    async with treatments(tmp_path) as t:
        await t.take(old, strange, new)
        await relate(t, new, old, kinship)
        assert (await check(t, new, BlockKind.RECORD)).blocks
        assert "by OLD, which belongs to this course" in await said(t, new, BlockKind.RECORD)
        await RecordDesk(t.book, t.desk).attribute(
            li, uid(old), uid(strange), own=True, why="typed wrong"
        )
        seq = (await t.book.notes(uid(old)))[-1].seq
        await t.desk.confirm(zhao, uid(old), seq)
        assert not (await check(t, new, BlockKind.RECORD)).blocks


async def test_a_record_of_a_plan_that_stands_alone_blocks_none_but_its_own(
    tmp_path: Path,
) -> None:
    old = of_course("OLD")
    new = of_course("NEW", "PREDECESSOR", old)
    strange = whole(old, 1, 9)
    strange.PatientBirthDate = "19000101"
    async with treatments(tmp_path) as t:
        await t.take(old, strange, new)
        await relate(t, new, old, Kinship.ALONE)
        assert not (await check(t, new, BlockKind.RECORD)).blocks
        assert (await check(t, old, BlockKind.RECORD)).blocks


async def test_a_prescription_of_what_is_left_is_not_charged_with_what_was_given(
    tmp_path: Path,
) -> None:
    old = of_course("OLD")
    new = of_course("NEW", "PREDECESSOR", old)
    async with treatments(tmp_path) as t:
        await t.take(old, whole(old, 1, 9), new)
        await relate(t, new, old, Kinship.REPLACES, counts=False)
        await t.take(whole(new, 1, 10), whole(new, 2, 11))
        assert await said(t, new, BlockKind.DOSE) == ""


async def test_dose_that_no_uid_ties_is_never_taken_for_nothing(tmp_path: Path) -> None:
    old = of_course("OLD")
    del old.DoseReferenceSequence[0].DoseReferenceUID
    new = of_course("NEW", "PREDECESSOR", old)
    async with treatments(tmp_path) as t:
        await t.take(old, whole(old, 1, 9), new)
        await relate(t, new, old, Kinship.REPLACES)
        assert "no Dose Reference UID in common" in await said(t, new, BlockKind.DOSE)


async def test_a_fraction_by_an_adapted_plan_counts_for_day_and_dose_of_the_other(
    tmp_path: Path,
) -> None:
    base = of_course("BASE")
    daily = of_course("DAILY", "ALTERNATIVE", base)
    async with treatments(tmp_path) as t:
        await t.take(base, daily, whole(daily, 1, 12))
        await relate(t, daily, base, Kinship.ADAPTS)
        assert "another plan of the course was treated today" in await said(t, base, BlockKind.DAY)
        await t.take(whole(base, 1, 9), whole(base, 2, 10))
        assert "Gy are prescribed" in await said(t, base, BlockKind.DOSE)


async def test_plans_of_two_patients_are_never_related(tmp_path: Path) -> None:
    old = of_course("OLD")
    old.PatientID = "SOMEBODY-ELSE"
    new = of_course("NEW", "PREDECESSOR", old)
    async with treatments(tmp_path) as t:
        await t.take(old, new)
        for kinship in Kinship:
            with pytest.raises(Refusal, match="not a plan of this patient"):
                await relate(t, new, old, kinship)


async def test_a_plan_whose_predecessor_is_not_here_may_stand_alone(tmp_path: Path) -> None:
    old = of_course("OLD")
    new = of_course("NEW", "PREDECESSOR", old)
    async with treatments(tmp_path) as t:
        await t.take(new)
        with pytest.raises(Refusal, match="not here"):
            await relate(t, new, old, Kinship.REPLACES)
        form = {"other": uid(old), "kinship": "alone", "reason": "given elsewhere, by letter"}
        t.act_as(somebody("wu", Permission.READ_PLANS))
        assert (await t.http.post(f"/plans/{uid(new)}/relate", data=form)).status_code == 403
        t.act_as(CHEN)
        assert (await t.http.post(f"/plans/{uid(new)}/relate", data=form)).status_code == 422
        form["counts"] = "no"
        assert (await t.http.post(f"/plans/{uid(new)}/relate", data=form)).status_code == 200
        assert await said(t, new, BlockKind.RELATION) == ""


async def test_an_emergency_leaves_out_what_the_rule_says_once_two_people_agree(
    tmp_path: Path,
) -> None:
    made = plan(ARC, COURSE)
    async with treatments(tmp_path, RULE) as t:
        await t.take(made)
        row = await t.book.plan(uid(made))
        assert row is not None
        path = f"/plans/{uid(made)}"
        form = {"digest": row.card.digest, "reason": "cord compression"}
        assert (await t.http.post(f"{path}/emergency", data=form)).status_code == 422
        form["role"] = "oncologist on call"
        assert (await t.http.post(f"{path}/emergency", data=form)).status_code == 200
        assert (await check(t, made, BlockKind.APPROVAL)).blocks
        noted = (await t.book.notes(uid(made)))[-1]
        with pytest.raises(Refusal, match="Nobody confirms their own"):
            await t.desk.confirm(CHEN, uid(made), noted.seq)
        await t.desk.confirm(SECOND, uid(made), noted.seq)
        left_out = await check(t, made, BlockKind.APPROVAL)
        assert (left_out.blocks, left_out.left_out) == (False, "SOP RT-12, 2026-01")
        assert left_out.reason is not None
        assert (await check(t, made, BlockKind.IDENTITY)).blocks
        page = unescape(await t.page(f"{path}?lang=en"))
        assert "Declared by chen as oncologist on call: cord compression" in page
        assert "Not asked: approval, day. By: SOP RT-12, 2026-01" in page
        session = await scheduled(t, uid(made))
        assert "not asked: an emergency" in await t.page(f"/sessions/{session.id}?lang=en")
        assert "不检查：批准" in unescape(await t.page(f"{path}?lang=zh-CN"))


async def test_without_a_rule_nothing_is_an_emergency(tmp_path: Path) -> None:
    made = plan(ARC, COURSE)
    async with treatments(tmp_path) as t:
        await t.take(made)
        desk = CourseDesk(t.book, TpsOptions(), t.desk)
        with pytest.raises(Refusal, match="has not said which checks"):
            await desk.declare(CHEN, uid(made), "any", "on call", "cord compression")


@pytest.mark.parametrize("kind", ["identity", "dose", "version", "machine", "fraction", "state"])
def test_what_keeps_a_patient_safe_is_never_left_out(kind: str) -> None:
    with pytest.raises(ValidationError, match="never left out"):
        TpsOptions.model_validate({"emergency": {"leaves_out": [kind], "source": "SOP"}})


async def test_a_replay_knows_the_relations(tmp_path: Path) -> None:
    old = of_course("OLD")
    new = of_course("NEW", "PREDECESSOR", old)
    async with treatments(tmp_path) as t:
        await t.take(old, new)
        await relate(t, new, old, Kinship.ADAPTS)
        await relate(t, new, old, Kinship.REPLACES)
        async with Book.open(tmp_path / "again" / "tps.sqlite", known_ring()) as again:
            await t.ports.feed(again)
            found = relations(await again.notes(uid(new)))
            assert [each.kinship for each in found] == [Kinship.REPLACES]
            assert await again.plans() == await t.book.plans()


PLANS = st.sampled_from("ABCDE")
SAID = st.lists(
    st.builds(Related, PLANS, PLANS, st.sampled_from(sorted(Kinship)), st.booleans()), max_size=8
)


@given(PLANS, SAID)
def test_no_plan_counts_twice_or_in_itself_however_plans_are_related(
    uid_: str, said_: list[Related]
) -> None:
    counts, family = counted(uid_, said_), kin(uid_, said_)
    assert len(set(counts)) == len(counts)
    assert uid_ not in {*counts, *family}
    assert set(counts) <= set(family)
    assert all(uid_ in kin(each, said_) for each in family)


async def course_of(t: Treatments, made: Dataset) -> str:
    page = await t.page(f"/plans/{uid(made)}?lang=en")
    return page.partition('href="/courses/')[2].partition('"')[0]
