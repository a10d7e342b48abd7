"""The desk: check-in, calls, gates, capacity, transfers, undo, signals, replay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.model import (
    AppointmentStatus,
    ClockQuality,
    Coding,
    DeviceEvent,
    Kind,
    Source,
    Subject,
    Value,
)
from gateway.room import ACTION_SYSTEM
from gateway.schedule.gate import gate_event
from gateway.testing import known_ring
from queue_display.book import QueueBook
from queue_display.machine import Illegal
from queue_display.options import QueueRoomOptions
from queue_display.registrar import Registrar
from queue_display.signals import matches
from queue_display.terms import Mark, State, Verb
from tests.unit.queue.desk_case import DAY, SECTION, WANG, Department, department, labels
from tests.unit.schedule.schedule_case import SHANGHAI, at


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Department]:
    async with department(tmp_path) as open_:
        yield open_


async def _three(office: Department) -> None:
    """Three wait at the first linac, in the order in which they are booked."""
    for number, time in (("1001", "08:00"), ("1002", "08:15"), ("1003", "08:30")):
        await office.books(number, time)
        await office.arrives(number)


def _signal(device: str, code: str, value: str = "", patient: str = "", n: int = 1) -> DeviceEvent:
    return DeviceEvent(
        id=f"{device}{code}{n}".encode().ljust(16, b"-"),
        site="site",
        source=Source(device, "test"),
        kind=Kind.STATE,
        code=Coding("urn:test", code),
        value=Value(value) if value else None,
        unit="",
        received_at=at("08:00"),
        observed_at=at("08:00"),
        subject=Subject(patient, "HIS") if patient else None,
    )


async def test_who_is_booked_is_listed_and_waits_after_checking_in(office: Department) -> None:
    await office.books("1001", "08:00")
    lane = await office.lane()
    assert [each.ticket.patient for each in lane.booked] == [("1001", "HIS")]
    assert lane.waiting == ()
    await office.arrives("1001")
    lane = await office.lane()
    assert (lane.booked, await labels(lane)) == ((), ["A001"])
    await office.arrives("1001")
    assert await labels(await office.lane()) == ["A001"]


async def test_the_first_in_rank_is_called_and_no_more_than_may_be_at_once(
    office: Department,
) -> None:
    await _three(office)
    assert (await office.desk.call_next(WANG, "linac-1")).label == "A001"
    assert (await office.desk.call_next(WANG, "linac-1")).label == "A002"
    with pytest.raises(Illegal) as refused:
        await office.desk.call_next(WANG, "linac-1")
    assert refused.value.text["zh-CN"] == "A003 不能呼叫：已有 2 人被呼叫或在室内。"
    acts = [(each.action, each.who.id) for each in office.audit.entries]
    assert acts.count(("queue.call", "person:wang")) == 2


async def test_two_desks_at_once_never_call_the_same_patient(office: Department) -> None:
    await _three(office)
    called = await asyncio.gather(*(office.desk.call_next(WANG, "linac-1") for _ in range(2)))
    assert sorted(each.label for each in called) == ["A001", "A002"]


async def test_nobody_is_called_against_a_gate_and_the_next_one_is(office: Department) -> None:
    await _three(office)
    lane = await office.lane()
    first = lane.waiting[0].appointment
    assert first is not None
    reason = {"zh-CN": "血常规未出", "en": "blood count missing"}
    gate = gate_event("site", "lab", "blood", first.id, reason, at=at("07:30"), cause=b"1")
    await office.ports.publish([gate])
    with pytest.raises(Illegal, match="A001 may not be called: blood count missing"):
        await office.desk.take(WANG, lane.waiting[0].ticket.id, Verb.CALL)
    assert (await office.desk.call_next(WANG, "linac-1")).label == "A002"
    clear = gate_event("site", "lab", "blood", first.id, None, at=at("07:31"), cause=b"2")
    await office.ports.publish([clear])
    assert (await office.desk.call_next(WANG, "linac-1")).label == "A001"


async def test_who_is_skipped_and_returns_comes_after_two_others(office: Department) -> None:
    await _three(office)
    ticket = await office.desk.call_next(WANG, "linac-1")
    await office.desk.take(WANG, ticket.id, Verb.SKIP)
    await office.desk.take(WANG, ticket.id, Verb.RETURN)
    assert await labels(await office.lane()) == ["A002", "A003", "A001"]


async def test_a_move_needs_a_reason_and_is_explained_by_it(office: Department) -> None:
    await _three(office)
    lane = await office.lane()
    last, first = lane.waiting[2].ticket, lane.waiting[0].ticket
    with pytest.raises(Illegal, match="Say why"):
        await office.desk.take(WANG, last.id, Verb.MOVE, before=first.id)
    await office.desk.take(WANG, last.id, Verb.MOVE, before=first.id, why="in pain")
    lane = await office.lane()
    assert await labels(lane) == ["A003", "A001", "A002"]
    ranked = lane.waiting[0].ranked
    assert ranked is not None
    assert ranked.why[-1].text["en"] == "placed by hand: in pain"


async def test_a_transfer_goes_to_the_twin_only_and_keeps_the_number(office: Department) -> None:
    await _three(office)
    ticket = (await office.lane()).waiting[0].ticket
    with pytest.raises(Illegal, match="can't be transferred"):
        await office.desk.take(WANG, ticket.id, Verb.TRANSFER, to="ct", why="machine down")
    await office.desk.take(WANG, ticket.id, Verb.TRANSFER, to="linac-2", why="machine down")
    assert await labels(await office.lane("linac-2")) == ["A001"]


async def test_a_step_can_be_taken_back_for_a_while(office: Department) -> None:
    await _three(office)
    ticket = await office.desk.call_next(WANG, "linac-1")
    back = await office.desk.take(WANG, ticket.id, Verb.UNDO)
    assert back.state is State.WAITING
    ticket = await office.desk.call_next(WANG, "linac-1")
    assert ticket.calls == 2
    office.clock.advance(61)
    with pytest.raises(Illegal, match="too late"):
        await office.desk.take(WANG, ticket.id, Verb.UNDO)


async def test_several_stops_of_a_day_follow_each_other(office: Department) -> None:
    await office.books("1001", "08:00", "CT1")
    await office.books("1001", "09:00")
    await office.arrives("1001")
    assert await labels(await office.lane("ct")) == ["C001"]
    later = (await office.lane()).aside[0].ticket
    assert (later.label, later.state) == ("A001", State.CHECKED_IN)
    scan = await office.desk.call_next(WANG, "ct")
    await office.desk.take(WANG, scan.id, Verb.START)
    await office.desk.take(WANG, scan.id, Verb.FINISH)
    assert await labels(await office.lane()) == ["A001"]
    await office.desk.take(WANG, scan.id, Verb.UNDO)
    assert (await office.lane()).aside[0].ticket.state is State.CHECKED_IN
    await office.desk.take(WANG, scan.id, Verb.FINISH)
    treated = await office.desk.call_next(WANG, "linac-1")
    with pytest.raises(Illegal, match="has moved on"):
        await office.desk.take(WANG, scan.id, Verb.UNDO)
    assert treated.label == "A001"


async def test_a_stopped_queue_calls_nobody(office: Department) -> None:
    await _three(office)
    with pytest.raises(Illegal, match="Say why"):
        await office.desk.stop(WANG, "linac-1", "")
    await office.desk.stop(WANG, "linac-1", "interlock")
    with pytest.raises(Illegal, match="the queue is stopped: interlock"):
        await office.desk.take(WANG, (await office.lane()).waiting[0].ticket.id, Verb.CALL)
    await office.desk.resume(WANG, "linac-1")
    assert (await office.desk.call_next(WANG, "linac-1")).label == "A001"


async def test_the_room_is_cleaned_after_an_infection(office: Department) -> None:
    await _three(office)
    ticket = (await office.lane()).waiting[0].ticket
    marks = frozenset({Mark.INFECTION})
    await office.desk.take(WANG, ticket.id, Verb.MARK, marks=marks, why="MRSA")
    assert await labels(await office.lane()) == ["A002", "A003", "A001"]
    await office.desk.take(WANG, ticket.id, Verb.CALL)
    await office.desk.take(WANG, ticket.id, Verb.START)
    await office.desk.take(WANG, ticket.id, Verb.FINISH)
    with pytest.raises(Illegal, match="being cleaned until 07:45"):
        await office.desk.take(WANG, (await office.lane()).waiting[0].ticket.id, Verb.CALL)
    await office.desk.cleaned(WANG, "linac-1")
    assert (await office.desk.call_next(WANG, "linac-1")).label == "A002"


@pytest.mark.parametrize("verb", [Verb.HOLD, Verb.RETURN])
async def test_the_room_is_cleaned_though_the_treatment_was_not_done(
    office: Department, verb: Verb
) -> None:
    await _three(office)
    ticket = await office.desk.call_next(WANG, "linac-1")
    marks = frozenset({Mark.INFECTION})
    await office.desk.take(WANG, ticket.id, Verb.MARK, marks=marks, why="MRSA")
    await office.desk.take(WANG, ticket.id, Verb.ENTER)
    await office.desk.take(WANG, ticket.id, verb, why="set-up failed")
    with pytest.raises(Illegal, match="being cleaned until 07:45"):
        await office.desk.take(WANG, (await office.lane()).waiting[0].ticket.id, Verb.CALL)
    await office.desk.take(WANG, ticket.id, Verb.TRANSFER, to="linac-2", why="other machine")
    assert (await office.lane()).blocked != ()
    assert (await office.lane("linac-2")).blocked == ()
    await office.desk.cleaned(WANG, "linac-1")
    assert (await office.desk.call_next(WANG, "linac-1")).label == "A002"


async def test_who_was_called_and_never_inside_leaves_nothing_to_clean(
    office: Department,
) -> None:
    await _three(office)
    ticket = await office.desk.call_next(WANG, "linac-1")
    marks = frozenset({Mark.INFECTION})
    await office.desk.take(WANG, ticket.id, Verb.MARK, marks=marks, why="MRSA")
    await office.desk.take(WANG, ticket.id, Verb.RETURN)
    assert (await office.lane()).blocked == ()


async def test_an_appointment_that_is_cancelled_takes_its_ticket_out_of_the_line(
    office: Department,
) -> None:
    await _three(office)
    office.clock.advance(60)
    await office.books("1001", "08:00", status="cancelled", minute=5)
    lane = await office.lane()
    assert await labels(lane) == ["A002", "A003"]
    with pytest.raises(Illegal, match="the appointment was cancelled"):
        await office.desk.take(WANG, lane.aside[0].ticket.id, Verb.CALL)


async def test_a_device_event_is_proposed_and_confirmed_by_a_person(office: Department) -> None:
    await _three(office)
    ticket = await office.desk.call_next(WANG, "linac-1")
    await office.ports.publish([_signal("la1", "beam", "off"), _signal("la1", "beam", "on", n=2)])
    (proposal,) = (await office.lane()).proposals
    assert proposal.says["en"] == "treatment begun (la1 beam)"
    assert (await office.book.ticket(ticket.id) or ticket).state is State.CALLED
    await office.desk.settle(WANG, "linac-1", proposal.cause, confirmed=True)
    lane = await office.lane()
    assert (lane.proposals, lane.running[0].ticket.state) == ((), State.IN_TREATMENT)
    last = (await office.book.steps(ticket.id))[-1].act
    assert bytes.fromhex(last.cause) == _signal("la1", "beam", "on", n=2).id
    with pytest.raises(Illegal, match="answered this already"):
        await office.desk.settle(WANG, "linac-1", proposal.cause, confirmed=True)


async def test_a_dismissed_event_changes_nothing(office: Department) -> None:
    await _three(office)
    await office.ports.publish([_signal("la1", "down")])
    (proposal,) = (await office.lane()).proposals
    await office.desk.settle(WANG, "linac-1", proposal.cause, confirmed=False)
    lane = await office.lane()
    assert (lane.proposals, lane.stand.stopped) == ((), None)


async def test_one_event_that_moves_two_queues_is_asked_and_answered_in_each(
    tmp_path: Path,
) -> None:
    down = {"kind": "state", "device": "la1", "code": "down", "proposes": "stop"}
    section = {**SECTION, "signals": [{**down, "queue": f"linac-{n}"} for n in (1, 2)]}
    async with department(tmp_path, section) as office:
        await office.ports.publish([_signal("la1", "down")])
        (first,) = (await office.lane("linac-1")).proposals
        (second,) = (await office.lane("linac-2")).proposals
        await office.desk.settle(WANG, "linac-1", first.cause, confirmed=True)
        lane = await office.lane("linac-1")
        assert (lane.proposals, lane.stand.stopped) == ((), office.clock.now())
        assert (await office.lane("linac-2")).proposals == (second,)
        await office.desk.settle(WANG, "linac-2", second.cause, confirmed=False)
        lane = await office.lane("linac-2")
        assert (lane.proposals, lane.stand.stopped) == ((), None)


async def test_two_steps_that_one_event_proposes_are_answered_one_by_one(tmp_path: Path) -> None:
    scan = {"kind": "state", "device": "la1", "code": "beam", "queue": "linac-1"}
    section = {**SECTION, "signals": [{**scan, "proposes": each} for each in ("start", "stop")]}
    async with department(tmp_path, section) as office:
        await office.books("1001", "08:00")
        await office.arrives("1001")
        await office.desk.call_next(WANG, "linac-1")
        await office.ports.publish([_signal("la1", "beam")])
        start, stop = (await office.lane()).proposals
        data = {"cause": start.cause, "verb": "start", "answer": "yes"}
        await office.http.post("/queue/of/linac-1/settle", data=data)
        lane = await office.lane()
        assert (lane.proposals, lane.stand.stopped) == ((stop,), None)
        assert lane.running[0].ticket.state is State.IN_TREATMENT


async def test_where_the_site_allows_it_the_event_acts_and_is_named(office: Department) -> None:
    await office.books("1001", "08:00", "CT1")
    await office.arrives("1001")
    ticket = await office.desk.call_next(WANG, "ct")
    await office.ports.publish([_signal("ct1", "scan", patient="1001")])
    lane = await office.lane("ct")
    assert lane.running[0].ticket.state is State.IN_TREATMENT
    act = (await office.book.steps(ticket.id))[-1].act
    assert (act.who, bytes.fromhex(act.cause)) == ("queue", _signal("ct1", "scan").id)
    await office.ports.publish([_signal("ct1", "down")])
    assert (await office.lane("ct")).stand.stopped == at("08:00")


async def test_a_late_event_does_not_end_the_patient_after(tmp_path: Path) -> None:
    """The device says done, its link is slow, and the next one is inside by then."""
    done = {"kind": "state", "device": "la2", "code": "done", "proposes": "finish"}
    section = {**SECTION, "signals": [{**done, "queue": "linac-2"}]}
    async with department(tmp_path, section) as office:
        for number in ("1001", "1002"):
            await office.books(number, "08:00", "LA2")
            await office.arrives(number)
        first = await office.desk.call_next(WANG, "linac-2")
        await office.desk.take(WANG, first.id, Verb.START)
        office.clock.advance(600)
        seen = office.clock.now()
        office.clock.advance(30)
        await office.desk.take(WANG, first.id, Verb.FINISH)
        second = await office.desk.call_next(WANG, "linac-2")
        await office.desk.take(WANG, second.id, Verb.START)
        came = office.clock.now()
        late = replace(
            _signal("la2", "done"), observed_at=seen, received_at=came, clock=ClockQuality.DEVICE
        )
        await office.ports.publish([late])
        lane = await office.lane("linac-2")
        assert lane.running[0].ticket.state is State.IN_TREATMENT
        (proposal,) = lane.proposals
        assert (proposal.ticket, proposal.at) == (second.id, seen)
        assert f"before {second.label} came to stand so" in proposal.says["en"]
        suspect = replace(late, id=b"2" * 16, clock=ClockQuality.SUSPECT)
        await office.ports.publish([suspect])
        lane = await office.lane("linac-2")
        assert "clock is in doubt" in lane.proposals[1].says["en"]
        own = replace(late, id=b"3" * 16, clock=ClockQuality.GATEWAY)
        await office.ports.publish([own])
        assert (await office.book.ticket(second.id) or second).state is State.DONE


async def test_no_event_ends_by_itself_what_was_not_seen_to_begin(office: Department) -> None:
    await office.books("1001", "08:00", "LA2")
    await office.arrives("1001")
    ticket = await office.desk.call_next(WANG, "linac-2")
    await office.desk.take(WANG, ticket.id, Verb.ENTER)
    await office.ports.publish([_session("completed", "LINAC2", 1)])
    lane = await office.lane("linac-2")
    assert lane.running[0].ticket.state is State.IN_ROOM
    (proposal,) = lane.proposals
    assert "was not seen to begin" in proposal.says["en"]
    await office.desk.settle(WANG, "linac-2", proposal.cause, confirmed=True)
    assert (await office.book.ticket(ticket.id) or ticket).state is State.DONE


async def test_sessions_of_the_machine_that_a_queue_follows_begin_and_end_treatments(
    office: Department,
) -> None:
    await office.books("1001", "08:00", "LA2")
    await office.arrives("1001")
    ticket = await office.desk.call_next(WANG, "linac-2")
    other, began, done = (
        _session(code, machine, n)
        for n, (code, machine) in enumerate(
            (("began", "LINAC1"), ("began", "LINAC2"), ("completed", "LINAC2"))
        )
    )
    await office.ports.publish([other])
    assert (await office.lane("linac-2")).running[0].ticket.state is State.CALLED
    await office.ports.publish([began])
    assert (await office.lane("linac-2")).running[0].ticket.state is State.IN_TREATMENT
    await office.ports.publish([done])
    steps = await office.book.steps(ticket.id)
    assert [each.act.verb for each in steps[-2:]] == [Verb.START, Verb.FINISH]
    assert [bytes.fromhex(each.act.cause) for each in steps[-2:]] == [began.id, done.id]


async def test_a_beam_is_noted_of_who_is_inside_and_is_no_step(office: Department) -> None:
    await office.books("1001", "08:00", "LA2")
    await office.arrives("1001")
    ticket = await office.desk.call_next(WANG, "linac-2")
    early, began, beam, again = (
        _session(code, "LINAC2", n) for n, code in enumerate(("beam", "began", "beam", "beam"))
    )
    await office.ports.publish([early])
    assert (await office.lane("linac-2")).running[0].ticket.beam is None
    await office.ports.publish([began, replace(beam, received_at=at("08:10"))])
    await office.ports.publish([replace(again, received_at=at("08:11"))])
    lane = await office.lane("linac-2")
    assert lane.running[0].ticket.beam == at("08:10")
    assert lane.proposals == ()
    assert (await office.book.steps(ticket.id))[-1].act.verb is Verb.START
    undone = await office.desk.take(WANG, ticket.id, Verb.UNDO)
    assert (undone.state, undone.beam) == (State.CALLED, None)


def _session(code: str, machine: str, n: int) -> DeviceEvent:
    """As the room of plans says it."""
    return replace(
        _signal("tps", code, n=n, patient="1001"),
        kind=Kind.ACTION,
        code=Coding(ACTION_SYSTEM, f"session.{code}"),
        payload={"machine": machine},
    )


async def test_an_event_that_names_another_patient_moves_nobody(office: Department) -> None:
    await office.books("1001", "08:00", "CT1")
    await office.arrives("1001")
    await office.desk.call_next(WANG, "ct")
    await office.ports.publish([_signal("ct1", "scan", patient="1002")])
    lane = await office.lane("ct")
    assert lane.running[0].ticket.state is State.CALLED
    assert "another patient" in lane.proposals[0].says["en"]
    with pytest.raises(Illegal):
        await office.desk.settle(WANG, "ct", lane.proposals[0].cause, confirmed=True)


async def test_the_schedule_says_what_becomes_of_who_came(office: Department) -> None:
    registrar = Registrar(office.book, office.neighbours, office.clock)

    async def said() -> tuple[str, str]:
        """The status in the schedule, and which event of the queue it follows."""
        await registrar.turn()
        (own,) = await office.schedule.day(date.fromisoformat(DAY))
        moves = [each for each in office.ports.events if each.code.code == "schedule.move"]
        return own.status.value, moves[-1].caused_by.hex() if moves else ""

    await office.books("1001", "08:00")
    assert await said() == ("booked", "")
    await office.arrives("1001")
    ticket = (await office.lane()).waiting[0].ticket
    assert await said() == ("arrived", ticket.event)
    await office.desk.call_next(WANG, "linac-1")
    started = await office.desk.take(WANG, ticket.id, Verb.START)
    assert await said() == ("started", started.event)
    await office.desk.take(WANG, ticket.id, Verb.FINISH)
    assert (await said())[0] == "completed"
    undone = await office.desk.take(WANG, ticket.id, Verb.UNDO)
    assert await said() == ("started", undone.event)
    moves = len(office.ports.events)
    assert await said() == ("started", undone.event)
    assert len(office.ports.events) == moves


async def test_what_another_system_says_later_stands_in_the_schedule(office: Department) -> None:
    await office.books("1001", "08:00")
    await office.arrives("1001")
    await Registrar(office.book, office.neighbours, office.clock).turn()
    await office.books("1001", "08:00", minute=7 * 60 + 40, status="cancelled")
    await Registrar(office.book, office.neighbours, office.clock).turn()
    (own,) = await office.schedule.day(date.fromisoformat(DAY))
    assert own.status is AppointmentStatus.CANCELLED
    (aside,) = (await office.lane()).aside
    assert aside.gates == ({"zh-CN": "预约已取消", "en": "the appointment was cancelled"},)


async def test_a_rebuilt_book_is_the_same(office: Department, tmp_path: Path) -> None:
    await _three(office)
    ticket = await office.desk.call_next(WANG, "linac-1")
    await office.desk.take(WANG, ticket.id, Verb.UNDO)
    await office.ports.publish([_signal("la1", "beam", "on"), _signal("la1", "down")])
    await office.desk.call_next(WANG, "linac-1")
    await office.desk.stop(WANG, "linac-2", "service")
    now = office.clock.now()

    async with QueueBook.open(tmp_path / "again.sqlite", known_ring(), SHANGHAI) as again:
        emitted: list[DeviceEvent] = []

        async def emit(events: object) -> None:
            emitted.extend(events)  # type: ignore[arg-type]

        await again.apply(office.ports.events, emit)
        assert list(await again.today(now)) == list(await office.book.today(now))
        assert await again.stands() == await office.book.stands()
        assert await again.proposals(now) == await office.book.proposals(now)
        assert await again.steps(ticket.id) == await office.book.steps(ticket.id)
        assert emitted == []


async def test_after_midnight_who_is_still_about_stays(office: Department) -> None:
    await _three(office)
    ticket = await office.desk.call_next(WANG, "linac-1")
    office.clock.advance(17 * 3600)
    lane = await office.lane()
    assert [each.ticket.id for each in lane.running] == [ticket.id]
    assert await labels(lane) == ["A002", "A003"]


async def test_a_clock_that_jumps_moves_nobody_and_screens_go_on(office: Department) -> None:
    await _three(office)
    ticket = await office.desk.call_next(WANG, "linac-1")
    before = await office.air.snapshot("hall-1")
    for jump in (3600, -7200, 3600):
        office.clock.advance(jump)
        await office.air.turn()
        lane = await office.lane()
        assert [each.ticket for each in lane.running] == [ticket]
        assert await labels(lane) == ["A002", "A003"]
        shown = (await office.air.snapshot("hall-1"))["board"]
        assert shown["calls"] == before["board"]["calls"]
    second = await office.desk.call_next(WANG, "linac-1")
    assert second.label == "A002"


async def test_a_walk_in_waits_by_when_it_came(office: Department) -> None:
    await _three(office)
    with pytest.raises(Illegal, match="Say why"):
        await office.desk.walk_in(WANG, "linac-1", None, "")
    ticket = await office.desk.walk_in(WANG, "linac-1", None, "dressing")
    assert (ticket.label, ticket.day, ticket.patient) == ("A004", DAY, None)
    assert (await labels(await office.lane()))[0] == "A004"


def test_a_rule_without_a_value_takes_every_value_and_never_the_queues_own_events() -> None:
    options = QueueRoomOptions.model_validate(SECTION)
    beam, down, *_ = options.signals
    assert matches(beam, _signal("la1", "beam", "on"))
    assert not matches(beam, _signal("la1", "beam", "off"))
    assert not matches(beam, _signal("la2", "beam", "on"))
    assert matches(down, _signal("la1", "down", "anything"))


def test_the_section_names_what_there_is_not() -> None:
    wrong = {
        **SECTION,
        "queues": {"linac-1": {"name": "x", "resource": "linac-1", "twin": "linac-9"}},
        "displays": {"hall": {"queues": ["linac-1", "nowhere"]}},
        "signals": [{"kind": "state", "device": "la1", "queue": "linac-1", "proposes": "start"}],
    }
    faults = QueueRoomOptions.model_validate(wrong).faults(())
    assert [each.trail for each in faults] == [
        ("queues", "linac-1", "twin"),
        ("displays", "hall", "queues", 1),
        ("signals", 0, "device"),
    ]
