"""A course over time: its calendar and its charts."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.model import Instant, from_datetime
from gateway.room import OWNER
from simulators.rt import ARC, Course, Part, approved, plan, record
from tests.unit.tps.treatment_case import Treatments, treatments
from tps_bridge.draw.course import Marked, charts, weeks
from tps_bridge.session.desk import SessionDesk

FIRST = datetime(2025, 6, 6, 9, 0)  # noqa: DTZ001 - DICOM times have no zone
"""A Friday."""
COURSE = Course(points=5, pairs=4, fractions=3, dose=6.0)


def noon(day: date) -> Instant:
    return from_datetime(datetime.combine(day, time(12), ZoneInfo("Asia/Shanghai")))


async def treated(t: Treatments) -> str:
    made = approved(plan(ARC, COURSE))
    monday = FIRST + timedelta(days=3)
    await t.take(
        made,
        record(made, 1, [Part(1), Part(2)], at=FIRST),
        record(made, 2, [Part(1), Part(2, 0, 50, termination="MACHINE")], at=monday),
    )
    return str(made.SOPInstanceUID)


async def test_a_calendar_shows_what_was_given_missed_and_is_due(tmp_path: Path) -> None:
    async with treatments(tmp_path) as t:
        uid = await treated(t)
        desk = t.context.neighbours(SessionDesk)
        session = await desk.schedule(OWNER, uid, 1, desk.moment("2025-06-12T10:00"))
        await t.desk.miss(OWNER, uid, "2025-06-10", "the patient was ill")
        (ledger,) = await t.book.ledgers(uid)
        first, second = weeks(ledger, [session])
        assert [each.weekday for each in first] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        kinds = {each.day.day: [mark.kind for mark in each.marks] for each in (*first, *second)}
        assert kinds[6] == [Marked.DELIVERED]
        assert kinds[9] == [Marked.PARTIAL]
        assert kinds[10] == [Marked.MISSED]
        assert kinds[12] == [Marked.SCHEDULED]
        assert sum(map(len, kinds.values())) == 4
        page = await t.page(f"/plans/{uid}?lang=en")
        assert "PROSTATE" in page


async def test_the_dose_grows_with_each_fraction_up_to_what_was_given(tmp_path: Path) -> None:
    async with treatments(tmp_path) as t:
        uid = await treated(t)
        row = await t.book.plan(uid)
        assert row is not None
        (ledger,) = await t.book.ledgers(uid)
        facts = row.card.facts
        dose, meterset = charts(facts, facts.groups[0], ledger, noon)
        spots = dose.lines[0].spots
        assert [each.value for each in spots] == [0.0, pytest.approx(2.0), pytest.approx(3.5)]
        assert spots[-1].value == pytest.approx(ledger.doses[0].given)
        assert {each.value for each in dose.lines[1].spots} == {6.0}
        assert [each.at for each in spots[1:]] == [noon(date(2025, 6, 6)), noon(date(2025, 6, 9))]
        assert {str(each.name): len(each.spots) for each in meterset.lines} == {"B1": 2, "B2": 1}


async def test_a_course_without_a_fraction_has_neither(tmp_path: Path) -> None:
    async with treatments(tmp_path) as t:
        made = approved(plan(ARC, COURSE))
        await t.take(made)
        (ledger,) = await t.book.ledgers(str(made.SOPInstanceUID))
        row = await t.book.plan(str(made.SOPInstanceUID))
        assert row is not None
        assert weeks(ledger, []) == ()
        assert charts(row.card.facts, row.card.facts.groups[0], ledger, noon) == []
