"""The same messages make the same schedule, in whatever order they come."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.model import (
    AppointmentStatus,
    DeviceEvent,
    Gathering,
    Kind,
    OrderStatement,
    OrderStatus,
)
from gateway.schedule.gate import gate_event
from gateway.schedule.identity import named_appointment
from gateway.schedule.noted import ASSIGN, MOVE
from tests.unit.patients.people_case import said as patient
from tests.unit.schedule.schedule_case import Told, act, at, booked, event

TIMES = ("", "09:00", "09:10", "14:00")


FIRST = [
    event(20 + n, booked(f"F{n}", "08:00", placer=f"P{n}", status="", who="1")) for n in (1, 2, 3)
]
"""What came first says whose the appointments are, whenever it was recorded."""


@st.composite
def days(draw: st.DrawFn) -> list[DeviceEvent]:
    """A day of a hospital system, of the people at the desk, and of a room that sets gates."""
    patients = draw(st.sampled_from(((None, "1"), (None, "1", "2"))))
    events: list[DeviceEvent] = []
    for minute in range(draw(st.integers(1, 14))):
        which = draw(st.sampled_from("123"))
        filler, placer = draw(
            st.sampled_from(((f"F{which}", f"P{which}"), (f"F{which}", ""), ("", f"P{which}")))
        )
        said = booked(
            filler,
            draw(st.sampled_from(TIMES)),
            placer=placer,
            status=draw(st.sampled_from(("", *AppointmentStatus))),
            who=draw(st.sampled_from(patients)),
            resource=draw(st.sampled_from(("", "LA1", "R1"))),
            gathering=draw(st.sampled_from(list(Gathering))),
            reschedules=draw(st.booleans()),
            minutes=draw(st.sampled_from((None, 20.0))),
        )
        match draw(st.integers(0, 6)):
            case 0:
                events.append(act(minute, draw(st.sampled_from((MOVE, ASSIGN))), said))
            case 1:
                order = OrderStatement(
                    "HIS",
                    placer,
                    filler,
                    status=draw(st.sampled_from((None, *OrderStatus))),
                    code=draw(st.sampled_from(("", "CT"))),
                    patient=patient(draw(st.sampled_from("12"))),
                )
                events.append(event(minute, order))
            case _:
                events.append(event(minute, said))
    return events


async def snapshot(events: list[DeviceEvent]) -> Any:
    told = Told()
    for each in events:
        await told.tell(each)
    keys = [("1", "HIS"), ("2", "HIS")]
    appointments = [
        (each, [entry.event for entry in await told.book.history(each.id)])
        for each in await told.book.ask(
            lambda tables: [told.book._read(row) for row in tables.read._rows("1 ORDER BY id", ())]
        )
    ]
    return appointments, await told.book.orders(keys), await told.book.problems(at("00:00"))


@given(events=days(), order=st.randoms(use_true_random=False), first=st.sampled_from(([], FIRST)))
def test_any_order_of_the_same_messages_makes_the_same_schedule(
    events: list[DeviceEvent], order: Any, first: list[DeviceEvent]
) -> None:
    """As far as they name one patient, or another one than whoever is known already."""
    assume(first or "2" not in named(events))
    shuffled = list(events)
    order.shuffle(shuffled)
    one, other = (asyncio.run(snapshot([*first, *each])) for each in (events, shuffled))
    assert one == other


@given(events=days())
def test_whose_an_appointment_is_only_a_person_changes(events: list[DeviceEvent]) -> None:
    async def patients() -> None:
        told = Told()
        await told.tell(*FIRST)
        theirs = await told.book.day(await day(told))
        for each in events:
            await told.tell(each)
            after = [await told.book.appointment(one.id) for one in theirs]
            now = [one.patient for one in after if one]
            if each.code.code != ASSIGN:
                assert now == [one.patient for one in theirs]
            theirs = [one for one in after if one]

    asyncio.run(patients())


def named(events: list[DeviceEvent]) -> set[str]:
    """The patients of appointments."""
    found = set()
    for each in events:
        said = each.payload or {}
        patient_said = (said.get("said") or said).get("patient") or {"identifiers": []}
        if each.kind is not Kind.ORDER:
            found |= {one["value"] for one in patient_said["identifiers"]}
    return found


@given(order=st.permutations(range(4)))
def test_any_order_of_the_same_gates_leaves_the_same_ones_set(order: list[int]) -> None:
    async def gates(which: list[int]) -> Any:
        told = Told()
        await told.tell(event(1, booked("F1", "09:00")))
        (found,) = await told.book.day(await day(told))
        reason = {"en": "no", "zh-CN": "否"}
        said = [
            gate_event("site", "r", "a", found.id, reason, at=at("08:00"), cause=b"1"),
            gate_event("site", "r", "a", found.id, None, at=at("08:01"), cause=b"2"),
            gate_event("site", "r", "b", found.id, reason, at=at("08:02"), cause=b"3"),
            gate_event("site", "q", "a", found.id, reason, at=at("08:03"), cause=b"4"),
        ]
        for each in which:
            await told.tell(said[each])
        after = await told.book.appointment(found.id)
        return after and [(each.room, each.name) for each in after.gates]

    assert asyncio.run(gates(order)) == [("r", "b"), ("q", "a")]


@given(order=st.permutations(range(6)))
def test_gates_on_either_number_are_one_in_any_order_once_both_are_said(order: list[int]) -> None:
    """The numbers of an appointment are told apart until a statement names both."""
    whole = named_appointment(booked("F1")).main.hex()
    alone = named_appointment(booked("", placer="P1")).other.hex()
    reason = {"en": "no", "zh-CN": "否"}
    said = [
        event(1, booked("", "09:00", placer="P1")),
        event(2, booked("F1", "09:00")),
        event(3, booked("F1", "09:00", placer="P1")),
        gate_event("site", "r", "a", alone, reason, at=at("08:00"), cause=b"1"),
        gate_event("site", "r", "a", alone, None, at=at("08:01"), cause=b"2"),
        gate_event("site", "r", "a", whole, reason, at=at("08:02"), cause=b"3"),
    ]

    async def gates() -> Any:
        told = Told()
        for each in order:
            await told.tell(said[each])
        (found,) = await told.book.day(await day(told))
        return [(each.name, each.since) for each in found.gates]

    assert asyncio.run(gates()) == [("a", at("08:02"))]


async def day(told: Told) -> Any:
    return told.book.local(at("09:00")).date()
