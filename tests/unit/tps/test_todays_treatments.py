"""What the overview and the papers for a downtime say of today's treatments."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from gateway.room import OWNER, Level, Permission
from simulators.rt import ARC, Course, Part, approved, plan, record
from tests.unit.tps.test_sessions import scheduled
from tests.unit.tps.treatment_case import CHEN, Treatments, somebody, treatments
from tps_bridge.block import BlockKind
from tps_bridge.options import TpsOptions
from tps_bridge.session import Level as Enforcement
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.hand import HandDesk
from tps_bridge.session.offer import Offers
from tps_bridge.today import TodaysTreatments

COURSE = Course(points=3, pairs=4, fractions=3)
ENFORCED = TpsOptions.model_validate({"machines": {"LINAC1": {"level": "enforced"}}})


def todays(t: Treatments) -> TodaysTreatments:
    desk = t.context.neighbours(SessionDesk)
    return TodaysTreatments(t.context, desk, HandDesk(t.context, t.book, desk))


async def test_today_counts_what_is_done_and_prints_who_is_treated(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        desk = t.context.neighbours(SessionDesk)
        today = todays(t)
        assert (await today.glance(OWNER)).tiles == ()
        await t.take(made)
        off = await scheduled(t, uid, "2025-06-12T09:00")
        await desk.cancel(OWNER, off.id, "not today")
        session = await scheduled(t, uid, "2025-06-12T10:00")
        (tile,) = (await today.glance(OWNER)).tiles
        assert (tile.value, tile.level) == ("0 / 1", Level.CALM)
        at = datetime(2025, 6, 12, 8)  # noqa: DTZ001 - as DICOM writes it
        await t.take(record(made, 1, [Part(1)], at=at))
        (paper,) = await today.papers(OWNER)
        (row,) = paper.rows
        assert row[:4] == (
            "10:00",
            "LINAC1",
            {"en": "observed", "zh-CN": "仅观察"},
            COURSE.patient,
        )
        assert row[-1] == {"en": "IN PROGRESS", "zh-CN": "治疗中"}
        assert paper.grave == {0}
        await desk.end(OWNER, session.id, "a cooling leak")
        (tile,) = (await today.glance(OWNER)).tiles
        assert tile.note == {"en": "1 discontinued", "zh-CN": "1 个中断"}
        assert (await today.glance(somebody("wu", Permission.READ_SITE))).tiles == ()


async def test_what_can_not_be_offered_needs_a_person_and_what_is_blocked_does_not(
    tmp_path: Path,
) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path, ENFORCED) as t:
        await t.take(made)
        session = await scheduled(t, uid, "2025-06-12T10:00")
        offers = t.context.neighbours(Offers)
        today = todays(t)
        await offers.turn()
        assert (await today.glance(OWNER)).attention == (), "nobody is registered: blocked"
        shown = await t.shown(uid, BlockKind.IDENTITY)
        await t.desk.override(CHEN, uid, shown, "identified by two nurses")
        (noted,) = await t.book.notes(uid)
        lan = somebody("lan", Permission.READ_PLANS, Permission.OVERRIDE_BLOCKS)
        await t.desk.confirm(lan, uid, noted.seq)
        await offers.turn()
        (told,) = (await today.glance(OWNER)).attention
        assert told.path == f"/sessions/{session.id}"


async def test_what_nobody_said_anything_of_by_the_next_day_needs_a_person(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, str(made.SOPInstanceUID), "2025-06-11T10:00")
        desk = t.context.neighbours(SessionDesk)
        today = todays(t)
        (told,) = (await today.glance(OWNER)).attention
        assert told.path == f"/sessions/{session.id}"
        assert told.who == {
            "en": "Treatment LINAC1 2025-06-11 10:00",
            "zh-CN": "治疗 LINAC1 2025-06-11 10:00",
        }
        await desk.cancel(OWNER, session.id, "not given")
        assert (await today.glance(OWNER)).attention == ()


async def test_the_day_says_how_far_each_machine_is_held_though_nobody_is_booked(
    tmp_path: Path,
) -> None:
    levels = {f"L{place}": {"level": each.value} for place, each in enumerate(Enforcement, 1)}
    async with treatments(tmp_path, TpsOptions.model_validate({"machines": levels})) as t:
        shown = " ".join(re.sub(r"<[^>]+>", " ", await t.page("/sessions?lang=en")).split())
    assert "L1 enforced L2 gated L3 observed" in shown
