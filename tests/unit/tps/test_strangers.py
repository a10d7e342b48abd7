"""A record that names another patient than its plan counts when two people say whose it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from gateway.room import Permission
from gateway.testing.room import known_ring
from gateway.web import Refusal
from simulators.rt import ARC, Course, Part, approved, plan, record
from tests.unit.tps.test_sessions import scheduled
from tests.unit.tps.treatment_case import Treatments, aside, somebody, treatments
from tps_bridge.block import BlockKind
from tps_bridge.book import Act, Book
from tps_bridge.ledger import FindingKind, Ledger
from tps_bridge.plan import Unlike
from tps_bridge.record_desk import RecordDesk
from tps_bridge.session import SessionState

COURSE = Course(points=5, pairs=4, fractions=3)
RIGHTS = (Permission.READ_PLANS, Permission.OVERRIDE_BLOCKS)
LI, ZHAO = somebody("li", *RIGHTS), somebody("zhao", *RIGHTS)
TODAY = datetime(2025, 6, 12, 8, 30)  # noqa: DTZ001 - DICOM times have no zone
WHY = "asked the therapists"


def strange(made: Dataset, **identity: str) -> Dataset:
    """A whole first fraction, as if somebody else was treated by the plan."""
    given = record(made, 1, [Part(1), Part(2)], at=TODAY)
    for keyword, value in (identity or {"PatientID": "RT-7"}).items():
        setattr(given, keyword, value)
    return given


async def ledger_of(t: Treatments, made: Dataset) -> Ledger:
    (ledger,) = await t.book.ledgers(str(made.SOPInstanceUID))
    return ledger


async def blocked(t: Treatments, made: Dataset) -> bool:
    """Whether a record keeps the plan from being treated."""
    row = await t.book.plan(str(made.SOPInstanceUID))
    assert row is not None
    (checked,) = await t.desk.checks(row)
    return any(each.kind is BlockKind.RECORD and each.blocks for each in checked.checks)


async def say(t: Treatments, made: Dataset, given: Dataset, *, own: bool) -> int:
    """What Li says of the record; the number that is to be confirmed."""
    uid = str(made.SOPInstanceUID)
    await RecordDesk(t.book, t.desk).attribute(LI, uid, str(given.SOPInstanceUID), own=own, why=WHY)
    return [each.seq for each in await t.book.notes(uid) if each.act is Act.ATTRIBUTE][-1]


async def test_it_counts_for_nothing_is_a_task_and_blocks_the_plan(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, uid)
        await t.take(strange(made))
        ledger = await ledger_of(t, made)
        assert (ledger.delivered, ledger.next) == (0, 1)
        assert [each.kind for each in ledger.findings] == [FindingKind.STRANGER]
        (stranger,) = await t.book.strangers(uid)
        assert (stranger.unlike, stranger.is_open) == ((Unlike.NUMBER,), True)
        assert await blocked(t, made)
        after = await t.book.session(session.id)
        assert after is not None
        assert after.state is SessionState.SCHEDULED
        problems = await t.page("/courses/problems?lang=en")
        assert f"/plans/{uid}#strangers" in problems
        page = await t.page(f"/plans/{uid}?lang=en")
        assert "a record of 2025-06-12 has another patient number" in page
        assert "It names:" in page


async def test_no_override_sets_it_aside(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made, strange(made))
        shown = await t.shown(str(made.SOPInstanceUID), BlockKind.RECORD)
        answer = await t.http.post(f"/plans/{made.SOPInstanceUID}/override", data=aside(shown, WHY))
        assert answer.status_code == 409
        assert await blocked(t, made)


async def test_two_people_say_that_it_is_the_plans_and_it_counts(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    given = strange(made)
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, uid)
        await t.take(given)
        seq = await say(t, made, given, own=True)
        assert (await ledger_of(t, made)).delivered == 0
        assert await blocked(t, made)
        t.act_as(LI)
        form = {"override": str(seq)}
        assert (await t.http.post(f"/plans/{uid}/confirm", data=form)).status_code == 409
        t.act_as(ZHAO)
        assert (await t.http.post(f"/plans/{uid}/confirm", data=form)).status_code == 200
        ledger = await ledger_of(t, made)
        assert (ledger.delivered, ledger.findings) == (1, ())
        done = await t.book.session(session.id)
        assert done is not None
        assert done.state is SessionState.COMPLETED
        assert await t.book.session_records(session.id) == [str(given.SOPInstanceUID)]
        assert await t.book.strange() == []
        assert not await blocked(t, made)
        page = await t.page(f"/plans/{uid}?lang=en")
        assert f"{LI.name} said that it is this patient" in page
        assert f"confirmed by {ZHAO.name}" in page


async def test_two_people_say_that_it_is_another_patients_and_the_plan_goes_on(
    tmp_path: Path,
) -> None:
    made = approved(plan(ARC, COURSE))
    given = strange(made)
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        seq = await say(t, made, given, own=False)
        await t.desk.confirm(ZHAO, uid, seq)
        ledger = await ledger_of(t, made)
        assert (ledger.delivered, ledger.next, ledger.findings) == (0, 1, ())
        assert not await blocked(t, made)
        assert await t.book.strange() == []


async def test_a_word_taken_back_opens_it_again_and_the_session_with_it(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    given = strange(made)
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, uid)
        await t.take(given)
        await t.desk.confirm(ZHAO, uid, await say(t, made, given, own=True))
        again = await say(t, made, given, own=False)
        assert (await ledger_of(t, made)).delivered == 0
        assert await blocked(t, made)
        await t.desk.confirm(ZHAO, uid, again)
        after = await t.book.session(session.id)
        assert after is not None
        assert after.state is not SessionState.COMPLETED
        assert await t.book.session_records(session.id) == []
        async with Book.open(tmp_path / "again" / "tps.sqlite", known_ring()) as replayed:
            await t.ports.feed(replayed)
            assert await replayed.ledgers(uid) == await t.book.ledgers(uid)
            assert await replayed.session(session.id) == after


async def test_a_plan_that_comes_after_its_record_is_asked_the_same(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(strange(made, PatientBirthDate="19000101"))
        assert await t.book.strange() == []
        await t.take(made)
        (row,) = await t.book.strange()
        assert row.known
        assert (await ledger_of(t, made)).delivered == 0


async def test_a_word_that_was_replaced_is_not_confirmed(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    given = strange(made)
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        first = await say(t, made, given, own=True)
        await say(t, made, given, own=False)
        with pytest.raises(Refusal):
            await t.desk.confirm(ZHAO, uid, first)
        assert (await ledger_of(t, made)).delivered == 0
        assert await blocked(t, made)


async def test_a_number_without_its_issuer_is_told_from_another_number(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made, strange(made, IssuerOfPatientID=""))
        (stranger,) = await t.book.strangers(str(made.SOPInstanceUID))
        assert stranger.unlike == (Unlike.ISSUER,)
        page = await t.page(f"/plans/{made.SOPInstanceUID}?lang=en")
        assert "has another issuer of the patient number, or none" in page


async def test_where_nobody_has_a_number_two_people_say_whose_it_is(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    made.PatientID = made.IssuerOfPatientID = ""
    given = record(made, 1, [Part(1), Part(2)], at=TODAY)
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        (stranger,) = await t.book.strangers(str(made.SOPInstanceUID))
        assert stranger.unlike == (Unlike.UNNUMBERED,)
        assert (await ledger_of(t, made)).delivered == 0
        assert await blocked(t, made)
        page = await t.page(f"/plans/{made.SOPInstanceUID}?lang=zh-CN")
        assert "治疗记录患者编号缺失" in page
        await t.desk.confirm(ZHAO, str(made.SOPInstanceUID), await say(t, made, given, own=True))
        assert (await ledger_of(t, made)).delivered == 1


@pytest.mark.parametrize("issuer", ["HIS", ""])
async def test_it_blocks_the_plans_of_whom_it_names_until_two_people_spoke(
    tmp_path: Path, issuer: str
) -> None:
    made = approved(plan(ARC, COURSE))
    theirs = approved(plan(ARC, Course(points=5, pairs=4, fractions=3, patient="RT-7")))
    given = strange(made, PatientID="RT-7", IssuerOfPatientID=issuer)
    async with treatments(tmp_path) as t:
        await t.take(theirs)
        assert not await blocked(t, theirs)
        await t.take(made, given)
        assert await blocked(t, theirs)
        page = await t.page(f"/plans/{theirs.SOPInstanceUID}?lang=en")
        assert "names this patient and another patient&#39;s plan" in page
        assert 'href="/courses/problems#strange"' in page
        await t.desk.confirm(ZHAO, str(made.SOPInstanceUID), await say(t, made, given, own=False))
        assert not await blocked(t, theirs)


async def test_a_number_of_another_issuer_is_somebody_else(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    theirs = approved(plan(ARC, Course(points=5, pairs=4, fractions=3, patient="RT-7")))
    async with treatments(tmp_path) as t:
        await t.take(theirs, made, strange(made, PatientID="RT-7", IssuerOfPatientID="CLINIC"))
        assert not await blocked(t, theirs)
        assert await blocked(t, made)


async def test_whose_it_is_is_said_or_nothing_is_done(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    given, right = strange(made), record(made, 2, [Part(1), Part(2)])
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, given, right)
        path = f"/plans/{uid}/attribute"
        form = {"object": str(given.SOPInstanceUID), "reason": WHY}
        assert (await t.http.post(path, data=form)).status_code == 422
        bare = {**form, "own": "yes", "reason": ""}
        assert (await t.http.post(path, data=bare)).status_code == 422
        other = {**form, "own": "yes", "object": str(right.SOPInstanceUID)}
        assert (await t.http.post(path, data=other)).status_code == 409
        assert [e for e in await t.book.notes(uid) if e.act is Act.ATTRIBUTE] == []
