"""The pages of plans, and what people do on them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from gateway.room import OWNER, Permission
from simulators.rt import ARC, STATIC, Course, Machine, Part, approved, plan, record
from simulators.rt.compose import item
from tests.unit.tps.treatment_case import Treatments, aside, somebody, treatments
from tps_bridge.block import BlockKind
from tps_bridge.options import TpsOptions
from tps_bridge.overview import PlanOverview

COURSE = Course(points=5, pairs=12, fractions=3)
FIRST = datetime(2025, 6, 9, 9, 0)  # noqa: DTZ001 - DICOM times have no zone
ALL = tuple(Permission)


async def plain(t: Treatments, path: str) -> str:
    """What a page says, without tags."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", await t.page(path), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


async def test_a_course_is_found_and_told_in_numbers(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        assert "No plan came yet" in await t.page("/courses?lang=en")
        later = FIRST + timedelta(days=1)
        await t.take(
            made,
            record(made, 1, [Part(1), Part(2)]),
            record(made, 2, [Part(1), Part(2, 0, 30, termination="MACHINE")], at=later),
        )
        listed = await t.page("/courses?lang=en")
        assert "PROSTATE" in listed
        (course,) = set(re.findall(r"/courses/[0-9a-f]{32}", listed))
        words = await plain(t, f"{course}?lang=en")
        assert "Fractions given 1 / 3" in words
        assert "30.00 / 100.00 MU" in words
        assert "5.50 Gy 10.00 Gy" in words
        chinese = await plain(t, f"{course}?lang=zh-CN")
        assert "待续治" in chinese
        assert "跳数比例" in chinese
        csv = (await t.http.get("/courses?format=csv&lang=en")).text
        assert "PROSTATE" in csv


async def test_a_plan_shows_its_beams_and_the_view_along_them(tmp_path: Path) -> None:
    made = plan(ARC, COURSE)
    given = record(made, 1, [Part(1), Part(2)], machine=Machine(leaf=1.0))
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        path = f"/plans/{made.SOPInstanceUID}"
        page = await t.page(f"{path}?lang=en&beam=2&point=3&record={given.SOPInstanceUID}")
        assert page.count('class="leaf"') == 24
        assert page.count('class="jaw"') == 4
        assert page.count('class="found') == 24 + 4
        assert 'class="found off"' in page
        assert "not approved (UNAPPROVED)" in page
        assert "Control point 3 of 4" in page
        assert (await t.http.get("/plans/1.2.3")).status_code == 404


async def test_what_differs_is_told_from_the_beam_down(tmp_path: Path) -> None:
    made, again = plan(STATIC, COURSE), plan(STATIC, COURSE)
    again.BeamSequence[0].ControlPointSequence[0].GantryAngle = 30
    given = record(made, 1, [Part(1), Part(2)], machine=Machine(name="LINAC2"))
    async with treatments(tmp_path) as t:
        await t.take(made, again, given)
        path = f"/plans/{made.SOPInstanceUID}/difference"
        words = await plain(t, f"{path}?lang=en&record={given.SOPInstanceUID}")
        assert "alarm beam 1 alarm machine: LINAC2 instead of LINAC1" in words
        words = await plain(t, f"{path}?lang=en&plan={again.SOPInstanceUID}")
        assert "gantry angle: 30 deg instead of 0 deg" in words
        words = await plain(t, f"{path}?lang=zh-CN&plan={again.SOPInstanceUID}")
        assert "机架角度: 应为 0 deg，实为 30 deg" in words
        assert (await t.http.get(f"{path}?record=1.2.3")).status_code == 404


async def test_a_block_is_set_aside_by_two_people_and_shows_for_ever(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    async with treatments(tmp_path) as t:
        await t.take(made)
        path = f"/plans/{made.SOPInstanceUID}"
        t.act_as(somebody("li", *ALL))
        shown = await t.shown(str(made.SOPInstanceUID), BlockKind.APPROVAL)
        words = aside(shown, "approved on paper")
        unseen = {**words, "seen": "0" * 16}
        assert (await t.http.post(f"{path}/override", data=unseen)).status_code == 409
        assert (await t.http.post(f"{path}/override", data=words)).status_code == 200
        (note,) = await t.book.notes(str(made.SOPInstanceUID))
        refused = await t.http.post(f"{path}/confirm", data={"override": str(note.seq)})
        assert refused.status_code == 409
        t.act_as(somebody("zhao", *ALL))
        assert "a second person has not confirmed" in await t.page(f"{path}?lang=en")
        done = await t.http.post(f"{path}/confirm", data={"override": str(note.seq)})
        assert done.status_code == 200
        page = await t.page(f"{path}?lang=en")
        assert "set aside by li: approved on paper" in page
        assert "confirmed by zhao" in page
        actions = [each.action for each in t.audit.entries if each.action.startswith("tps.")]
        assert actions == ["tps.override", "tps.confirm"]
        shown = await t.shown(str(made.SOPInstanceUID), BlockKind.MACHINE)
        nothing = aside(shown, "why not")
        assert (await t.http.post(f"{path}/override", data=nothing)).status_code == 409


async def test_a_plan_is_approved_as_it_was_looked_at(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    async with treatments(tmp_path, TpsOptions(second_person=False)) as t:
        await t.take(made)
        path = f"/plans/{made.SOPInstanceUID}"
        row = await t.book.plan(str(made.SOPInstanceUID))
        assert row is not None
        wrong = {"digest": "0" * 64, "reason": "checked"}
        assert (await t.http.post(f"{path}/approve", data=wrong)).status_code == 409
        right = {"digest": row.card.digest, "reason": "checked"}
        assert (await t.http.post(f"{path}/approve", data=right)).status_code == 200
        assert "not approved" not in await t.page(f"{path}?lang=en")


async def test_missed_made_up_ended_and_retired_are_kept(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made, record(made, 1, [Part(1), Part(2)]))
        path = f"/plans/{made.SOPInstanceUID}"
        day = {"day": "2025-06-10", "reason": "machine down"}
        early = await t.http.post(f"{path}/make-up", data={"day": "2025-06-10", "fraction": "2"})
        assert early.status_code == 409
        assert (await t.http.post(f"{path}/miss", data={"day": "10/6"})).status_code == 422
        assert (await t.http.post(f"{path}/miss", data=day)).status_code == 200
        made_up = {"day": "2025-06-10", "fraction": "2", "reason": ""}
        assert (await t.http.post(f"{path}/make-up", data=made_up)).status_code == 200
        words = await plain(t, f"{path}?lang=en")
        assert "missed on 2025-06-10 machine down" in words
        assert "made up by fraction 2" in words
        assert (await t.http.post(f"{path}/end", data={"reason": "toxicity"})).status_code == 200
        row = await t.book.plan(str(made.SOPInstanceUID))
        assert row is not None
        assert row.state == "partial"
        assert (await t.http.post(f"{path}/retire", data={"reason": ""})).status_code == 422
        assert (await t.http.post(f"{path}/retire", data={"reason": "new plan"})).status_code == 200
        assert "retired or rejected" not in await t.page(f"{path}?lang=en")


@pytest.mark.parametrize("verb", ["approve", "retire", "end", "override", "confirm", "miss"])
async def test_who_may_only_read_changes_nothing(tmp_path: Path, verb: str) -> None:
    made = plan(STATIC, COURSE)
    async with treatments(tmp_path) as t:
        await t.take(made)
        t.act_as(somebody("wu", Permission.READ_PLANS))
        path = f"/plans/{made.SOPInstanceUID}"
        assert (await t.http.post(f"{path}/{verb}", data={"reason": "x"})).status_code == 403
        assert "Retire" not in await t.page(f"{path}?lang=en")
        t.act_as(somebody("nobody", Permission.READ_SITE))
        assert (await t.http.get("/courses")).status_code == 403


async def test_names_are_masked_for_who_may_not_see_patients(tmp_path: Path) -> None:
    async with treatments(tmp_path) as t:
        await t.take(plan(STATIC, COURSE))
        t.act_as(somebody("wu", Permission.READ_PLANS))
        page = await t.page("/courses?lang=zh-CN")
        assert "王芳" not in page
        assert "RT-2041" not in page


async def test_the_overview_the_palette_and_the_papers_know_the_courses(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    async with treatments(tmp_path) as t:
        overview = PlanOverview(t.context, t.desk.seen)
        assert (await overview.glance(OWNER)).tiles[0].value == "0"
        await t.take(made, record(made, 1, [Part(1), Part(2, 0, 30, termination="MACHINE")]))
        stray = record(plan(STATIC), 1, [Part(1)])
        await t.take(stray)
        glance = await overview.glance(OWNER)
        assert glance.tiles[0].note == {"en": "1 to resume", "zh-CN": "1 个待续治"}
        assert [each.path for each in glance.attention] == ["/courses/problems"]
        (hit,) = await overview.find(OWNER, "rt-2041")
        assert (hit.label, hit.path) == ("PROSTATE", f"/plans/{made.SOPInstanceUID}")
        (paper,) = await overview.papers()
        assert paper.rows[0][:7] == (
            "RT-2041",
            "Wang Fang 王芳",
            "19620314",
            "PROSTATE",
            "LINAC1",
            "0 + 1",
            "3",
        )
        assert paper.grave == {0}
        wu = somebody("wu", Permission.READ_SITE)
        assert (await overview.glance(wu)).tiles == ()
        assert await overview.find(wu, "rt-2041") == ()


async def test_structures_and_dose_grids_stand_on_their_plan(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    general = {"PatientID": made.PatientID, "IssuerOfPatientID": "HIS"}
    structures = item(
        **general,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
        SOPInstanceUID=made.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID,
        StructureSetLabel="CT1",
        StructureSetROISequence=[item(ROINumber=1, ROIName="PTV 70")],
        ROIContourSequence=[
            item(ReferencedROINumber=1, ContourSequence=[item(ContourData=[1.0, 2.0, 3.0])])
        ],
    )
    dose = item(
        **general,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.2",
        SOPInstanceUID="1.2.826.0.1.3680043.8.498.77",
        Rows=2,
        Columns=3,
        BitsAllocated=16,
        PixelSpacing=[2.5, 2.5],
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DoseSummationType="PLAN",
        DoseGridScaling=0.002,
        ReferencedRTPlanSequence=[item(ReferencedSOPInstanceUID=made.SOPInstanceUID)],
    )
    dose.add_new(0x7FE00010, "OW", np.array([0, 10, 5100, 7, 8, 9], "<u2").tobytes())
    async with treatments(tmp_path) as t:
        await t.take(made, structures, dose)
        words = await plain(t, f"/plans/{made.SOPInstanceUID}?lang=en")
        assert "CT1: PTV 70" in words
        assert "10.20 Gy 3 × 2 × 1" in words
        assert await t.book.troubles() == []
