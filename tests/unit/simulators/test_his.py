"""The simulated hospital system sends a plausible day, all of which the driver understands."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from drivers.hl7.interpret import Reader
from gateway import AppointmentStatus, appointment_statement, patient_statement
from simulators.his import Department, his
from simulators.his.people import person
from simulators.his.plan import plan
from tests.peers import free_port
from tests.unit.hl7.hl7_bench import Answers, built_in, device

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)
EVENING = datetime(2026, 11, 23, 23, 50, tzinfo=SHANGHAI)


def messages(clock: datetime, count: int, seed: int = 1) -> list[str]:
    department = Department(seed)
    return [department.message(clock) for _ in range(count)]


def test_everything_that_it_says_is_understood() -> None:
    reader = Reader([device("his", built_in("his-adt-siu"))])
    kinds: Counter[str] = Counter()
    for text in messages(EVENING, 800):
        found = reader.understand(text.encode("gb18030"))
        assert found.refusal is None, (text, found.refusal)
        kinds.update(reading.code for reading in found.readings)
        for reading in found.readings:
            assert not (reading.payload or {}).get("notes"), text
    assert {"ADT^A04", "ADT^A08", "ADT^A40", "ADT^A01", "ORM^O01"} <= kinds.keys()
    assert {"SIU^S12", "SIU^S13", "SIU^S14", "SIU^S15", "SIU^S23", "SIU^S26"} <= kinds.keys()


def test_who_is_booked_was_registered_before_but_for_one() -> None:
    registered: set[str] = set()
    strangers = set()
    reader = Reader([device("his", built_in("his-adt-siu"))])
    for text in messages(EVENING, 800):
        for reading in reader.understand(text.encode("gb18030")).readings:
            assert reading.subject is not None
            number = reading.subject.patient
            if reading.code.startswith("ADT"):
                registered.add(number)
                said = patient_statement(reading.payload or {})
                registered.update(each.value for each in said.others)
            elif reading.code == "SIU^S12" and number not in registered:
                strangers.add(number)
    assert len(strangers) == 1


def test_nothing_is_sent_before_it_is_due_and_all_of_it_by_the_evening() -> None:
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
    due = plan(DAY, SHANGHAI)
    assert sum(each.at <= noon for each in due) < len(due)
    assert max(each.at for each in due).date() == DAY
    department = Department()
    assert department.pause(noon) < 1
    for _ in range(800):
        department.message(noon)
    assert department.pause(noon) > 1


def test_a_day_is_the_same_however_often_it_is_planned() -> None:
    assert plan(DAY, SHANGHAI) == plan(DAY, SHANGHAI)
    assert plan(DAY, SHANGHAI) != plan(DAY, SHANGHAI, seed=2)
    assert plan(DAY, SHANGHAI) != plan(DAY + timedelta(days=1), SHANGHAI)


def test_a_system_that_starts_anew_counts_from_one_again() -> None:
    department = Department()
    first = department.message(EVENING)
    department.restart()
    assert department.message(EVENING).split("|")[9] == first.split("|")[9] == "1"


def test_an_identity_number_has_the_right_check_and_no_place() -> None:
    for seed in range(50):
        citizen = person(Random(seed), seed).citizen
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        total = sum(w * int(d) for w, d in zip(weights, citizen, strict=False))
        assert (len(citizen), citizen[:6]) == (18, "000000")
        assert citizen[17] == "10X98765432"[total % 11]


async def test_it_calls_until_somebody_answers() -> None:
    log = Answers()
    async with his(free_port(), log=log.note) as system:
        assert system.acknowledged == 0
        with pytest.raises(ValueError, match="clock_skew"):
            system.fault("on_fire")


def test_its_appointments_end_as_they_do_in_life() -> None:
    reader = Reader([device("his", built_in("his-adt-siu"))])
    last: dict[str, AppointmentStatus | None] = {}
    for text in messages(EVENING, 800):
        for reading in reader.understand(text.encode("gb18030")).readings:
            if reading.code.startswith("SIU"):
                said = appointment_statement(reading.payload or {})
                if said.day == "2026-11-23":
                    last[said.filler] = said.status
    ends = Counter(last.values())
    assert ends[AppointmentStatus.COMPLETED] > 40
    assert ends[AppointmentStatus.CANCELLED] >= 1
    assert ends[AppointmentStatus.BLOCKED] == 3
