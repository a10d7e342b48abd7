"""A file of appointments: said openly, row by row, and taken in once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model import AppointmentStatus
from gateway.room import OWNER
from gateway.room.sheet import Decoded, SheetFault, decode
from gateway.schedule.importer import Effect, Importer, Report
from gateway.schedule.sheet import Terms, read
from tests.unit.patients.people_case import event as patient_event
from tests.unit.patients.people_case import said as patient
from tests.unit.schedule.office_case import Office, office, somebody
from tests.unit.schedule.schedule_case import NOW, SHANGHAI, at, booked, event

TERMS = Terms("RIS", "HIS", SHANGHAI)
HEAD = "预约号,患者号,姓名,开始时间,时长,设备,项目,状态\n"
ROW = "A1,1,王^芳,2026-11-23 14:00,20,LA1,IMRT,已预约\n"


@pytest.mark.parametrize(
    ("data", "charset", "also"),
    [
        (b"id,patient,start\n", "utf-8", ""),
        ("姓名王建国".encode(), "utf-8", ""),
        ("\ufeff姓名".encode(), "utf-8", ""),
        ("姓名".encode(), "utf-8", "gb18030"),
        ("姓名".encode("gb18030"), "gb18030", ""),
    ],
)
def test_the_charset_is_what_the_bytes_prove(data: bytes, charset: str, also: str) -> None:
    found = decode(data)
    assert isinstance(found, Decoded)
    assert (found.charset, found.also) == (charset, also)


def test_bytes_that_are_no_text_are_located() -> None:
    found = decode(b"a,b\nc,\xff\xff\n")
    assert isinstance(found, SheetFault)
    assert (found.row, found.column) == (2, 2)
    chosen = decode("姓名".encode("gb18030"), "utf-8")
    assert isinstance(chosen, SheetFault)


def test_a_row_is_an_appointment() -> None:
    (line,), faults = read(HEAD + ROW, TERMS)
    assert faults == ()
    assert line.said is not None
    assert (line.said.filler, line.said.start, line.said.minutes) == ("A1", at("14:00"), 20)
    assert line.said.patient is not None
    assert line.said.patient.names[0].given == "芳"


@pytest.mark.parametrize(
    ("text", "row", "column", "told"),
    [
        ("", 1, 1, "The file is empty."),
        ("预约号,患者号\n", 1, 1, "This column is missing."),
        ("预约号,患者号,开始,血型\n", 1, 4, "No such column is known."),
        ("预约号,患者号,开始,id\n", 1, 4, "This column is given twice."),
        ('预约号,患者号,开始\n"A', 1, 1, "This is no CSV file."),
    ],
)
def test_what_is_wrong_with_a_file_is_located(text: str, row: int, column: int, told: str) -> None:
    _, (fault, *_) = read(text, TERMS)
    assert (fault.row, fault.column, fault.text) == (row, column, told)


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        (ROW.replace("A1,", ","), 1, "This is needed."),
        (ROW.replace("2026-11-23 14:00", "soon"), 4, "This is no date and time."),
        (ROW.replace(",20,", ",0,"), 5, "From 1 to 480 minutes."),
        (ROW.replace("已预约", "也许"), 8, "No such status is known."),
        (ROW + ROW, 1, "This number stands in several rows."),
    ],
)
def test_what_is_wrong_with_a_row_is_located(row: str, column: int, told: str) -> None:
    (line, *_), _ = read(HEAD + "\n" + row, TERMS)
    assert line.said is None
    assert (line.faults[0].row, line.faults[0].column, line.faults[0].text) == (3, column, told)


def test_a_number_whose_issuer_nobody_says_is_not_taken() -> None:
    (line,), _ = read(HEAD + ROW, Terms("RIS", "", SHANGHAI))
    assert line.faults[0].text == "Nobody says who gave this number out."


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        await opened.tell(patient_event(1, patient("1", "王^芳")))
        yield opened


def importer(desk: Office) -> Importer:
    return Importer("site", desk.ports.clock, desk.ports, desk.audit, desk.book)


def effects(report: Report) -> list[Effect]:
    return [each.effect for each in report.outcomes]


async def test_a_file_is_taken_in_once_and_its_changes_each_once(desk: Office) -> None:
    reading = importer(desk)
    data = (HEAD + ROW).encode("gb18030")
    assert effects(await reading.tried(data, "RIS", "HIS")) == ["new"]
    assert len(desk.ports.events) == 1, "a dry run changes nothing"
    assert effects(await reading.done(OWNER, data, "RIS", "HIS")) == ["new"]
    assert effects(await reading.done(OWNER, data, "RIS", "HIS")) == ["same"]
    later = (HEAD + ROW.replace("14:00", "15:00")).encode()
    for each in (later, data, later):
        assert effects(await reading.done(OWNER, each, "RIS", "HIS")) == ["changed"]
    (found,) = await desk.book.day(desk.book.local(NOW).date())
    assert found.start == at("15:00")
    assert len(desk.ports.events) == 5
    assert desk.ports.records[found.raw or 0].data == later  # type: ignore[index]


async def test_who_and_what_is_not_known_is_said_and_waits(desk: Office) -> None:
    data = (HEAD + ROW.replace("A1,1", "A1,9").replace("LA1", "LA7")).encode()
    report = await importer(desk).done(OWNER, data, "RIS", "HIS")
    assert not report.outcomes[0].known_patient
    assert not report.outcomes[0].known_resource
    kinds = {each.kind for each in await desk.book.problems(NOW)}
    assert kinds == {"unknown-patient", "no-resource"}


async def test_the_page_shows_first_and_does_then(desk: Office) -> None:
    faulty = "A2,1,李娜,soon,20,LA1,IMRT,已预约\n"
    data = (HEAD + ROW + faulty).encode("gb18030")
    assert (await desk.http.get("/schedule/import?lang=zh")).status_code == 200
    form = {"book": "RIS", "issuer": "HIS", "charset": ""}
    shown = await desk.http.post(
        "/schedule/import?lang=en", data=form, files={"file": ("a.csv", data, "text/csv")}
    )
    for text in ("Read as GB18030.", "new 1", "This is no date and time.", "王芳"):
        assert text in shown.text, text
    kept = re.search(r'name="data" value="([^"]+)"', shown.text)
    assert kept is not None
    done = await desk.http.post(
        "/schedule/import/done?lang=en", data={**form, "charset": "gb18030", "data": kept[1]}
    )
    assert "1 new, 0 changed, 0 as before, 1 not taken." in done.text
    nothing = await desk.http.post("/schedule/import/done", data={**form, "data": "?"})
    assert nothing.status_code == 422
    unnamed = await desk.http.post("/schedule/import", data={"book": ""})
    assert unnamed.status_code == 422


HAND = somebody("schedule.write")
ROWS = "".join(ROW.replace("A1,1", f"A{n},1").replace("14:00", f"1{n}:00") for n in (4, 5, 6))


async def as_it_is(desk: Office) -> list[tuple[str, str, str, str]]:
    found = await desk.book.day(desk.book.local(NOW).date())
    return [
        (each.filler, each.status, f"{desk.book.local(each.start or NOW):%H:%M}", each.resource)
        for each in found
    ]


async def changed_by_hand(desk: Office) -> list[tuple[str, str, str, str]]:
    """A4 is cancelled, A5 done, A6 moved; what stands then."""
    gone, done, moved = await desk.book.day(desk.book.local(NOW).date())
    desk.clock.advance(60)
    await desk.desk.move(HAND, gone.id, AppointmentStatus.CANCELLED, "died")
    for status in ("arrived", "started", "completed"):
        await desk.desk.move(HAND, done.id, AppointmentStatus(status), "")
    elsewhere = booked("", "17:30", resource="linac-2", status="", who=None)
    await desk.desk.change(HAND, moved.id, elsewhere, "machine down")
    desk.clock.advance(60)
    after = await as_it_is(desk)
    assert after == [
        ("A4", "cancelled", "14:00", "linac-1"),
        ("A5", "completed", "15:00", "linac-1"),
        ("A6", "booked", "17:30", "linac-2"),
    ]
    return after


async def test_the_same_file_again_undoes_nothing_of_what_people_did(desk: Office) -> None:
    data = (HEAD + ROWS).encode()
    await importer(desk).done(OWNER, data, "RIS", "HIS")
    after = await changed_by_hand(desk)
    assert effects(await importer(desk).done(OWNER, data, "RIS", "HIS")) == ["same"] * 3
    assert await as_it_is(desk) == after


async def test_a_file_with_one_change_undoes_nothing_else(desk: Office) -> None:
    await importer(desk).done(OWNER, (HEAD + ROWS).encode(), "RIS", "HIS")
    after = await changed_by_hand(desk)
    data = (HEAD + ROWS).replace("IMRT", "VMAT").encode()
    assert effects(await importer(desk).done(OWNER, data, "RIS", "HIS")) == ["changed"] * 3
    assert await as_it_is(desk) == after
    found = await desk.book.day(desk.book.local(NOW).date())
    assert [each.kind for each in found] == ["VMAT"] * 3


async def test_a_row_that_says_what_another_source_said_undoes_nothing_the_next_time(
    desk: Office,
) -> None:
    said = booked("A1", "14:00", book="RIS", kind="IMRT", minutes=20)
    await desk.tell(event(2, said))
    data = (HEAD + ROW).encode()
    assert effects(await importer(desk).done(OWNER, data, "RIS", "HIS")) == ["same"]
    (found,) = await desk.book.day(desk.book.local(NOW).date())
    await desk.desk.move(HAND, found.id, AppointmentStatus.CANCELLED, "died")
    assert effects(await importer(desk).done(OWNER, data, "RIS", "HIS")) == ["same"]
    assert [each[1] for each in await as_it_is(desk)] == ["cancelled"]


async def test_a_new_time_in_a_file_takes_a_cancellation_back(desk: Office) -> None:
    await importer(desk).done(OWNER, (HEAD + ROWS).encode(), "RIS", "HIS")
    await changed_by_hand(desk)
    data = (HEAD + ROWS).replace("14:00", "13:00").encode()
    await importer(desk).done(OWNER, data, "RIS", "HIS")
    assert ("A4", "booked", "13:00", "linac-1") in await as_it_is(desk)


async def test_a_file_without_a_status_says_nothing_of_it(desk: Office) -> None:
    bare, row = "预约号,患者号,开始时间,备注\n", "A1,1,2026-11-23 {},{}\n"
    await importer(desk).done(OWNER, (bare + row.format("14:00", "")).encode(), "RIS", "HIS")
    (found,) = await desk.book.day(desk.book.local(NOW).date())
    assert found.status == "booked"
    await desk.desk.move(HAND, found.id, AppointmentStatus.NO_SHOW, "phoned")
    for each in (("14:00", "fasting"), ("15:00", "fasting")):
        await importer(desk).done(OWNER, (bare + row.format(*each)).encode(), "RIS", "HIS")
    (now,) = await desk.book.day(desk.book.local(NOW).date())
    assert (now.status, now.start, now.reason) == ("no-show", at("15:00"), "fasting")


async def test_a_file_is_a_source_and_no_person(desk: Office) -> None:
    """What it cancels, the hospital's system may book again."""
    data = (HEAD + ROW.replace("已预约", "已取消")).encode()
    await importer(desk).done(OWNER, data, "RIS", "HIS")
    await desk.tell(event(725, booked("A1", book="RIS")))
    assert [each[1] for each in await as_it_is(desk)] == ["booked"]
