"""A file of patients: said openly, row by row, and taken in once; nothing is overwritten."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model import IdentifierType, Script
from gateway.patients.importer import Effect, PatientImporter, Report
from gateway.patients.sheet import read
from gateway.room import OWNER
from tests.unit.patients.desk_case import Ward, ward
from tests.unit.patients.people_case import event, said

HEAD = "病案号,姓名,拼音,出生日期,性别,病区,床号\n"
ROW = "1,王^芳,WANG^Fang,1965-04-12,女,七病区,12\n"


def test_a_row_is_a_patient() -> None:
    (line,), faults = read(HEAD + ROW, "HIS")
    assert faults == ()
    assert line.said is not None
    own = line.said.identifiers[0]
    assert (own.value, own.issuer, own.type) == ("1", "HIS", IdentifierType.MRN)
    assert [name.script for name in line.said.names] == [Script.IDEOGRAPHIC, Script.ALPHABETIC]
    assert (line.said.birth_date, line.said.sex) == ("1965-04-12", "F")


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        (ROW.replace("1,", ",", 1), 1, "This is needed."),
        (ROW.replace("王^芳", ""), 2, "This is needed."),
        (ROW.replace("WANG^Fang", "王"), 3, "These are no letters."),
        (ROW.replace("1965-04-12", "12.4.65"), 4, "This is no date."),
        (ROW.replace("女", "不详"), 5, "No such sex is known."),
        (ROW + ROW, 1, "This number stands in several rows."),
    ],
)
def test_what_is_wrong_with_a_row_is_located(row: str, column: int, told: str) -> None:
    (line, *_), _ = read(HEAD + row, "HIS")
    assert line.said is None
    assert (line.faults[0].row, line.faults[0].column, line.faults[0].text) == (2, column, told)


def test_a_number_whose_issuer_nobody_says_and_an_unknown_sort_are_not_taken() -> None:
    (line,), _ = read(HEAD + ROW, "")
    assert line.faults[0].text == "Nobody says who gave this number out."
    (line,), _ = read("number,name,type\n1,Wang,passport number\n", "HIS")
    assert line.faults[0].text == "No such sort of number is known."


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Ward]:
    async with ward(tmp_path) as opened:
        yield opened


def importer(desk: Ward) -> PatientImporter:
    ports = desk.ports
    return PatientImporter("site", ports.clock, ports, desk.audit, desk.book)


def effects(report: Report) -> list[Effect]:
    return [each.effect for each in report.outcomes]


async def test_a_file_is_taken_in_once_and_says_first_what_it_would_do(desk: Ward) -> None:
    await desk.tell(
        event(1, said("2", "李^娜", "1970")), event(1, said("3", "张^伟", "1950-01-01"))
    )
    sheet = (
        HEAD
        + ROW
        + "2,李^娜,,1970-05-06,女,,\n"
        + "3,张^卫,,1950-01-01,,,\n"
        + "4,赵^六,,soon,男,,\n"
    )
    data = sheet.encode("gb18030")
    count = len(desk.ports.events)
    would = [Effect.NEW, Effect.CHANGED, Effect.QUESTION, Effect.FAULTY]
    assert effects(await importer(desk).tried(data, "HIS")) == would
    assert len(desk.ports.events) == count, "a dry run changes nothing"
    done = await importer(desk).done(OWNER, data, "HIS")
    assert effects(done) == would
    assert len(desk.ports.events) == count + 3
    (new,) = await desk.book.find("王", 10)
    assert new.visit is not None
    assert (new.visit.ward, new.visit.bed) == ("七病区", "12")
    refined = await desk.book.resolve("2", "HIS")
    assert refined is not None
    assert refined.birth_date == "1970-05-06"
    disputed = await desk.book.resolve("3", "HIS")
    assert disputed is not None
    assert disputed.names[0].text == "张伟"
    assert disputed.disputed == {"name"}
    again = await importer(desk).done(OWNER, data, "HIS")
    assert effects(again) == [Effect.SAME] * 3 + [Effect.FAULTY]
    assert len(desk.ports.events) == count + 3
    assert [each.action for each in desk.audit.entries].count("patients.import") == 1


async def test_the_page_shows_first_and_does_then(desk: Ward) -> None:
    data = (HEAD + ROW + "2,,,,,,\n").encode()
    assert "导入患者" in (await desk.http.get("/patients/import?lang=zh")).text
    form = {"issuer": "HIS", "charset": ""}
    shown = await desk.http.post(
        "/patients/import?lang=en", data=form, files={"file": ("p.csv", data, "text/csv")}
    )
    for text in ("Read as UTF-8.", "new 1", "This is needed.", "王芳"):
        assert text in shown.text, text
    kept = re.search(r'name="data" value="([^"]+)"', shown.text)
    assert kept is not None
    done = await desk.http.post(
        "/patients/import/done?lang=en", data={**form, "data": kept[1]}, follow_redirects=True
    )
    assert "1 new, 0 changed, 0 in question, 0 as before, 1 not taken." in done.text
    nothing = await desk.http.post("/patients/import/done?lang=en", data={**form, "data": "?"})
    assert nothing.status_code == 422
    assert "There is no file to import." in nothing.text
