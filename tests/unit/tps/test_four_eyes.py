"""What two people answer for is said by people: a token is neither the first nor the second."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.room import OWNER, Permission, Principal
from gateway.web import Refusal
from simulators.rt import STATIC, Course, approved, plan
from tests.unit.tps.test_sessions import scheduled
from tests.unit.tps.treatment_case import CHEN, aside, somebody, treatments
from tps_bridge.block import BlockKind
from tps_bridge.course_desk import CourseDesk
from tps_bridge.options import TpsOptions
from tps_bridge.record_desk import Established, RecordDesk

COURSE = Course(points=2, pairs=4, fractions=3)
TOKEN = Principal("token:chens-script", "chens-script", frozenset(Permission))
LAN = somebody("lan", *Permission)
NOT_PEOPLE = pytest.mark.parametrize("who", [TOKEN, OWNER], ids=["token", "owner"])


@NOT_PEOPLE
async def test_an_override_needs_two_people(tmp_path: Path, who: Principal) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        path = f"/plans/{uid}"
        form = aside(await t.shown(uid, BlockKind.IDENTITY), "known to me")
        t.act_as(who)
        assert (await t.http.post(f"{path}/override", data=form)).status_code == 403
        t.act_as(CHEN)
        assert (await t.http.post(f"{path}/override", data=form)).status_code == 200
        second = {"override": str((await t.book.notes(uid))[-1].seq)}
        t.act_as(who)
        answer = await t.http.post(f"{path}/confirm?lang=en", data=second)
        assert answer.status_code == 403
        assert "each with an account of their own" in answer.text
        t.act_as(LAN)
        assert (await t.http.post(f"{path}/confirm", data=second)).status_code == 200


@NOT_PEOPLE
async def test_a_record_by_hand_needs_two_people(tmp_path: Path, who: Principal) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    given = {"beam-1": "100", "at": "2025-06-12T08:30", "ended": "normal", "reason": "x"}
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, uid)
        path = f"/sessions/{session.id}/hand"

        async def last() -> str:
            notes = await t.book.notes(uid)
            return str(notes[-1].seq) if notes else ""

        async def only(person: Principal, act: str, form: dict[str, str]) -> str:
            """By a person, and not by who is none; the number of what was noted."""
            for one, status in ((who, 403), (person, 200)):
                t.act_as(one)
                assert (await t.http.post(f"{path}{act}", data=form)).status_code == status, act
            return await last()

        seq = await only(CHEN, "", given)
        await only(LAN, "/confirm", {"given": seq})
        asked = await only(CHEN, "/take-back", {"given": seq, "reason": "a slip"})
        await only(LAN, "/concur", {"asked": asked})


@NOT_PEOPLE
async def test_what_is_said_of_records_and_emergencies_is_said_by_people(
    tmp_path: Path, who: Principal
) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        records, courses = RecordDesk(t.book, t.desk), CourseDesk(t.book, TpsOptions(), t.desk)
        said = Established(1, 1, (), normal=True)
        for act in (
            records.attribute(who, uid, "1.2", own=True, why="x"),
            records.correct(who, uid, "1.2", said, "x"),
            courses.declare(who, uid, "0", "on call", "x"),
        ):
            with pytest.raises(Refusal) as refused:
                await act
            assert refused.value.status == 403
