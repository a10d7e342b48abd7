"""Records by hand: one reads, another confirms, and only then the fraction counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.room import Permission
from gateway.web import Refusal
from simulators.rt import ARC, Course, Part, approved, brachy_plan, plan, record
from tests.unit.tps.test_sessions import scheduled
from tests.unit.tps.treatment_case import Treatments, somebody, treatments
from tps_bridge.book import Act, Note
from tps_bridge.book.byhand import by_hand
from tps_bridge.ledger import FindingKind, FractionState
from tps_bridge.session import Session, SessionState
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.hand import HandDesk
from tps_bridge.today import TodaysTreatments

COURSE = Course(points=5, pairs=4, fractions=3)
WEI = somebody("wei", Permission.READ_PLANS, Permission.NOTE_FRACTIONS)
LAN = somebody("lan", Permission.READ_PLANS, Permission.NOTE_FRACTIONS)
READER = somebody("wu", Permission.READ_PLANS)
FORM = {"beam-1": "100", "beam-2": "100", "at": "2025-06-12T08:30", "ended": "normal"}
WHY = {"reason": "the record server is down"}


def desk_of(t: Treatments) -> HandDesk:
    return HandDesk(t.context, t.book, t.context.neighbours(SessionDesk))


async def posted(t: Treatments, path: str, **form: str) -> int:
    return (await t.http.post(path, data=form)).status_code


async def confirmed(hand: HandDesk, session: Session) -> int:
    """The second person agrees to what waits; its seq."""
    waiting = (await hand.sheet(session)).waiting
    assert waiting is not None
    await hand.witness(LAN, session.id, waiting.seq)
    return waiting.seq


async def test_what_two_people_read_is_given_and_ends_the_session(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, uid)
        page = f"/sessions/{session.id}"
        t.act_as(WEI)
        assert await posted(t, f"{page}/hand", **FORM, **WHY) == 200
        assert "counts for nothing before a second person" in await t.page(f"{page}?lang=en")
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.delivered == 0
        (note,) = [each for each in await t.book.notes(uid) if each.act is Act.GIVE]
        assert await posted(t, f"{page}/hand/confirm", given=str(note.seq)) == 409
        t.act_as(LAN)
        assert await posted(t, f"{page}/hand/confirm", given=str(note.seq)) == 200
        (ledger,) = await t.book.ledgers(uid)
        assert (ledger.delivered, ledger.findings) == (1, ())
        done = await t.book.session(session.id)
        assert done is not None
        assert (done.state, done.performer) == (SessionState.COMPLETED, LAN.id)
        assert f"read by {WEI.name}, confirmed by {LAN.name}" in await t.page(f"{page}?lang=en")
        said = [each.code.code for each in t.ports.events if each.code.code.startswith("session.")]
        assert said == ["session.schedule", "session.began", "session.completed"]
        actions = [each.action for each in t.audit.entries if each.action.startswith("tps.")]
        assert actions == ["tps.give", "tps.witness"]
        assert await posted(t, f"{page}/hand", **FORM, **WHY) == 409


async def test_the_rest_of_a_fraction_goes_on_where_it_stopped(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made, record(made, 1, [Part(1), Part(2, 0, 40, termination="MACHINE")]))
        session = await scheduled(t, uid)
        hand, sessions = desk_of(t), t.context.neighbours(SessionDesk)
        at = sessions.moment("2025-06-12T08:30")
        await hand.give(WEI, session.id, {2: 60.0}, at, normal=True, why="no network")
        await confirmed(hand, session)
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.fractions[0].state is FractionState.DELIVERED
        beam = ledger.fractions[0].beams[1]
        assert [(each.start, each.delivery) for each in beam.parts] == [
            (0, "TREATMENT"),
            (40, "CONTINUATION"),
        ]
        assert beam.finished


async def test_a_record_that_comes_after_all_shows_that_it_was_counted_twice(
    tmp_path: Path,
) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, uid)
        hand, sessions = desk_of(t), t.context.neighbours(SessionDesk)
        at = sessions.moment("2025-06-12T08:30")
        await hand.give(WEI, session.id, {1: 100.0, 2: 100.0}, at, normal=True, why="no network")
        await confirmed(hand, session)
        await t.take(record(made, 1, [Part(1), Part(2)]))
        (ledger,) = await t.book.ledgers(uid)
        assert FindingKind.OVERLAP in {each.kind for each in ledger.findings}


async def test_what_can_not_be_is_refused(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, str(made.SOPInstanceUID))
        hand, sessions = desk_of(t), t.context.neighbours(SessionDesk)
        at = sessions.moment("2025-06-12T08:30")
        for metersets in ({}, {7: 10.0}, {1: 0.0}, {1: -1.0}, {1: float("nan")}, {1: 1e9}):
            with pytest.raises(Refusal):
                await hand.give(WEI, session.id, metersets, at, normal=True, why="x")
        for moment in ("2025-06-13T08:30", "2025-06-08T08:30"):
            late = sessions.moment(moment)
            with pytest.raises(Refusal, match="in the future, or before"):
                await hand.give(WEI, session.id, {1: 1.0}, late, normal=True, why="x")
        path = f"/sessions/{session.id}/hand"
        assert await posted(t, path, **FORM | {"beam-1": "a lot"}, **WHY) == 422
        assert await posted(t, path, **FORM) == 422
        assert not [each for each in t.ports.events if each.code.code == Act.GIVE]


async def counted(t: Treatments, uid: str) -> tuple[str, int]:
    """A session that a record by hand ended: its id, and the number of that record."""
    session = await scheduled(t, uid)
    hand, sessions = desk_of(t), t.context.neighbours(SessionDesk)
    at = sessions.moment("2025-06-12T08:30")
    await hand.give(WEI, session.id, {1: 100.0, 2: 100.0}, at, normal=True, why="no network")
    return session.id, await confirmed(hand, session)


async def test_two_people_take_back_what_was_counted_and_the_fraction_is_to_be_given(
    tmp_path: Path,
) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        id_, given = await counted(t, uid)
        page = f"/sessions/{id_}"
        t.act_as(LAN)
        assert await posted(t, f"{page}/hand/take-back", given=str(given)) == 422
        wrong = {"given": str(given), "reason": "another patient's"}
        assert await posted(t, f"{page}/hand/take-back", **wrong) == 200
        assert "counts until a second person agrees" in await t.page(f"{page}?lang=en")
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.delivered == 1, "one person takes nothing back"
        (asked,) = [each.seq for each in await t.book.notes(uid) if each.act is Act.TAKE_BACK]
        assert await posted(t, f"{page}/hand/concur", asked=str(asked)) == 409
        t.act_as(WEI)
        assert await posted(t, f"{page}/hand/concur", asked=str(asked)) == 200
        (ledger,) = await t.book.ledgers(uid)
        assert (ledger.delivered, ledger.next) == (0, 1)
        done = await t.book.session(id_)
        assert done is not None
        assert (done.state, done.why) == (SessionState.DISCONTINUED, "another patient's")
        shown = await t.page(f"{page}?lang=en")
        assert f"taken back by {LAN.name} and {WEI.name}" in shown
        assert (await scheduled(t, uid)).fraction == 1
        said = [each.code.code for each in t.ports.events if each.code.code.startswith("session.")]
        assert said[-2:] == ["session.discontinued", "session.schedule"]
        assert [each.action for each in t.audit.entries][-3:-1] == ["tps.take-back", "tps.concur"]
        assert await posted(t, f"{page}/hand/take-back", **wrong) == 409


async def test_what_a_machine_tells_as_well_stays_given(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        id_, given = await counted(t, uid)
        await t.take(record(made, 1, [Part(1), Part(2)]))
        hand = desk_of(t)
        await hand.take_back(WEI, id_, given, "the machine's own record came")
        (wanted,) = await hand.waiting(LAN)
        assert wanted.back is not None
        await hand.concur(LAN, id_, wanted.back.seq)
        (ledger,) = await t.book.ledgers(uid)
        assert (ledger.delivered, ledger.findings) == (1, ())
        done = await t.book.session(id_)
        assert done is not None
        assert done.state is SessionState.COMPLETED


async def test_a_session_that_goes_on_is_as_far_as_without_what_was_taken_back(
    tmp_path: Path,
) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, str(made.SOPInstanceUID))
        hand, sessions = desk_of(t), t.context.neighbours(SessionDesk)
        at = sessions.moment("2025-06-12T08:30")
        await hand.give(WEI, session.id, {1: 100.0}, at, normal=True, why="no network")
        (waiting,) = await hand.waiting(LAN)
        await hand.witness(LAN, session.id, waiting.seq)
        begun = await t.book.session(session.id)
        await hand.take_back(LAN, session.id, waiting.seq, "a slip")
        (wanted,) = await hand.waiting(WEI)
        assert wanted.back is not None
        await hand.concur(WEI, session.id, wanted.back.seq)
        left = await t.book.session(session.id)
    assert begun is not None
    assert left is not None
    assert (begun.state, begun.progress) == (SessionState.IN_PROGRESS, 50.0)
    assert (left.state, left.progress) == (SessionState.IN_PROGRESS, 0.0)


async def test_who_may_confirm_is_told_on_the_overview_and_the_day(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, str(made.SOPInstanceUID), "2025-06-12T08:00")
        hand, sessions = desk_of(t), t.context.neighbours(SessionDesk)
        today = TodaysTreatments(t.context, sessions, hand)
        at = sessions.moment("2025-06-12T08:30")
        t.act_as(LAN)
        for act in ("confirm", "take back"):
            assert (await today.glance(LAN)).attention == ()
            await hand.give(WEI, session.id, {1: 50.0}, at, normal=False, why="no network")
            (told,) = (await today.glance(LAN)).attention
            assert told.path == f"/sessions/{session.id}"
            assert (await today.glance(READER)).attention == ()
            assert f"/sessions/{session.id}#hand" in await t.page("/sessions?lang=en")
            (waiting,) = await hand.waiting(LAN)
            if act == "confirm":
                await hand.witness(LAN, session.id, waiting.seq)
            else:
                await hand.take_back(WEI, session.id, waiting.seq, "a slip")
        assert f"/sessions/{session.id}#hand" not in await t.page("/sessions?lang=en")


def test_taking_back_needs_a_request_that_stands_and_somebody_else() -> None:
    given, seen = note(1, Act.GIVE, "wei"), note(2, Act.WITNESS, "lan", given=1)
    asked = note(3, Act.TAKE_BACK, "wei", given=1)
    own = note(4, Act.CONCUR, "wei", given=1, asked=3)
    other = note(5, Act.CONCUR, "lan", given=1, asked=2)
    good = note(6, Act.CONCUR, "lan", given=1, asked=3)
    again = note(7, Act.TAKE_BACK, "lan", given=1)
    assert by_hand([given, asked]) == [], "what never counted is gone at once"
    for notes in ([given, seen], [given, seen, asked, own, other], [given, seen, good]):
        assert [each.counts for each in by_hand(notes)] == [True]
    for notes in ([given, seen, asked, good], [given, seen, asked, good, again]):
        assert [(each.counts, each.waits) for each in by_hand(notes)] == [(False, False)]


def note(seq: int, act: Act, who: str, **facts: object) -> Note:
    return Note(seq, act, "1.2.3", who, 0, "", {"session": "s", **facts})


def test_only_the_last_that_was_read_is_confirmed_and_by_somebody_else() -> None:
    first, second = note(1, Act.GIVE, "wei"), note(2, Act.GIVE, "wei")
    stale = note(3, Act.WITNESS, "lan", given=1)
    own = note(4, Act.WITNESS, "wei", given=2)
    good = note(5, Act.WITNESS, "lan", given=2)
    assert [(e.seq, e.second) for e in by_hand([first, second, stale, own])] == [(2, "")]
    assert [(e.seq, e.second) for e in by_hand([first, second, stale, own, good])] == [(2, "lan")]
    assert by_hand([good]) == []


async def test_an_application_is_recorded_in_the_time_of_its_day(tmp_path: Path) -> None:
    """The source has decayed: what was to take longer than planned was stopped when it did."""
    made = approved(brachy_plan())
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, uid)
        hand, sessions = desk_of(t), t.context.neighbours(SessionDesk)
        at = sessions.moment("2025-06-12T08:30")
        (course,) = (await hand.sheet(session)).beams
        number, planned = course.beam.number, course.beam.meterset
        assert planned is not None
        given = {number: planned}
        with pytest.raises(Refusal, match="specified"):
            await hand.give(WEI, session.id, given, at, normal=False, why="the door opened")
        times = {number: planned * 1.25}
        await hand.give(WEI, session.id, given, at, normal=False, why="a leak", times=times)
        await confirmed(hand, session)
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.fractions[0].state is FractionState.PARTIAL
        assert ledger.fractions[0].beams[0].reached == pytest.approx(planned * 0.8)
        rest = {number: planned * 0.25}
        await hand.give(WEI, session.id, rest, at, normal=True, why="the rest", times=times)
        await confirmed(hand, session)
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.fractions[0].state is FractionState.DELIVERED
        assert ledger.findings == ()
