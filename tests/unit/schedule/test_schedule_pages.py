"""The pages of the schedule, and what people do on them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model import AppointmentStatus, OrderStatement
from gateway.patients.desk import record_id
from gateway.room import NOBODY, OWNER, Appointment, rule_of
from gateway.schedule.faces import Faces
from gateway.schedule.options import ScheduleOptions
from tests.unit.patients.people_case import event as patient_event
from tests.unit.patients.people_case import number
from tests.unit.patients.people_case import said as patient
from tests.unit.schedule.office_case import Office, office, somebody
from tests.unit.schedule.schedule_case import NOW, booked, event

FANG = patient_event(1, patient("1", "王^建国", "1972-02-29", "F"))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        await opened.tell(FANG)
        yield opened


async def only(desk: Office) -> Appointment:
    (found,) = await desk.book.day(desk.book.local(NOW).date())
    return found


async def test_every_page_says_who_may_see_it(desk: Office) -> None:
    assert desk.running.routes is not None
    for route in desk.running.routes(None):  # type: ignore[arg-type]
        assert rule_of(route) in {"schedule.read", "schedule.write"}, route


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_pages_are_there_before_anything_is_booked(desk: Office, language: str) -> None:
    for path in ("/schedule", "/schedule/problems", "/appointments/new", "/orders", "/calendar"):
        answer = await desk.http.get(f"{path}?lang={language}")
        assert answer.status_code == 200, answer.text
    assert (await desk.http.get("/appointments/00")).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_day_shows_lanes_and_who_is_in_them(desk: Office, language: str) -> None:
    await desk.tell(
        event(1, booked("F1", "11:50", minutes=30, kind="IMRT")),
        event(2, booked("F2", "13:00", who="9", resource="LA7")),
        event(3, replace(booked("F3", "13:00"), start=None)),
        event(4, booked("F4", "08:00", who=None, status="blocked")),
    )
    page = (await desk.http.get(f"/schedule?lang={language}")).text
    lanes = re.findall(r'<th scope="col" colspan="1">([^<]*)', page)
    expected = {
        "en": ["Linac 1", "Linac 2", "CT", "Elsewhere"],
        "zh": ["加速器1", "加速器2", "CT", "其他地点"],
    }
    assert lanes == expected[language]
    assert 'class="part now" id="now"' in page or 'class="hour now" id="now"' in page
    assert page.count('class="taken') == 3
    assert "王建国" in page
    assert 'rowspan="3"' in page
    assert {"en": "Without a time", "zh": "未定时间"}[language] in page


async def test_another_day_is_reached_by_its_address_and_a_wrong_one_is_today(
    desk: Office,
) -> None:
    page = (await desk.http.get("/schedule?day=2026-02-14&lang=en")).text
    assert "working weekend" in page
    assert "Saturday" in page
    for wrong in ("soon", "0001-01-01", "9999-12-31"):
        assert "2026-11-23" in (await desk.http.get(f"/schedule?day={wrong}")).text


async def test_who_may_not_read_patients_sees_masks(desk: Office) -> None:
    await desk.tell(event(1, booked("F1", "09:00")), event(2, booked("F2", "09:30", who="9")))
    found = await desk.book.day(desk.book.local(NOW).date())
    everyone = somebody("schedule.read")
    faces = await Faces.of(desk.book, found, everyone, "zh-CN")
    assert [faces.face(each).name for each in found] == ["王*国", ""]
    assert [faces.face(each).number for each in found] == ["***", "***"]
    assert [faces.face(each).path for each in found] == ["", ""]
    staff = await Faces.of(desk.book, found, somebody("patients.read"), "zh-CN")
    assert staff.face(found[0]).path == f"/patients/{record_id(number('1'))}"


FORM = {
    "key": "abc",
    "patient": "1",
    "issuer": "HIS",
    "resource": "linac-1",
    "start": "2026-11-23T14:00",
    "minutes": "20",
    "kind": "IMRT",
    "note": "first fraction",
}


async def test_an_appointment_is_made_by_hand_once(desk: Office) -> None:
    done = await desk.http.post("/appointments/new?lang=en", data=FORM)
    assert "The appointment is made." in done.text
    found = await only(desk)
    assert (found.resource, found.minutes, found.kind) == ("linac-1", 20, "IMRT")
    assert found.patient == number("1")
    again = await desk.http.post("/appointments/new?lang=en", data={**FORM, "anyway": "yes"})
    assert again.url.path == done.url.path
    assert len(desk.ports.events) == 2
    other = {**FORM, "start": "2026-11-23T16:00"}
    assert (await desk.http.post("/appointments/new?lang=en", data=other)).status_code == 409
    assert [each.action for each in desk.audit.entries] == ["schedule.book"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"patient": "2"}, "Nobody, or more than one patient"),
        ({"patient": ""}, "This is needed."),
        ({"start": "soon"}, "Give a date and a time."),
        ({"start": "2026-11-23T14:00+08:00"}, "This time does not exist"),
        ({"minutes": "0"}, "From 1 to 480 minutes."),
        ({"minutes": "x"}, "From 1 to 480 minutes."),
        ({"resource": "linac-9"}, "Choose one of the list."),
        ({"start": "2026-11-22T14:00"}, "This is no working day."),
        ({"start": "2026-11-23T09:10"}, "Taken from 09:00 to 09:15."),
    ],
)
async def test_a_booking_with_a_fault_is_shown_again(
    desk: Office, change: dict[str, str], told: str
) -> None:
    await desk.tell(event(1, booked("F1", "09:00")))
    before = len(desk.ports.events)
    answer = await desk.http.post("/appointments/new?lang=en", data={**FORM, **change})
    assert answer.status_code == 422
    assert told in answer.text
    assert len(desk.ports.events) == before


async def test_what_is_in_the_way_can_be_booked_all_the_same(desk: Office) -> None:
    await desk.tell(event(1, booked("F1", "14:05")))
    assert (await desk.http.post("/appointments/new", data=FORM)).status_code == 422
    done = await desk.http.post("/appointments/new", data={**FORM, "anyway": "yes"})
    assert done.status_code == 200


async def test_a_new_appointment_begins_where_one_came_from(desk: Office) -> None:
    id_ = record_id(number("1"))
    path = f"/appointments/new?patient={id_}&resource=ct&start=2026-11-23T10:00&lang=en"
    page = (await desk.http.get(path)).text
    assert 'value="1"' in page
    assert 'value="HIS"' in page
    assert '<option value="ct" selected>' in page


async def test_an_appointment_is_moved_step_by_step_and_back(desk: Office) -> None:
    await desk.tell(event(1, booked("F1", "09:00")))
    path = f"/appointments/{(await only(desk)).id}"
    for status in ("arrived", "started", "completed", "started", "completed"):
        done = await desk.http.post(f"{path}/move?lang=en", data={"status": status})
        assert "The appointment is moved on." in done.text
        assert (await only(desk)).status == status
    wrong = await desk.http.post(f"{path}/move?lang=en", data={"status": "booked"})
    assert (wrong.status_code, "completed can't become booked" in wrong.text) == (409, True)
    unknown = await desk.http.post(f"{path}/move", data={"status": "asleep"})
    assert unknown.status_code == 404


async def test_an_end_needs_a_reason_and_can_be_taken_back(desk: Office) -> None:
    await desk.tell(event(1, booked("F1", "09:00")))
    path = f"/appointments/{(await only(desk)).id}"
    refused = await desk.http.post(f"{path}/move?lang=en", data={"status": "no-show"})
    assert refused.status_code == 422
    await desk.http.post(f"{path}/move", data={"status": "no-show", "reason": "phoned"})
    assert (await only(desk)).status == "no-show"
    await desk.http.post(f"{path}/move", data={"status": "booked"})
    assert (await only(desk)).status == "booked"


async def test_a_time_is_changed_with_a_reason(desk: Office) -> None:
    await desk.tell(event(1, booked("F1", "09:00")), event(2, booked("F2", "10:00")))
    first = (await desk.book.day(desk.book.local(NOW).date()))[0]
    form = {
        "resource": "linac-1",
        "start": "2026-11-23T10:00",
        "minutes": "15",
        "kind": "IMRT",
        "reason": "machine down",
    }
    path = f"/appointments/{first.id}/change?lang=en"
    taken = await desk.http.post(path, data=form)
    assert (taken.status_code, "Taken from 10:00" in taken.text) == (422, True)
    for never in ("0001-01-01T00:00", "1986-05-04T02:30"):
        no_time = await desk.http.post(path, data={**form, "start": never})
        assert (no_time.status_code, "clocks change then" in no_time.text) == (422, True)
    done = await desk.http.post(path, data={**form, "start": "2026-11-23T09:05"})
    assert "The appointment is changed." in done.text
    assert "machine down" in done.text


async def test_a_patient_is_held_and_released(desk: Office) -> None:
    await desk.tell(event(1, booked("F1", "09:00")))
    path = f"/appointments/{(await only(desk)).id}"
    held = await desk.http.post(f"{path}/hold?lang=en", data={"reason": "no consent yet"})
    assert "no consent yet" in held.text
    (gate,) = (await only(desk)).gates
    assert (gate.room, gate.reason["zh-CN"]) == ("schedule", "no consent yet")
    await desk.http.post(f"{path}/release", data={})
    assert (await only(desk)).gates == ()
    assert desk.ports.events[-1].actor == "owner"
    assert [each.action for each in desk.audit.entries] == ["schedule.hold", "schedule.release"]


async def test_an_appointment_of_nobody_gets_its_patient(desk: Office) -> None:
    await desk.tell(event(1, booked("F1", "13:00", who="9")))
    page = (await desk.http.get("/schedule/problems?lang=en")).text
    assert "unknown patient" in page
    path = f"/appointments/{(await only(desk)).id}/assign?lang=en"
    form = {"value": "1", "issuer": "HIS", "reason": "papers"}
    assert (await desk.http.post(path, data={**form, "value": "8"})).status_code == 404
    assert (await desk.http.post(path, data={**form, "value": ""})).status_code == 404
    assert "The appointment has its patient." in (await desk.http.post(path, data=form)).text
    assert (
        "Every appointment is in order." in (await desk.http.get("/schedule/problems?lang=en")).text
    )


async def test_every_sort_of_problem_says_what_to_do(desk: Office) -> None:
    await desk.tell(
        patient_event(2, patient("1", "王^建军")),
        event(1, booked("F1", "13:00", minutes=30)),
        event(2, booked("F1", who="2")),
        event(3, booked("F2", "13:15", resource="LA7", who=None)),
        event(4, replace(booked("F3", "13:00"), start=None)),
        event(5, booked("F4", "13:20")),
        event(6, booked("", "13:20")),
        event(7, booked("F5", "15:00", placer="P5")),
        event(8, booked("F6", "16:00", placer="P5")),
        event(9, booked("", placer="P5", status="cancelled")),
    )
    page = (await desk.http.get("/schedule/problems?lang=en")).text
    for words in (
        "disputed",
        "other patient",
        "A message names 2 of HIS",
        "several",
        "Its number names several appointments.",
        "no patient",
        "no resource",
        "no time",
        "overlap",
        "Not readable",
    ):
        assert words in page, words


async def test_a_patient_s_page_lists_appointments(desk: Office) -> None:
    await desk.tell(
        event(1, booked("F1", "14:00", kind="IMRT")), event(2, booked("F2", "08:00", kind="CT-SIM"))
    )
    page = (await desk.http.get(f"/patients/{record_id(number('1'))}?lang=en")).text
    assert "IMRT" in page.split("Earlier and cancelled")[0]
    assert "CT-SIM" in page.split("Earlier and cancelled")[1]


async def test_orders_that_stand_are_listed(desk: Office) -> None:
    order = OrderStatement(book="HIS", placer="O1", text="CT模拟定位", patient=patient("1"))
    await desk.tell(event(1, order))
    page = (await desk.http.get("/orders?lang=en")).text
    for text in ("CT模拟定位", "王建国", "O1", "active"):
        assert text in page


async def test_a_year_that_is_not_published_says_so(desk: Office) -> None:
    page = (await desk.http.get("/calendar?year=2027&lang=en")).text
    assert "The holidays of 2027 are not published yet." in page
    page = (await desk.http.get("/calendar?year=2026&lang=zh")).text
    assert "尚未公布" not in page
    assert "248 个工作日" in page
    assert "2026" in (await desk.http.get("/calendar?year=12345")).text


async def test_a_site_without_machines_is_told_how_to_declare_them(tmp_path: Path) -> None:
    async with office(tmp_path, ScheduleOptions()) as bare:
        page = (await bare.http.get("/schedule?lang=en")).text
        assert "No machine or room is declared." in page


async def test_the_overview_counts_today_and_names_what_needs_a_person(desk: Office) -> None:
    await desk.tell(
        event(1, booked("F1", "09:00", status="completed")),
        event(2, booked("F2", "13:00", who="9")),
    )
    assert desk.running.glance is not None
    glance = await desk.running.glance(OWNER)
    assert glance.tiles[0].value == "1 / 2"
    assert glance.attention[0].path == "/schedule/problems"
    assert not (await desk.running.glance(NOBODY)).tiles


QUEUE = somebody("schedule.write")


async def test_the_queue_does_not_go_on_with_what_was_cancelled_before_it_knew(
    desk: Office,
) -> None:
    await desk.tell(event(1, booked("F1", "12:30")))
    id_ = (await only(desk)).id

    async def heed(status: str) -> str:
        since = desk.ports.clock.now()
        await desk.desk.heed(QUEUE, id_, AppointmentStatus(status), since=since, cause="00" * 16)
        return (await only(desk)).status

    assert await heed("arrived") == "arrived"
    await desk.tell(event(719, booked("F1", status="cancelled")))
    assert (await only(desk)).status == "cancelled"
    desk.clock.advance(60)
    assert await heed("started") == "cancelled"


async def test_a_message_of_another_patient_does_not_keep_the_queue_from_writing(
    desk: Office,
) -> None:
    await desk.tell(event(1, booked("F1", "12:30")), event(725, booked("F1", who="2")))
    found = await only(desk)
    since = desk.ports.clock.now()
    status = AppointmentStatus.ARRIVED
    await desk.desk.heed(QUEUE, found.id, status, since=since, cause="00" * 16)
    assert (await only(desk)).status == "arrived"
