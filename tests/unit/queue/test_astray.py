"""Tickets whose appointment was changed after the check-in, and checking in anew."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.model import AppointmentStatus, Identifier, Instant
from gateway.schedule import ScheduleDesk
from queue_display.machine import Illegal
from queue_display.registrar import Registrar
from queue_display.scene import Entry
from queue_display.terms import Mark, State, Verb
from tests.unit.queue.desk_case import WANG, Department, department, labels
from tests.unit.schedule.schedule_case import at, booked, event

_DAY = 86_400_000_000


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Department]:
    async with department(tmp_path) as open_:
        await open_.books("1001", "08:00")
        await open_.arrives("1001")
        yield open_


async def _first(office: Department, queue: str = "linac-1") -> Entry:
    return (await office.lane(queue)).waiting[0]


async def _moves(office: Department, resource: str) -> None:
    made = booked("F1001LA1", "08:00", resource=resource, who="1001", reschedules=True)
    await office.ports.publish([event(60, made)])


async def _assigns(office: Department, number: str) -> None:
    desk = office.neighbours(ScheduleDesk)
    appointment = (await _first(office)).appointment
    assert appointment is not None
    await desk.assign(WANG, appointment.id, Identifier(number, "HIS"), "wrong card")


async def _goes_to_tomorrow(office: Department) -> None:
    made = booked("F1001LA1", "08:00", resource="LA1", who="1001", reschedules=True)
    tomorrow = replace(made, start=Instant(at("08:00") + _DAY), day="2026-11-24")
    await office.ports.publish([event(60, tomorrow)])


async def _refused(office: Department, words: str) -> None:
    """Neither the next call nor one by hand reaches the ticket, and the page says why."""
    entry = await _first(office)
    with pytest.raises(Illegal, match=words):
        await office.desk.call_next(WANG, "linac-1")
    with pytest.raises(Illegal, match=words):
        await office.desk.take(WANG, entry.ticket.id, Verb.CALL)
    for language in ("en", "zh-CN"):
        page = html.unescape((await office.http.get(f"/queue?lang={language}")).text)
        assert entry.gates[0][language] in page


@pytest.mark.parametrize("resource", ["LA2", "CT1"])
async def test_an_appointment_at_another_machine_is_not_called_to_the_old_one(
    office: Department, resource: str
) -> None:
    queue = {"LA2": "linac-2", "CT1": "ct"}[resource]
    await _moves(office, resource)
    await _refused(office, "the appointment was moved to .*: check in anew")
    ticket = (await _first(office)).ticket
    await office.desk.take(WANG, ticket.id, Verb.MARK, why="x", marks=frozenset({Mark.FASTING}))
    answer = await office.http.post("/queue/check-in?lang=en", data={"ticket": ticket.id})
    assert "Checked in: A001." in answer.text
    assert await labels(await office.lane()) == []
    entry = await _first(office, queue)
    assert (entry.ticket.label, entry.gates) == ("A001", ())
    assert Mark.FASTING in entry.ticket.marks
    back = await office.desk.take(WANG, ticket.id, Verb.UNDO)
    assert (back.queue, back.label) == ("linac-1", "A001")


async def test_a_patient_who_scans_again_goes_where_the_appointment_went(
    office: Department,
) -> None:
    await _moves(office, "CT1")
    await office.arrives("1001")
    assert (await office.desk.call_next(WANG, "ct")).label == "A001"


async def test_whom_the_desk_transfers_is_called_at_the_twin(office: Department) -> None:
    ticket = (await _first(office)).ticket
    await office.desk.take(WANG, ticket.id, Verb.TRANSFER, to="linac-2", why="machine down")
    assert (await _first(office, "linac-2")).gates == ()
    await _moves(office, "CT1")
    assert (await _first(office, "linac-2")).anew
    await _moves(office, "LA2")
    assert (await office.desk.call_next(WANG, "linac-2")).label == "A001"


async def test_an_appointment_that_belongs_to_no_queue_waits(office: Department) -> None:
    await _moves(office, "LA5")
    await _refused(office, "belongs to no queue here")
    assert not (await _first(office)).anew


async def test_an_appointment_of_another_day_is_not_called_today(office: Department) -> None:
    registrar = Registrar(office.book, office.neighbours, office.clock)
    await _goes_to_tomorrow(office)
    await _refused(office, "the appointment was moved to 2026-11-24")
    await office.desk.take(WANG, (await _first(office)).ticket.id, Verb.NO_SHOW)
    await registrar.turn()
    (own,) = await office.schedule.day(date(2026, 11, 24))
    assert own.status is AppointmentStatus.BOOKED
    office.clock.advance(86_400)
    assert [each.ticket.patient for each in (await office.lane()).booked] == [("1001", "HIS")]


async def test_who_waits_from_yesterday_does_not_hide_todays_appointment(
    office: Department,
) -> None:
    await _goes_to_tomorrow(office)
    office.clock.advance(86_400)
    lane = await office.lane()
    assert (len(lane.waiting), len(lane.booked)) == (1, 1)


async def test_an_appointment_of_another_patient_is_not_called_by_the_firsts_name(
    office: Department,
) -> None:
    first = (await _first(office)).ticket
    await _assigns(office, "1002")
    await _refused(office, "the appointment is another patient's now")
    await office.arrives("1002")
    entry = await _first(office)
    assert entry.gates == ()
    assert (entry.ticket.id, entry.ticket.label) == (first.id, "A002")
    assert entry.ticket.patient == ("1002", "HIS")
    back = await office.desk.take(WANG, first.id, Verb.UNDO)
    assert (back.patient, back.label) == (("1001", "HIS"), "A001")


async def test_steps_of_the_firsts_ticket_say_nothing_of_the_others_appointment(
    office: Department,
) -> None:
    await _assigns(office, "1002")
    office.clock.advance(60)
    await office.desk.take(WANG, (await _first(office)).ticket.id, Verb.NO_SHOW)
    await Registrar(office.book, office.neighbours, office.clock).turn()
    (own,) = await office.schedule.day(date(2026, 11, 23))
    assert own.status is AppointmentStatus.BOOKED


async def test_an_appointment_for_which_another_patient_is_named_waits_for_a_person(
    office: Department,
) -> None:
    made = booked("F1001LA1", "08:00", resource="LA1", who="1002")
    await office.ports.publish([event(60, made)])
    await _refused(office, "a later message names another patient")
    await _assigns(office, "1001")
    assert (await office.desk.call_next(WANG, "linac-1")).label == "A001"


async def test_who_is_called_already_stays_called_and_the_desk_is_told(
    office: Department,
) -> None:
    ticket = await office.desk.call_next(WANG, "linac-1")
    await _moves(office, "CT1")
    await office.arrives("1001")
    (entry,) = (await office.lane()).running
    assert (entry.ticket.id, entry.ticket.state) == (ticket.id, State.CALLED)
    assert "the appointment was moved to CT" in (await office.http.get("/queue?lang=en")).text


async def test_a_number_of_its_own_given_later_makes_no_second_ticket(tmp_path: Path) -> None:
    async with department(tmp_path) as office:
        for filler, minute in (("", 0), ("F1", 1)):
            made = booked(filler, "08:00", placer="P1", resource="LA1", who="1001")
            await office.ports.publish([event(minute, made)])
            await office.arrives("1001")
            assert await labels(await office.lane()) == ["A001"]
