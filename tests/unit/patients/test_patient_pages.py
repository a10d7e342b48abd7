"""The pages of patients, and what people decide on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.patients.desk import record_id
from gateway.room import NOBODY, OWNER, rule_of
from tests.unit.patients.desk_case import Ward, ward
from tests.unit.patients.people_case import event, number, said


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Ward]:
    async with ward(tmp_path) as opened:
        yield opened


CITIZEN = number("310101197202290020", "CN", "national")
FANG = event(1, said("1", "王^芳", "1972-02-29", "F", CITIZEN), raw=7)
OTHER = event(2, said("2", "王^芳", "1972-02-29", "F", CITIZEN), raw=8)
RENAMED = event(3, said("1", "王^方", "1972-02-29"), raw=9)


def path_of(value: str) -> str:
    return f"/patients/{record_id(number(value))}"


async def test_every_page_says_who_may_see_it(desk: Ward) -> None:
    assert desk.running.routes is not None
    for route in desk.running.routes(None):  # type: ignore[arg-type]
        assert rule_of(route) in {"patients.read", "patients.write"}, route


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_pages_are_there_before_any_patient_is(desk: Ward, language: str) -> None:
    for path in ("/patients", "/discrepancies", "/patients/new"):
        answer = await desk.http.get(f"{path}?lang={language}")
        assert answer.status_code == 200, answer.text
    assert (await desk.http.get(path_of("1"))).status_code == 404


async def test_a_patient_is_found_without_a_name_in_an_address(desk: Ward) -> None:
    await desk.tell(FANG, OTHER)
    answer = await desk.http.post("/patients?lang=en", data={"q": "王芳"})
    assert str(answer.url.path) == "/patients"
    assert path_of("1") in answer.text
    assert path_of("2") in answer.text
    one = await desk.http.post("/patients?lang=en", data={"q": "2"})
    assert "Upcoming appointments" in one.text
    nobody = await desk.http.post("/patients?lang=en", data={"q": "赵"})
    assert "Nobody fits." in nobody.text


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_patient_s_page_shows_identity_doubts_and_history(
    desk: Ward, language: str
) -> None:
    await desk.tell(FANG, OTHER, RENAMED)
    page = (await desk.http.get(f"{path_of('1')}?lang={language}")).text
    for text in ("王芳", "王方", "1972-02-29", "310101197202290020", 'href="/messages/9"'):
        assert text in page, text


async def test_a_merged_number_leads_to_the_patient_it_became(desk: Ward) -> None:
    await desk.tell(FANG, event(5, said("3", "王^芳", verb="merged", others=["1"])))
    page = (await desk.http.get(f"{path_of('1')}?lang=en")).text
    assert "merged by his" in page


async def test_a_discrepancy_is_accepted_with_a_reason(desk: Ward) -> None:
    await desk.tell(FANG, RENAMED)
    (question,) = await desk.book.questions()
    path = f"/discrepancies/{question.id.hex()}/accept?lang=en"
    refused = await desk.http.post(path, data={"reason": " "})
    assert (refused.status_code, "A reason is needed" in refused.text) == (422, True)
    done = await desk.http.post(path, data={"reason": "身份证已核对"})
    assert "The new fact is in force." in done.text
    assert (await desk.book.resolve("1", "HIS")).names[0].text == "王方"  # type: ignore[union-attr]
    assert [each.action for each in desk.audit.entries] == ["patients.accept"]
    again = await desk.http.post(path, data={"reason": "again"})
    assert again.status_code == 404


async def test_a_fact_is_accepted_over_what_a_fast_clock_said(desk: Ward) -> None:
    """The systems' clocks run a year ahead: the decision comes after all it was made on."""
    year = 366 * 24 * 60
    await desk.tell(event(year, said("1", "王^芳")))
    await desk.tell(event(year + 1, said("1", "王^方"), source="lis"))
    (question,) = await desk.book.questions()
    path = f"/discrepancies/{question.id.hex()}/accept?lang=en"
    await desk.http.post(path, data={"reason": "seen"})
    assert (await desk.book.resolve("1", "HIS")).names[0].text == "王方"  # type: ignore[union-attr]
    assert not await desk.book.questions()


async def test_a_discrepancy_is_left_as_it_is_once(desk: Ward) -> None:
    await desk.tell(FANG, RENAMED)
    (question,) = await desk.book.questions()
    path = f"/discrepancies/{question.id.hex()}/dismiss?lang=en"
    assert "It stays as it is." in (await desk.http.post(path, data={"reason": "typo"})).text
    again = await desk.http.post(path, data={"reason": "again"})
    assert (again.status_code, "typo" in again.text) == (409, True)


async def test_two_records_with_one_number_are_linked_and_separated(desk: Ward) -> None:
    await desk.tell(FANG, OTHER)
    (question,) = await desk.book.questions()
    page = (await desk.http.get("/discrepancies?lang=en")).text
    assert f"/discrepancies/{question.id.hex()}/link" in page
    linked = await desk.http.post(
        f"/discrepancies/{question.id.hex()}/link?lang=en",
        data={"reason": "same person", "stands": record_id(number("2"))},
    )
    assert "linked by the command line" in linked.text
    assert str(linked.url.path) == path_of("2")
    assert (await desk.book.resolve("1", "HIS")).own.value == "2"  # type: ignore[union-attr]
    parted = await desk.http.post(
        f"{path_of('2')}/separate?lang=en", data={"value": "1", "issuer": "HIS", "reason": "no"}
    )
    assert str(parted.url.path) == path_of("1")
    assert (await desk.book.resolve("1", "HIS")).own.value == "1"  # type: ignore[union-attr]
    assert '≠ <span class="code">2 · HIS</span>' in parted.text
    twice = await desk.http.post(
        f"{path_of('2')}/separate?lang=en", data={"value": "1", "issuer": "HIS", "reason": "no"}
    )
    assert twice.status_code == 409


async def test_a_record_is_linked_by_its_number(desk: Ward) -> None:
    await desk.tell(FANG, event(2, said("9", "WANG^FANG", issuer="LAB")))
    path = f"{path_of('1')}/link?lang=en"
    form = {"value": "9", "issuer": "LAB", "reason": "seen"}
    assert (await desk.http.post(path, data={**form, "value": "8"})).status_code == 404
    assert "The two records are linked." in (await desk.http.post(path, data=form)).text
    assert (await desk.http.post(path, data=form)).status_code == 409
    assert (await desk.book.resolve("9", "LAB")).own.value == "1"  # type: ignore[union-attr]


async def test_a_patient_is_registered_by_hand_and_only_once(desk: Ward) -> None:
    form = {
        "value": "RT-1",
        "issuer": "RT",
        "type": "mrn",
        "name": "欧阳^修文",
        "latin": "OUYANG^XIUWEN",
        "birth_date": "1965-04-12",
        "sex": "F",
        "reason": "emergency",
    }
    done = await desk.http.post("/patients/new?lang=en", data=form)
    assert "The patient is registered." in done.text
    found = await desk.book.resolve("RT-1", "RT")
    assert found is not None
    assert [each.text for each in found.names] == ["OUYANG XIUWEN", "欧阳修文"]
    assert (await desk.http.post("/patients/new", data=form)).status_code == 409


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "", "latin": ""}, "A patient has a name"),
        ({"birth_date": "2999-01-01"}, "A birth date lies in the past."),
        ({"birth_date": "soon"}, "A birth date lies in the past."),
        ({"type": "shoe-size"}, "Choose one of the list."),
        ({"reason": ""}, "This is needed."),
    ],
)
async def test_a_registration_with_a_fault_is_shown_again(
    desk: Ward, change: dict[str, str], told: str
) -> None:
    form = {"value": "1", "issuer": "RT", "type": "mrn", "name": "王芳", "reason": "r", **change}
    answer = await desk.http.post("/patients/new?lang=en", data=form)
    assert answer.status_code == 422
    assert told in answer.text
    assert desk.ports.events == []


async def test_what_needs_a_person_is_on_the_overview_of_who_may_see_it(desk: Ward) -> None:
    assert desk.running.glance is not None
    assert not (await desk.running.glance(OWNER)).attention
    await desk.tell(FANG, RENAMED)
    (told,) = (await desk.running.glance(OWNER)).attention
    assert told.path == "/discrepancies"
    assert not (await desk.running.glance(NOBODY)).attention


async def test_the_palette_finds_patients_for_who_may_see_them(desk: Ward) -> None:
    await desk.tell(FANG)
    assert desk.running.find is not None
    (hit,) = await desk.running.find(OWNER, "王")
    assert (hit.label, hit.path, hit.note) == ("王芳", path_of("1"), "1 1972-02-29")
    assert not await desk.running.find(NOBODY, "王")
    assert not await desk.running.find(OWNER, " ")
