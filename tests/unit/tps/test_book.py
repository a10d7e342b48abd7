"""What came is read once, linked by UID, and folded to the same whatever the order."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from gateway import StoreError
from gateway.room import OWNER
from gateway.testing.room import known_ring
from simulators.rt import ION, STATIC, Course, Part, approved, brachy_plan, plan, record
from tests.unit.tps.treatment_case import Treatments, treatments
from tps_bridge.book import Book
from tps_bridge.ledger import PlanState

COURSE = Course(beams=1, fractions=3, pairs=2)
FIRST = datetime(2025, 6, 9, 9, 0)  # noqa: DTZ001 - DICOM times have no zone


def uid(made: Dataset) -> str:
    return str(made.SOPInstanceUID)


async def standing(t: Treatments, made: Dataset) -> tuple[str, int, int]:
    row = await t.book.plan(uid(made))
    assert row is not None
    return row.state, row.delivered, row.partial


async def test_a_plan_and_its_records_become_a_ledger(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    async with treatments(tmp_path) as t:
        await t.take(made)
        assert await standing(t, made) == (PlanState.TREAT, 0, 0)
        stopped = record(made, 1, [Part(1, 0, 40, termination="MACHINE")])
        await t.take(stopped)
        assert await standing(t, made) == (PlanState.RESUME, 0, 1)
        await t.take(record(made, 1, [Part(1, 40, None, "CONTINUATION")]))
        assert await standing(t, made) == (PlanState.TREAT, 1, 0)
        for number in (2, 3):
            at = FIRST + timedelta(days=number)
            await t.take(record(made, number, [Part(1)], at=at))
        assert await standing(t, made) == (PlanState.COMPLETE, 3, 0)
        records = await t.book.records(uid(made))
        assert [each.comparison.worst for each in records if each.comparison] == [0, 0, 0, 0]


async def test_the_order_in_which_objects_come_means_nothing(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    objects = (
        made,
        record(made, 1, [Part(1, 0, 40, termination="MACHINE")]),
        record(made, 1, [Part(1, 45, None, "CONTINUATION")]),
    )
    seen = set()
    for number, order in enumerate(permutations(objects)):
        async with treatments(tmp_path / str(number)) as t:
            for each in order:
                await t.take(each)
            (ledger,) = await t.book.ledgers(uid(made))
            compared = {each.card.uid: each.comparison for each in await t.book.records(uid(made))}
            seen.add(repr((ledger, sorted(compared.items()))))
    assert len(seen) == 1


async def test_a_replay_reads_nothing_again_and_gives_the_same(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    async with treatments(tmp_path) as t:
        await t.take(made, record(made, 1, [Part(1)]), brachy_plan(), plan(ION))
        row = await t.book.plan(uid(made))
        assert row is not None
        await t.desk.known(OWNER, uid(made))
        said = len(t.ports.events)
        before = await _contents(t.book)
        async with Book.open(tmp_path / "again" / "tps.sqlite", known_ring()) as again:
            await t.ports.feed(again)
            assert await _contents(again) == before
            assert await again.waiting(10) == []
            assert await again.uncompared(10) == []
        assert len(t.ports.events) == said


async def _contents(book: Book) -> Sequence[object]:
    plans = await book.plans()
    records = [await book.records(each.card.uid) for each in plans]
    return [plans, records, await book.troubles(), await book.strays()]


async def test_an_object_that_comes_twice_counts_once(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    given = record(made, 1, [Part(1)])
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        said = len(t.ports.events)
        await t.take(made, given)
        assert len(t.ports.events) == said
        assert await standing(t, made) == (PlanState.TREAT, 1, 0)


async def test_another_content_under_a_known_uid_is_for_a_person(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    forged = deepcopy(made)
    forged.FractionGroupSequence[0].ReferencedBeamSequence[0].BeamMeterset = 500
    async with treatments(tmp_path) as t:
        await t.take(made, forged)
        row = await t.book.plan(uid(made))
        assert row is not None
        assert row.card.beams[0].meterset == 100
        (trouble,) = await t.book.troubles()
        assert (trouble.uid, trouble.state) == (uid(made), "conflict")


async def test_what_can_be_no_plan_is_kept_with_words(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    made.BeamSequence[0].NumberOfControlPoints = 7
    async with treatments(tmp_path) as t:
        await t.take(made)
        (trouble,) = await t.book.troubles()
        assert trouble.what == "beam 1: it has 2 control points and says 7"
        assert await t.book.plan(uid(made)) is None
        assert "says 7" in await t.page("/courses/problems?lang=en")


async def test_a_record_without_its_plan_waits_and_is_never_guessed(tmp_path: Path) -> None:
    made, other = plan(STATIC, COURSE), plan(STATIC, COURSE)
    given = record(made, 1, [Part(1)])
    nameless = record(made, 2, [Part(1)])
    del nameless.ReferencedRTPlanSequence
    async with treatments(tmp_path) as t:
        await t.take(other, given, nameless)
        assert await standing(t, other) == (PlanState.TREAT, 0, 0)
        assert {each.card.plan for each in await t.book.strays()} == {uid(made), ""}
        await t.take(made)
        assert await standing(t, made) == (PlanState.TREAT, 1, 0)
        assert [each.card.uid for each in await t.book.strays()] == [uid(nameless)]


async def test_a_file_that_can_not_be_read_is_put_off_and_holds_up_nobody(tmp_path: Path) -> None:
    lost, made = plan(STATIC, COURSE), plan(STATIC, COURSE)
    async with treatments(tmp_path) as t:
        await t.store(lost, made)
        (blob, _) = await t.book.file(uid(lost)) or (None, "")
        assert blob is not None
        file = t.blobs.place(blob)
        hidden = file.rename(file.with_suffix(".hidden"))
        await t.read()
        assert await t.book.plan(uid(made)) is not None
        assert await t.book.plan(uid(lost)) is None
        assert len(await t.book.waiting(10)) == 1
        hidden.rename(file)
        assert not await t.intake.step()
        t.intake.again()
        await t.read()
        assert await t.book.plan(uid(lost)) is not None


async def test_what_the_disk_refuses_is_said_again(tmp_path: Path) -> None:
    made = plan(STATIC, COURSE)
    async with treatments(tmp_path) as t:
        await t.store(made)
        t.ports.refuses = True
        with pytest.raises(StoreError):
            await t.intake.step()
        t.ports.refuses = False
        await t.read()
        assert await standing(t, made) == (PlanState.TREAT, 0, 0)


async def test_an_approved_ion_plan_has_no_leaves_and_a_page(tmp_path: Path) -> None:
    made = approved(plan(ION))
    async with treatments(tmp_path) as t:
        await t.take(made, brachy_plan())
        page = await t.page(f"/plans/{uid(made)}?lang=en")
        assert "no jaws or leaves" in page
        assert "energy" in page
