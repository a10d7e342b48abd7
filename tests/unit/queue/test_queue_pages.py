"""The desk's pages and the API: what is posted happens, what can't is said in one's language."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.model import Kind, Visit
from queue_display.arrivals import NotFound, Reception
from queue_display.follow import Follower
from queue_display.options import QueueRoomOptions
from queue_display.scene import Stage
from queue_display.terms import Mark, State, Verb
from tests.unit.patients.people_case import event as person_event
from tests.unit.patients.people_case import said
from tests.unit.queue.desk_case import SECTION, WANG, Department, department, labels


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Department]:
    async with department(tmp_path) as open_:
        for number, time in (("1001", "08:00"), ("1002", "08:15")):
            await open_.books(number, time)
        yield open_


async def _post(office: Department, path: str, **fields: str) -> httpx.Response:
    return await office.http.post(path, data=fields)


async def test_a_day_at_the_desk_by_its_forms(office: Department) -> None:
    page = await office.http.get("/queue?lang=en")
    assert "王建国" in page.text
    booked = re.findall(r'name="ticket" value="([^"]+)"', page.text)
    answer = await _post(office, "/queue/check-in?queue=linac-1", ticket=booked[0])
    assert "Checked in: A001." in answer.text
    assert str(answer.url).endswith("/queue?queue=linac-1")
    assert "Checked in: A002." in (await _post(office, "/queue/check-in", number="MRN1002")).text
    first = _next(await office.http.get("/queue?lang=en"))
    assert "A001 is called." in (await _post(office, "/queue/of/linac-1/next", ticket=first)).text
    ticket = (await office.lane()).running[0].ticket
    for verb in ("enter", "start", "finish"):
        await _post(office, f"/queue/tickets/{ticket.id}/{verb}")
    assert (await office.lane()).ended[0].ticket.state is State.DONE
    other = (await office.lane()).waiting[0].ticket
    await _post(office, f"/queue/tickets/{other.id}/hold", reason="unwell")
    assert (await office.lane()).aside[0].ticket.state is State.HELD
    history = (await office.http.get(f"/queue/tickets/{other.id}")).text
    assert "unwell" in history
    assert "李小娜" in history


def _next(page: httpx.Response) -> str:
    """The ticket that the form of the first linac would call."""
    found = re.search(r'/of/linac-1/next".*?name="ticket" value="([^"]+)"', page.text, re.DOTALL)
    assert found
    return found[1]


async def test_a_call_that_is_sent_twice_calls_one_patient(office: Department) -> None:
    for number in ("1001", "1002"):
        await office.arrives(number)
    first = _next(await office.http.get("/queue"))
    for path, sent in (
        ("/queue/of/linac-1/next?lang=en", {"data": {"ticket": first}}),
        ("/api/v1/queue/of/linac-1/next", {"json": {"ticket": first}}),
    ):
        answers = [await office.http.post(path, **sent) for _ in range(2)]  # type: ignore[arg-type]
        assert answers[1].status_code == 409
        assert "A001 is called and not the next one any more; A002 is next now." in answers[1].text
    called = (await office.lane()).running
    assert [each.ticket.label for each in called] == ["A001"]
    refused = await office.http.post("/queue/of/linac-1/next?lang=zh-CN", data={"ticket": first})
    assert "A001 已不是下一位（已呼叫）；现在的下一位是 A002。" in refused.text
    unnamed = await _post(office, "/queue/of/linac-1/next")
    assert unnamed.status_code == 409
    assert len((await office.lane()).running) == 1


async def test_what_cant_be_is_said_in_the_readers_language(office: Department) -> None:
    await office.arrives("1001")
    ticket = (await office.lane()).waiting[0].ticket
    refused = await office.http.post(f"/queue/tickets/{ticket.id}/finish?lang=zh-CN")
    assert refused.status_code == 409
    assert "A001候诊中，不能标记为完成。" in refused.text
    assert (await office.http.post(f"/queue/tickets/{ticket.id}/ready")).status_code == 409
    assert (await office.http.post(f"/queue/tickets/{ticket.id}/fly")).status_code == 404
    assert (await office.http.get("/queue/tickets/none")).status_code == 404
    assert (await _post(office, "/queue/of/nowhere/next")).status_code == 409
    assert (await _post(office, "/queue/check-in", number="MRN9")).status_code == 409
    assert (await _post(office, "/queue/of/ct/walk-in", number="9", reason="x")).status_code == 409


async def test_a_queue_is_stopped_and_goes_on_by_its_forms(office: Department) -> None:
    path = "/queue/of/linac-1/stand"
    assert (await _post(office, path, what="stop")).status_code == 409
    await _post(office, path, what="stop", reason="interlock")
    assert "interlock" in (await office.http.get("/queue?lang=en")).text
    await _post(office, path, what="resume")
    await _post(office, path, what="cleaned")
    lane = await office.lane()
    assert (lane.stand.stopped, lane.stand.cleaned) == (None, office.clock.now())


async def test_marks_and_moves_go_by_the_tickets_page(office: Department) -> None:
    for number in ("1001", "1002"):
        await office.arrives(number)
    first, second = ((each.ticket) for each in (await office.lane()).waiting)
    path = f"/queue/tickets/{second.id}"
    await _post(office, f"{path}/move", before=first.id, reason="in pain")
    assert await labels(await office.lane()) == ["A002", "A001"]
    await _post(
        office, f"{path}/mark", **{"mark-fasting": "yes", "priority": "emergency", "reason": "x"}
    )
    marked = await office.book.ticket(second.id)
    assert marked is not None
    assert marked.marks == {Mark.FASTING}
    assert marked.priority == "emergency"
    await _post(office, f"/queue/tickets/{first.id}/transfer", to="linac-2", reason="down")
    assert await labels(await office.lane("linac-2")) == ["A001"]
    unknown = await _post(office, f"{path}/mark", priority="royal", reason="x")
    assert unknown.status_code == 409


async def test_the_api_checks_in_calls_and_explains(office: Department) -> None:
    made = await office.http.post(
        "/api/v1/queue/check-in", json={"number": "1001", "issuer": "HIS"}
    )
    (ticket,) = made.json()["tickets"]
    assert (ticket["label"], ticket["state"]) == ("A001", "waiting")
    lanes = (await office.http.get("/api/v1/queue")).json()["queues"]
    waiting = lanes[0]["waiting"][0]
    assert waiting["why"] == [{"zh-CN": "预约 08:00", "en": "appointment 08:00"}]
    assert lanes[0]["next"] == ticket["ticket"]
    called = await office.http.post("/api/v1/queue/of/linac-1/next")
    assert called.json()["state"] == "called"
    path = f"/api/v1/queue/tickets/{ticket['ticket']}"
    held = await office.http.post(f"{path}/hold", json={"reason": "unwell"})
    assert held.json()["state"] == "held"
    refused = await office.http.post(f"{path}/call", headers={"accept": "application/json"})
    assert refused.status_code == 409
    assert refused.json()["detail"].endswith("A001 is held and can't be called.")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("check-in", b"[]", 422),
        ("check-in", b"{", 422),
        ("check-in", b'{"number": 5, "issuer": "HIS"}', 422),
        ("check-in", b'{"number": "7777", "issuer": "HIS"}', 409),
        ("tickets/none/call", b"", 409),
        ("tickets/none/fly", b"", 404),
        ("of/nowhere/next", b"", 409),
    ],
)
async def test_the_api_refuses_what_it_does_not_understand(
    office: Department, path: str, body: bytes, status: int
) -> None:
    answer = await office.http.post(
        f"/api/v1/queue/{path}", content=body, headers={"accept": "application/json"}
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_marks_are_given_to_the_api_as_it_answers_them(office: Department) -> None:
    await office.arrives("1001")
    (first,) = (await office.lane()).waiting
    path = f"/api/v1/queue/tickets/{first.ticket.id}/mark"
    marked = await office.http.post(path, json={"marks": ["fasting"], "reason": "x"})
    assert marked.json()["marks"] == ["fasting"]
    unknown = await office.http.post(path, json={"marks": ["royal"], "reason": "x"})
    assert unknown.status_code == 422
    assert (await office.http.post(path, json={"reason": "x"})).json()["marks"] == []


async def test_who_has_arrived_by_the_schedule_is_checked_in(office: Department) -> None:
    await office.books("1003", "08:30", status="arrived")
    stage = Stage(_options(SECTION), office.book, office.neighbours)
    follower = Follower(office.desk, stage, office.clock)
    await follower.turn()
    await follower.turn()
    lane = await office.lane()
    assert [each.ticket.patient for each in lane.waiting] == [("1003", "HIS")]
    assert lane.waiting[0].ticket.last is not None
    assert lane.waiting[0].ticket.last.who == "schedule"
    said = [each.id for each in office.ports.events if each.kind is Kind.APPOINTMENT]
    assert bytes.fromhex(lane.waiting[0].ticket.last.cause) == said[-1]


async def test_a_check_in_that_a_person_took_back_is_not_made_again(office: Department) -> None:
    await office.books("1003", "08:30", status="arrived")
    stage = Stage(_options(SECTION), office.book, office.neighbours)
    follower = Follower(office.desk, stage, office.clock)
    await follower.turn()
    await office.desk.take(WANG, (await office.lane()).waiting[0].ticket.id, Verb.UNDO)
    await follower.turn()
    assert await labels(await office.lane()) == []
    await office.arrives("1003")
    assert await labels(await office.lane()) == ["A001"]


async def test_a_stop_waits_once_the_one_before_it_is_cancelled(office: Department) -> None:
    await office.books("1003", "07:50", "CT1")
    await office.books("1003", "08:30")
    await office.arrives("1003")
    stage = Stage(_options(SECTION), office.book, office.neighbours)
    follower = Follower(office.desk, stage, office.clock)
    await follower.release()
    assert (await office.lane()).aside[0].ticket.state is State.CHECKED_IN
    await office.books("1003", "07:50", "CT1", minute=450, status="cancelled")
    for _ in range(2):
        await follower.release()
    (entry,) = (await office.lane()).waiting
    steps = await office.book.steps(entry.ticket.id)
    assert [each.act.verb for each in steps] == [Verb.CHECK_IN, Verb.READY]
    assert bytes.fromhex(steps[-1].act.cause) in {each.id for each in office.ports.events}


@pytest.mark.parametrize("verb", [Verb.SKIP, Verb.HOLD])
async def test_a_kiosk_sends_whom_nobody_calls_to_the_desk(office: Department, verb: Verb) -> None:
    await office.arrives("1001")
    ticket = await office.desk.call_next(WANG, "linac-1")
    await office.desk.take(WANG, ticket.id, verb, why="away")
    for language, told in (("en", "Please come to the desk"), ("zh-CN", "请到前台")):
        page = await office.http.post(f"/kiosk?lang={language}", data={"code": "MRN1001"})
        assert told in page.text
        assert "You are checked in" not in page.text
        assert "Watch the screens" not in page.text
    usual = await office.http.post("/kiosk?lang=en", data={"code": "MRN1002"})
    assert "You are checked in" in usual.text


async def test_an_in_patient_and_a_kind_bring_their_marks(office: Department) -> None:
    inside = person_event(1, said("1003", "王美国", visit=Visit(kind="I", ward="W1")))
    await office.ports.publish([inside])
    await office.books("1003", "08:30", kind="ANA")
    await office.arrives("1003")
    (entry,) = (await office.lane()).waiting
    assert entry.ticket.marks == {Mark.IN_PATIENT, Mark.ANAESTHESIA}


def _options(section: Mapping[str, Any]) -> QueueRoomOptions:
    return QueueRoomOptions.model_validate(section)


async def _by_code(office: Department, answer: Any) -> str:
    """The label that a dynamic code leads to, with such an answer of the hospital's service."""
    qr = {"pattern": "EHC.*", "url": "http://ehc.local/resolve", "seconds": 1}
    section = {**SECTION, "check_in": {**SECTION["check_in"], "qr": qr}}
    stage = Stage(_options(section), office.book, office.neighbours)

    def service(request: httpx.Request) -> httpx.Response:
        assert orjson.loads(request.content) == {"code": "EHC:1"}
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, content=answer)

    async with httpx.AsyncClient(transport=httpx.MockTransport(service)) as client:
        arrival = await Reception(stage, office.neighbours, client).scanned(
            "EHC:1", office.clock.now()
        )
    return (await office.desk.check_in(WANG, arrival.stops, arrival.patient))[0].label


async def test_a_dynamic_code_is_asked_of_the_hospitals_service(office: Department) -> None:
    assert await _by_code(office, b'{"number": "1001", "issuer": "HIS"}') == "A001"


@pytest.mark.parametrize(
    "answer", [httpx.ReadTimeout("slow"), b"no json", b"{}", b'{"number": "", "issuer": "HIS"}']
)
async def test_a_code_that_nobody_explains_in_time_leads_to_the_cards(
    office: Department, answer: Any
) -> None:
    with pytest.raises(NotFound) as unknown:
        await _by_code(office, answer)
    assert unknown.value.text["zh-CN"] == "二维码暂时无法识别。请使用就诊卡或身份证。"


async def test_a_kiosk_checks_nobody_in_many_hours_early(office: Department) -> None:
    await office.books("1004", "16:00")
    early = await office.http.post("/kiosk", data={"code": "MRN1004"})
    assert early.status_code == 422
    assert (await office.lane()).waiting == ()
    booked = (await office.lane()).booked[-1].ticket
    assert (await _post(office, "/queue/check-in", ticket=booked.id)).status_code == 200


async def test_the_steps_that_undo_a_check_in_keep_the_number(office: Department) -> None:
    await office.arrives("1001")
    ticket = (await office.lane()).waiting[0].ticket
    back = await office.desk.take(WANG, ticket.id, Verb.UNDO)
    assert (back.state, back.label) == (State.BOOKED, "A001")
    await office.arrives("1001")
    assert await labels(await office.lane()) == ["A001"]


async def test_a_day_in_figures_by_queue_and_as_csv(office: Department) -> None:
    for number in ("1001", "1002"):
        await office.arrives(number)
    office.clock.advance(1800)
    first = await office.desk.call_next(WANG, "linac-1")
    office.clock.advance(300)
    await office.desk.take(WANG, first.id, Verb.START)
    office.clock.advance(720)
    await office.desk.take(WANG, first.id, Verb.FINISH)
    second = await office.desk.call_next(WANG, "linac-1")
    await office.desk.take(WANG, second.id, Verb.SKIP)
    await office.desk.take(WANG, second.id, Verb.NO_SHOW)
    page = await office.http.get("/queue/figures?lang=en")
    assert "The day in figures" in page.text
    csv = (await office.http.get("/queue/figures?format=csv&lang=en")).text
    linac = next(line for line in csv.splitlines() if line.startswith("Linac 1"))
    assert linac.split(",")[1:] == [
        "1",
        "1",
        "0",
        "38.5",
        "45.3",
        "5.0",
        "12.0",
        "12.0",
        "70.6",
        "",
        "",
    ]
    empty = (await office.http.get("/queue/figures?format=csv&lang=en&day=2026-11-22")).text
    assert "Linac 1,0,0,0,,,,,0" in empty
    assert "Linac 1,1,1" in (await office.http.get("/queue/figures?format=csv&day=x&lang=en")).text


async def test_weeks_of_a_queue_are_charts_and_a_table(office: Department) -> None:
    empty = (await office.http.get("/queue/statistics?lang=en")).text
    assert "No ticket in these days." in empty
    await office.books("1001", "08:00")
    await office.arrives("1001")
    office.clock.advance(1800)
    ticket = await office.desk.call_next(WANG, "linac-1")
    for verb in (Verb.START, Verb.FINISH):
        office.clock.advance(600)
        await office.desk.take(WANG, ticket.id, verb)
    office.clock.advance(86_400)
    page = (await office.http.get("/queue/statistics?lang=en&days=7")).text
    assert page.count("data-chart") == 4
    assert "2026-11-23" in page
    csv = (await office.http.get("/queue/statistics?lang=en&format=csv")).text
    assert "2026-11-23,Linac 1,1,0,30.0,30.0" in csv
    assert (
        "Statistics of the queue"
        not in (await office.http.get("/queue/statistics?lang=zh-CN")).text
    )
