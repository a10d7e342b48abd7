"""RT Treatment Summary Records against the ledger."""

from __future__ import annotations

from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from gateway.room import OWNER, Permission
from gateway.testing.room import known_ring
from gateway.web import Refusal
from simulators.rt import ARC, Course, Part, approved, plan, record, summary
from tests.unit.tps.rt import item_of
from tests.unit.tps.treatment_case import Treatments, somebody, treatments
from tps_bridge.book import Book
from tps_bridge.ledger import DiscordKind, FindingKind
from tps_bridge.record import read_summary
from tps_bridge.record_desk import RecordDesk
from tps_bridge.rt import Malformed

COURSE = Course(points=3, pairs=4, fractions=3, dose=9.0)


def uid(made: Dataset) -> str:
    return str(made.SOPInstanceUID)


def whole(made: Dataset, fraction: int, on: int) -> Dataset:
    at = datetime(2025, 6, on, 9)  # noqa: DTZ001 - as DICOM writes it
    return record(made, fraction, [Part(1), Part(2)], at=at)


async def kinds(t: Treatments, made: Dataset) -> list[DiscordKind]:
    (row,) = await t.book.summaries(uid(made))
    return [each.kind for each in row.discords]


async def test_a_summary_that_agrees_needs_nobody_and_stands_with_the_course(
    tmp_path: Path,
) -> None:
    made = approved(plan(ARC, COURSE))
    total = summary(made, "ON_TREATMENT", 2, 6.0, "20250610")
    async with treatments(tmp_path) as t:
        await t.take(made, whole(made, 1, 9), whole(made, 2, 10), total)
        assert await kinds(t, made) == []
        course = (await t.page(f"/plans/{uid(made)}?lang=en")).partition('href="/courses/')[2]
        page = await t.page(f"/courses/{course.partition(chr(34))[0]}?lang=en")
        assert "as the ledger has it" in page
        assert "ON_TREATMENT" in page
        await t.take(whole(made, 3, 11))
        assert await kinds(t, made) == [], "it sums up what was given until its own day"
        await t.desk.retire(OWNER, uid(made), "all given")
        assert await kinds(t, made) == []


async def test_a_later_doubt_is_none_of_an_earlier_summary(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    later = whole(made, 3, 11)
    later.PatientID = "RT-7"
    async with treatments(tmp_path) as t:
        await t.take(made, whole(made, 1, 9), whole(made, 2, 10), later)
        until = await t.book.ask(lambda tables: tables.ledgers(uid(made), "20250610"))
        assert [each.findings for each in until] == [()]
        (now,) = await t.book.ledgers(uid(made))
        assert [each.kind for each in now.findings] == [FindingKind.STRANGER]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (("COMPLETED", 2, 6.0, "20250610"), [DiscordKind.STATUS]),
        (("NOT_STARTED", 2, 6.0, "20250610"), [DiscordKind.STATUS]),
        (("STOPPED", 2, 6.0, "20250610"), [DiscordKind.STATUS]),
        (("PAUSED", 2, 6.0, "20250610"), [DiscordKind.STATUS]),
        (("ON_TREATMENT", 3, 6.0, "20250610"), [DiscordKind.GIVEN]),
        (("ON_TREATMENT", 2, 7.0, "20250610"), [DiscordKind.DOSE]),
        (("ON_TREATMENT", 2, 6.0, "20250611"), [DiscordKind.LAST]),
        (("ON_TREATMENT", 2, 6.0, ""), [DiscordKind.UNDATED]),
        (("ON_BREAK", 2, 6.05, "20250610"), []),
    ],
)
async def test_every_total_is_compared(
    tmp_path: Path, told: tuple[str, int, float, str], found: list[DiscordKind]
) -> None:
    made = approved(plan(ARC, COURSE))
    total = summary(made, *told)
    async with treatments(tmp_path) as t:
        await t.take(made, whole(made, 1, 9), whole(made, 2, 10), total)
        before = await t.book.ledgers(uid(made))
        assert await kinds(t, made) == found
        assert bool(await t.book.open_summaries()) is bool(found)
        assert await t.book.ledgers(uid(made)) == before


async def test_what_the_plan_has_not_and_another_patient_are_said(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    total = summary(made, "ON_TREATMENT", 1, 3.0, "20250609", PatientID="SOMEBODY")
    total.FractionGroupSummarySequence[0].ReferencedFractionGroupNumber = 7
    total.TreatmentSummaryCalculatedDoseReferenceSequence[0].ReferencedDoseReferenceNumber = 9
    async with treatments(tmp_path) as t:
        await t.take(made, whole(made, 1, 9), total)
        assert await kinds(t, made) == [
            DiscordKind.PATIENT,
            DiscordKind.MISSING,
            DiscordKind.MISSING,
        ]


async def test_an_unfinished_fraction_may_be_in_a_total_or_not(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    for number, delivered in enumerate((0, 1)):
        async with treatments(tmp_path / str(number)) as t:
            total = summary(made, "ON_TREATMENT", delivered, 1.5, "20250609")
            at = datetime(2025, 6, 9, 9)  # noqa: DTZ001 - as DICOM writes it
            await t.take(made, record(made, 1, [Part(1)], at=at), total)
            assert DiscordKind.GIVEN not in await kinds(t, made)


async def test_a_difference_is_a_task_until_somebody_saw_just_this_one(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    total = summary(made, "ON_TREATMENT", 3, 6.0, "20250610")
    async with treatments(tmp_path) as t:
        await t.take(made, whole(made, 1, 9), whole(made, 2, 10), total)
        assert "台账为 2" in unescape(await t.page("/courses/problems?lang=zh-CN"))
        page = unescape(await t.page("/courses/problems?lang=en"))
        assert "3; the ledger has 2" in page
        form = {"object": uid(total), "reason": "their count has the QA run"}
        t.act_as(somebody("wu", Permission.READ_PLANS))
        assert (await t.http.post(f"/plans/{uid(made)}/settle", data=form)).status_code == 403
        t.act_as(OWNER)
        done = await t.http.post(f"/plans/{uid(made)}/settle?lang=en", data=form)
        assert "Nothing needs a person." in done.text
        with pytest.raises(Refusal, match="leaves nothing open"):
            await RecordDesk(t.book, t.desk).settle(OWNER, uid(made), uid(total), "again")
        late = whole(made, 3, 10)
        await t.take(late)
        (row,) = await t.book.summaries(uid(made))
        assert row.is_open, "another difference was not looked at"
        async with Book.open(tmp_path / "again" / "tps.sqlite", known_ring()) as again:
            await t.ports.feed(again)
            assert await again.open_summaries() == await t.book.open_summaries() == [row]


async def test_a_summary_without_its_plan_waits_and_counts_for_nothing(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    total = summary(made, "COMPLETED", 3, 9.0, "20250611")
    async with treatments(tmp_path) as t:
        await t.take(total)
        assert "its plan is not here" in await t.page("/courses/problems?lang=en")
        await t.take(made)
        assert DiscordKind.GIVEN in await kinds(t, made)
        (ledger,) = await t.book.ledgers(uid(made))
        assert ledger.delivered == 0


@given(st.floats(max_value=-0.01, min_value=-100))
def test_totals_below_nothing_are_refused(amount: float) -> None:
    made = plan(ARC, COURSE)
    with pytest.raises(Malformed, match="CumulativeDoseToDoseReference is negative"):
        read_summary(item_of(summary(made, "ON_TREATMENT", 1, round(amount, 2), "20250609")))
    with pytest.raises(Malformed, match="NumberOfFractionsDelivered is negative"):
        read_summary(item_of(summary(made, "ON_TREATMENT", -1, 1.0, "20250609")))
