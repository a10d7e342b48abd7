"""How appointments stand, and what waits for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from gateway.model import (
    AppointmentStatement,
    DeviceEvent,
    Gathering,
    Identifier,
    OrderStatement,
    OrderStatus,
    ResourceKind,
    ResourceUse,
    from_datetime,
)
from gateway.patients import PatientBook
from gateway.room import Appointment
from gateway.schedule.gate import gate_event
from gateway.schedule.noted import ASSIGN, BOOK, HERE, MOVE
from gateway.schedule.options import ScheduleOptions
from gateway.schedule.problem import ProblemKind
from tests.unit.patients.people_case import Told as ToldPeople
from tests.unit.patients.people_case import event as patient_event
from tests.unit.patients.people_case import number
from tests.unit.patients.people_case import said as patient
from tests.unit.schedule.schedule_case import NOW, Told, act, at, booked, event

TODAY = date(2026, 11, 23)


@pytest.fixture
def told() -> Told:
    return Told()


async def only(told: Told) -> Appointment:
    (found,) = await told.book.day(TODAY)
    return found


async def kinds(told: Told) -> list[ProblemKind]:
    return [each.kind for each in await told.book.problems(at("00:00"))]


async def questions(told: Told) -> list[tuple[ProblemKind, Identifier | None]]:
    found = await told.book.problems(NOW)
    return [(each.kind, each.other) for each in found if each.other is not None]


def assigned_to(who: str) -> AppointmentStatement:
    return booked("F1", status="", resource="", who=who)


def assigned(minute: float, who: str, *, after: float) -> DeviceEvent:
    """A person gives F1 to somebody, having seen what happened until `after`."""
    return act(minute, ASSIGN, assigned_to(who), after=event(after, assigned_to(who)).observed_at)


async def test_a_day_shows_its_appointments_in_order(told: Told) -> None:
    await told.tell(
        event(1, booked("F2", "10:00")),
        event(2, booked("F1", "09:00", resource="2", book="RIS")),
        event(3, booked("F3")),
        event(4, replace(booked("F4", "09:00"), start=None)),
        event(5, replace(booked("F5", "09:00"), start=None, day="2026-11-24")),
    )
    found = await told.book.day(TODAY)
    assert [(each.filler, each.resource) for each in found] == [
        ("F4", "linac-1"),
        ("F1", "linac-2"),
        ("F2", "linac-1"),
    ]
    assert [each.filler for each in await told.book.day(TODAY, "linac-2")] == ["F1"]


async def test_an_id_leads_to_the_appointment(told: Told) -> None:
    await told.tell(event(1, booked("F1", "09:00", minutes=20)))
    found = await told.book.appointment((await only(told)).id)
    assert found is not None
    assert (found.end, found.patient, found.status) == (at("09:20"), number("1"), "booked")
    for nothing in ("", "zz", "00" * 16):
        assert await told.book.appointment(nothing) is None
        assert not await told.book.history(nothing)


async def test_what_is_left_out_stays_and_a_new_time_replaces_both(told: Told) -> None:
    await told.tell(
        event(1, booked("F1", "09:00", minutes=20, kind="IMRT")),
        event(2, booked("F1", resource="", status="")),
        event(3, booked("F1", "11:00", resource="2", book="HIS")),
    )
    found = await only(told)
    assert (found.start, found.minutes, found.kind) == (at("11:00"), 20, "IMRT")


async def test_the_length_that_nobody_said_is_the_site_s(told: Told) -> None:
    await told.tell(event(1, booked("F1", "09:00")))
    assert (await only(told)).minutes == 15


@pytest.mark.parametrize(
    ("then", "status"),
    [
        (booked("F1", status="booked"), "arrived"),
        (booked("F1", status=""), "arrived"),
        (booked("F1", "10:00", status="booked", reschedules=True), "booked"),
        (booked("F1", status="cancelled"), "cancelled"),
        (booked("F1", status="completed"), "completed"),
        (booked("F1", status="no-show"), "no-show"),
    ],
)
async def test_who_is_here_is_not_sent_back_by_a_system_that_does_not_know(
    told: Told, then: object, status: str
) -> None:
    await told.tell(event(1, booked("F1", "09:00")), act(2, MOVE, booked("F1", status="arrived")))
    await told.tell(event(3, then))  # type: ignore[arg-type]
    assert (await only(told)).status == status


async def test_since_when_it_stands_so_is_known(told: Told) -> None:
    """Saying the same once more changes nothing; undoing a slip does."""
    started = booked("F1", status="started")
    first = event(1, booked("F1", "09:00"))
    begun, again, undone = act(2, MOVE, started), event(3, started), booked("F1", status="arrived")
    await told.tell(first, begun, again)
    id_ = (await only(told)).id
    assert await told.book.since(id_) == begun.received_at
    late = act(5, MOVE, started)
    await told.tell(act(4, MOVE, undone), late)
    assert await told.book.since(id_) == late.received_at
    assert await told.book.since("ffff") is None


async def test_what_a_person_cancelled_stays_cancelled_until_a_new_time(told: Told) -> None:
    await told.tell(
        event(1, booked("F1", "09:00")),
        act(2, MOVE, booked("F1", status="cancelled")),
        event(3, booked("F1", status="booked")),
    )
    assert (await only(told)).status == "cancelled"
    await told.tell(event(4, booked("F1", "10:00", reschedules=True)))
    assert (await only(told)).status == "booked"


async def test_a_source_may_take_back_its_own_cancellation(told: Told) -> None:
    await told.tell(
        event(1, booked("F1", "09:00")),
        event(2, booked("F1", status="cancelled")),
        event(3, booked("F1", status="booked")),
    )
    assert (await only(told)).status == "booked"


async def test_a_cancellation_that_comes_before_the_booking_holds(told: Told) -> None:
    await told.tell(event(5, booked("F1", status="cancelled")), event(1, booked("F1", "09:00")))
    assert (await only(told)).status == "cancelled"


async def test_a_decision_comes_after_what_it_was_made_on(told: Told) -> None:
    """The system's clock runs ahead of ours."""
    ahead = event(10, booked("F1", "09:00"))
    moved = act(6, MOVE, booked("F1", status="arrived"), after=ahead.observed_at)
    await told.tell(ahead, moved)
    assert (await only(told)).status == "arrived"


def moved(minute: float, status: str, *, after: float) -> DeviceEvent:
    """A person moves F1 to a status, having seen what happened until `after`."""
    said = booked("F1", status=status, resource="", who=None)
    return act(minute, MOVE, said, after=event(after, said).observed_at)


@pytest.mark.parametrize("end", ["cancelled", "entered-in-error"])
async def test_a_cancellation_that_comes_late_holds_against_those_who_did_not_know_of_it(
    told: Told, end: str
) -> None:
    """It was recorded before the patient checked in, and delivered after."""
    cancelled = event(479, booked("F1", status=end))
    await told.tell(event(1, booked("F1", "09:00")), moved(480, "arrived", after=1), cancelled)
    assert (await only(told)).status == end
    await told.tell(moved(482, "booked", after=480))
    assert (await only(told)).status == "booked", "who knows of it may take it back"


async def test_a_cancellation_that_comes_late_holds_against_a_chain_of_steps(told: Told) -> None:
    await told.tell(
        event(1, booked("F1", "09:00")),
        moved(480, "arrived", after=1),
        moved(490, "started", after=480),
        event(479, booked("F1", status="cancelled")),
    )
    assert (await only(told)).status == "cancelled"


async def test_resources_come_and_go(told: Told) -> None:
    await told.tell(
        event(1, booked("F1", "09:00", resource="LA1")),
        event(2, booked("F1", resource="R1", status="", gathering=Gathering.ADD)),
        event(3, booked("F1", resource="LA1", status="", gathering=Gathering.REMOVE)),
    )
    found = await only(told)
    assert [each.id for each in found.resources] == ["R1"]
    assert found.resource == ""


def uses(*ids: str) -> tuple[ResourceUse, ...]:
    """Equipment, and rooms whose id begins with R."""
    kinds = (ResourceKind.LOCATION if id_[0] == "R" else ResourceKind.EQUIPMENT for id_ in ids)
    return tuple(map(ResourceUse, kinds, ids))


@pytest.mark.parametrize(
    ("there", "updated", "removed", "stands"),
    [
        ("LA2", "", "LA1", "R1 LA2"),
        ("", "LA2", "", "R1 LA2"),
        ("", "LA1", "", "R1 LA1"),
        ("LA1", "LA2", "", "R1 LA1 LA2"),
        ("", "LA2", "LA3", "LA1 R1 LA2"),
        ("LA1", "", "LA1", "R1 LA1"),
        ("", "R2", "LA1", "R2"),
    ],
)
async def test_each_resource_comes_goes_or_takes_the_place_of_another(
    told: Told, there: str, updated: str, removed: str, stands: str
) -> None:
    await told.tell(event(1, replace(booked("F1", "09:00"), resources=uses("LA1", "R1"))))
    said = replace(
        booked("F1", status="", gathering=Gathering.ADD),
        resources=uses(*there.split()),
        updated=uses(*updated.split()),
        removed=uses(*removed.split()),
    )
    await told.tell(event(2, said))
    assert [each.id for each in (await only(told)).resources] == stands.split()


async def test_both_numbers_of_an_appointment_name_it_whichever_comes_first(told: Told) -> None:
    await told.tell(event(1, booked("", "09:00", placer="P1")))
    before = (await only(told)).id
    await told.tell(event(2, booked("F1", placer="P1", status="arrived")))
    found = await only(told)
    assert (found.placer, found.filler, found.status) == ("P1", "F1", "arrived")
    assert await told.book.appointment(before) == found
    await told.tell(event(3, booked("", placer="P1", status="completed")))
    assert (await only(told)).status == "completed"


async def test_one_number_in_two_books_is_two_appointments(told: Told) -> None:
    await told.tell(event(1, booked("F1", "09:00")), event(2, booked("F1", "09:30", book="RIS")))
    assert len(await told.book.day(TODAY)) == 2


async def test_a_gate_is_set_and_cleared_by_its_room(told: Told) -> None:
    await told.tell(event(1, booked("F1", "09:00")))
    id_ = (await only(told)).id
    reason = {"en": "The plan is not approved.", "zh-CN": "计划未批准。"}

    def gate(minute: str, name: str, why: dict[str, str] | None) -> object:
        return gate_event(
            "site", "tps_bridge", name, id_, why, at=at(minute), cause=minute.encode()
        )

    await told.tell(gate("08:00", "plan", reason), gate("08:01", "dose", reason))  # type: ignore[arg-type]
    assert [each.name for each in (await only(told)).gates] == ["plan", "dose"]
    assert (await only(told)).gates[0].reason == reason
    await told.tell(gate("08:05", "plan", None), gate("08:02", "plan", reason))  # type: ignore[arg-type]
    assert [each.name for each in (await only(told)).gates] == ["dose"]


def test_a_gate_says_its_reason_in_both_languages_and_is_the_same_for_its_cause() -> None:
    with pytest.raises(ValueError, match="zh-CN and en"):
        gate_event("s", "r", "n", "00", {"en": "no"}, at=NOW, cause=b"1")
    one = gate_event("s", "r", "n", "00", None, at=NOW, cause=b"1")
    assert one.id == gate_event("s", "r", "n", "00", None, at=NOW, cause=b"1").id
    assert one.id != gate_event("s", "r", "n", "00", None, at=NOW, cause=b"2").id


async def known(*values: str) -> PatientBook:
    people = ToldPeople()
    await people.tell(*(patient_event(n, patient(v, "王^芳")) for n, v in enumerate(values)))
    return people.book


async def test_an_appointment_of_somebody_unknown_waits_for_a_person() -> None:
    told = Told(neighbours=[await known("1")])
    await told.tell(event(1, booked("F1", "09:00", who="1")))
    assert await kinds(told) == []
    await told.tell(event(2, booked("F2", "09:30", who="2")))
    assert await kinds(told) == ["unknown-patient"]
    await told.tell(event(3, booked("F2", status="cancelled", who="2")))
    assert await kinds(told) == []


async def test_an_appointment_s_patient_is_never_exchanged_silently() -> None:
    told = Told(neighbours=[await known("1", "2")])
    await told.tell(event(1, booked("F1", "09:00", who="1")), event(2, booked("F1", who="2")))
    assert (await only(told)).patient == number("1")
    (problem,) = await told.book.problems(NOW)
    assert (problem.kind, problem.other) == ("other-patient", number("2"))
    await told.tell(act(3, ASSIGN, booked("F1", status="", resource="", who="2")))
    assert (await only(told)).patient == number("2")
    assert await kinds(told) == []


@pytest.mark.parametrize("status", ["booked", "cancelled", "completed", "arrived"])
async def test_what_is_said_of_another_patient_changes_nothing_until_a_person_answers(
    told: Told, status: str
) -> None:
    await told.tell(event(1, booked("F1", "09:00", who="1", kind="IMRT")))
    before = await only(told)
    another = booked("F1", "14:00", who="2", status=status, resource="ct", reschedules=True)
    await told.tell(event(2, another))
    assert await only(told) == before
    await told.tell(event(3, booked("F1", "09:30", who="1")))
    after = await only(told)
    assert (after.start, after.patient) == (at("09:30"), number("1")), "its own go on counting"
    assert await questions(told) == [("other-patient", number("2"))]


async def test_a_person_says_that_the_other_patient_is_meant(told: Told) -> None:
    await told.tell(event(1, booked("F1", "09:00", who="1", kind="IMRT")))
    await told.tell(event(2, booked("F1", "14:00", who="2", resource="ct")))
    await told.tell(assigned(3, "2", after=2))
    found = await only(told)
    assert (found.start, found.resource, found.patient) == (at("14:00"), "ct", number("2"))
    assert found.kind == "IMRT", "what stood when the person said so goes on counting"
    assert await questions(told) == []
    await told.tell(event(4, booked("F1", status="cancelled", who="1")))
    assert (await only(told)).status == "booked"
    assert await questions(told) == [("other-patient", number("1"))]


async def test_a_person_says_that_it_stays_with_its_patient(told: Told) -> None:
    await told.tell(event(1, booked("F1", "09:00", who="1")))
    await told.tell(event(2, booked("F1", status="cancelled", who="2")))
    await told.tell(assigned(3, "1", after=2))
    assert (await only(told)).status == "booked"
    assert await questions(told) == []
    await told.tell(event(2.5, booked("F1", status="cancelled", who="3")))
    assert (await only(told)).status == "booked"
    assert await questions(told) == [("other-patient", number("3"))], "nobody had seen it"


async def test_a_late_message_of_long_ago_exchanges_no_patient(told: Told) -> None:
    await told.tell(event(10, booked("F1", "09:00", who="1")))
    await told.tell(event(5, booked("F1", "08:00", who="2", kind="CT")))
    found = await only(told)
    assert (found.patient, found.start, found.kind) == (number("1"), at("09:00"), "")
    assert await questions(told) == [("other-patient", number("2"))]
    await told.tell(assigned(12, "3", after=10))
    await told.tell(event(11, booked("F1", status="cancelled", who="1")))
    found = await only(told)
    assert (found.patient, found.status) == (number("3"), "booked")
    assert await questions(told) == [("other-patient", number("1"))]


async def test_a_number_that_is_used_again_for_the_next_patient_is_asked_about_at_any_time(
    told: Told,
) -> None:
    await told.tell(event(1, booked("F1", "09:00", status="completed", who="1")))
    await told.tell(event(60, booked("F1", "11:00", who="2")))
    assert (await only(told)).status == "completed"
    for day in ("2026-11-23", "2027-02-01"):
        now = from_datetime(datetime.fromisoformat(f"{day}T12:00+08:00"))
        (problem,) = await told.book.problems(now)
        assert (problem.kind, problem.other) == ("other-patient", number("2"))


async def test_two_numbers_of_one_patient_are_asked_about_too() -> None:
    """The patients' room knows that they are one; here, what the other one says waits."""
    people = ToldPeople()
    await people.tell(patient_event(1, patient("1", "王^芳", verb="merged", others=["2"])))
    told = Told(neighbours=[people.book])
    await told.tell(
        event(1, booked("F1", "09:00", who="2")), event(2, booked("F1", "10:00", who="1"))
    )
    assert await kinds(told) == ["other-patient"]
    await told.tell(assigned(3, "1", after=2))
    assert (await only(told)).start == at("10:00")
    assert await kinds(told) == []


async def test_a_number_of_several_appointments_changes_none_of_them(told: Told) -> None:
    await told.tell(
        event(1, booked("F1", "09:00", placer="P1")),
        event(2, booked("F2", "10:00", placer="P1", who="2")),
        event(3, booked("", placer="P1", status="cancelled", who="2")),
    )
    assert [each.status for each in await told.book.day(TODAY)] == ["booked", "booked"]
    (problem,) = [each for each in await told.book.problems(NOW) if each.kind == "several"]
    assert (problem.appointment.placer, problem.appointment.status) == ("P1", "cancelled")
    said = replace(assigned_to("2"), placer="P1", filler="")
    await told.tell(act(4, ASSIGN, said, after=at("00:03")))
    assert "several" not in await kinds(told)
    await told.tell(event(5, booked("F1", "09:30", placer="P1")))
    assert [each.start for each in await told.book.day(TODAY)] == [at("09:30"), at("10:00")]


async def test_an_order_s_number_that_several_have_leads_to_none(told: Told) -> None:
    await told.tell(
        event(1, OrderStatement("HIS", "O1", "R1")), event(2, OrderStatement("HIS", "O2", "R1"))
    )
    linked = replace(booked("F1", "09:00"), order_filler="R1")
    await told.tell(event(3, linked), event(4, replace(linked, filler="F2", order_placer="O2")))
    found = await told.book.orders_of(await told.book.day(TODAY))
    assert [each.said.placer for each in found.values()] == ["O2"]


async def test_a_disputed_patient_shows_on_the_work_list() -> None:
    people = ToldPeople()
    await people.tell(
        patient_event(1, patient("1", "王^芳")), patient_event(2, patient("1", "王^方"))
    )
    told = Told(neighbours=[people.book])
    await told.tell(event(1, booked("F1", "09:00", who="1")))
    assert await kinds(told) == ["disputed"]


async def test_what_lacks_a_place_or_a_time_or_a_patient_waits(told: Told) -> None:
    told = Told(neighbours=[await known("1")])
    await told.tell(
        event(1, booked("F1", "09:00", resource="LA9")),
        event(2, booked("F2")),
        event(3, booked("F3", "10:00", who=None)),
        event(4, booked("F4", "11:00", who=None, status="blocked")),
        event(5, booked("F5", status="waitlist")),
    )
    assert sorted(await kinds(told)) == ["no-patient", "no-resource", "no-time"]


async def test_a_machine_that_is_booked_twice_is_told() -> None:
    told = Told(neighbours=[await known("1")])
    await told.tell(
        event(1, booked("F1", "09:00", minutes=30)),
        event(2, booked("F2", "09:20")),
        event(3, booked("F3", "09:30")),
        event(4, booked("F4", "09:20", resource="2", book="RIS")),
        event(5, booked("F5", "09:35", status="cancelled")),
    )
    found = await told.book.problems(NOW)
    assert [(each.kind, each.appointment.filler) for each in found] == [
        ("overlap", "F2"),
        ("overlap", "F3"),
    ]
    assert found[0].with_ is not None
    assert found[0].with_.filler == "F1"


async def test_a_patient_s_appointments_come_under_every_number(told: Told) -> None:
    await told.tell(
        event(1, booked("F1", "09:00", who="1")),
        event(2, booked("F2", "08:00", who="2")),
        event(3, booked("F3", who="1")),
    )
    found = await told.book.of_patient([("1", "HIS"), ("2", "HIS")])
    assert [each.filler for each in found] == ["F2", "F1", "F3"]
    later = await told.book.of_patient([("1", "HIS"), ("2", "HIS")], since=at("08:30"))
    assert [each.filler for each in later] == ["F1", "F3"]
    assert await told.book.of_patient([]) == []


def order(placer: str, **facts: object) -> OrderStatement:
    return OrderStatement(book="HIS", placer=placer, patient=patient("1"), **facts)  # type: ignore[arg-type]


async def test_an_order_is_the_newest_word_on_each_of_its_facts(told: Told) -> None:
    await told.tell(
        event(1, order("O1", code="CTSIM", status=OrderStatus.ACTIVE, accession="A1")),
        event(3, order("O1", status=OrderStatus.REVOKED)),
        event(2, order("O1", filler="R1", priority="S")),
    )
    (found,) = await told.book.orders([("1", "HIS")])
    assert (found.said.code, found.said.accession, found.said.filler) == ("CTSIM", "A1", "R1")
    assert found.said.status is OrderStatus.REVOKED
    assert await told.book.newest_orders() == []


async def test_history_says_who_did_what_and_why(told: Told) -> None:
    await told.tell(event(1, booked("F1", "09:00")), act(2, MOVE, booked("F1", status="arrived")))
    moved, booking = await told.book.history((await only(told)).id)
    assert (moved.actor, moved.reason, booking.source) == ("person:wang", "because", "his")


async def test_an_appointment_made_here_is_an_appointment(told: Told) -> None:
    await told.tell(act(1, BOOK, booked("H1", "09:00", book=HERE, resource="linac-2")))
    found = await only(told)
    assert (found.book, found.resource) == (HERE, "linac-2")


async def test_what_can_t_be_read_is_told(told: Told) -> None:
    nameless = event(1, booked("", "09:00"))
    broken = event(2, booked("F1", "09:00"))
    broken.payload["status"] = "maybe"  # type: ignore[index]
    await told.tell(nameless, broken, event(3, OrderStatement(book="HIS")))
    assert [each.source for each in await told.book.unreadable()] == ["his", "his", "his"]
    assert await told.book.day(TODAY) == []


async def test_a_day_without_a_time_is_on_its_day(told: Told) -> None:
    await told.tell(
        event(1, booked("F1", "10:00")), event(2, replace(booked("F1", "09:00"), start=None))
    )
    assert (await only(told)).start is None


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            {
                "resources": {
                    "a": {"name": "A", "known_as": ["x"]},
                    "b": {"name": "B", "known_as": ["x"]},
                }
            },
            "'x' is a already",
        ),
        ({"hours": {"begin": "18:00", "end": "07:00"}}, "before it begins"),
        ({"resources": {"Linac 1": {"name": "A"}}}, "pattern"),
    ],
)
def test_a_wrong_section_is_refused(section: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ScheduleOptions.model_validate(section)
