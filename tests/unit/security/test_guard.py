from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from gateway.errors import StoreError
from gateway.model import Subject
from gateway.room import Outcome, Permission, about, access
from gateway.security.options import AccountsOptions, Limits
from gateway.security.roles import Role
from gateway.web import Refusal
from gateway.web.body import bounded, read
from gateway.web.caller import OVER_SOCKET
from tests.accounts import House, house
from tests.unit.api.streaming import opened

HTML = {"accept": "text/html"}


@access(Permission.READ_SITE)
async def change(request: Request) -> Response:
    return Response(await request.body())


@access(Permission.READ_SITE, body=100)
async def small(request: Request) -> Response:
    return Response(await request.body())


@access(Permission.READ_SITE, body=100, streamed=True)
async def streamed(request: Request) -> Response:
    seen = [chunk async for chunk in request.stream() if chunk]
    return Response(b"%d" % len(seen))


@access(Permission.READ_RESULTS)
async def reveal(request: Request) -> Response:
    about(request, subject=Subject("P1", "HIS"), sample="S1")
    return Response(b"Li Wei")


@access(Permission.READ_SITE)
async def reveal_beside(request: Request) -> Response:
    about(request, reveals=Permission.READ_PATIENTS)
    return Response(b"Li Wei")


@access(Permission.READ_SITE)
async def endless(_request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        await asyncio.get_running_loop().create_future()

    return StreamingResponse(chunks(), media_type="text/event-stream")


PAGES = [
    Route("/change", change, methods=["POST", "PUT"]),
    Route("/small", small, methods=["POST"]),
    Route("/streamed", streamed, methods=["POST"]),
    Route("/reveal", reveal),
    Route("/reveal-beside", reveal_beside),
    Route("/endless", endless),
]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, pages=PAGES) as running:
        yield running


async def form_token(browser: httpx.AsyncClient) -> str:
    page = (await browser.get("/account")).text
    return page.partition('name="csrf-token" content="')[2].partition('"')[0]


async def test_nobody_is_sent_to_sign_in_and_back_to_where_they_wanted(home: House) -> None:
    refused = await home.anonymous().get("/events?device=m1&before=7", headers=HTML)
    assert refused.status_code == 303
    assert refused.headers["location"] == "/sign-in?next=/events%3Fdevice%3Dm1%26before%3D7"
    assert refused.headers["cache-control"] == "no-store"


async def test_a_program_without_a_token_is_told_how(home: House) -> None:
    refused = await home.anonymous().get("/api/v1/devices")
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"].startswith("Bearer ")


async def test_who_may_not_is_told_what_is_missing_and_it_is_in_the_audit(home: House) -> None:
    browser = await home.client(Role.FACILITIES)
    refused = await browser.get("/api/v1/results")
    assert refused.status_code == 403
    assert "results.read" in refused.json()["detail"]
    entry = home.audit.entries[-1]
    assert (entry.action, entry.outcome) == ("access.refuse", Outcome.REFUSED)
    assert entry.objects == {"path": "/api/v1/results", "method": "GET"}
    page = await browser.get("/results", headers=HTML)
    assert page.status_code == 403
    assert "text/html" in page.headers["content-type"]


async def test_an_administrator_without_second_factor_can_only_set_it_up(home: House) -> None:
    account = await home.person(Role.ADMINISTRATOR, totp=False)
    browser = home.anonymous()
    browser.cookies.set("isogate", await home.security.sign_in.admit(account, "", ""))
    sent = await browser.get("/settings/accounts", headers=HTML)
    assert (sent.status_code, sent.headers["location"]) == (303, "/account/second-factor")
    assert (await browser.get("/api/v1/accounts")).status_code == 403
    assert (await browser.get("/account/second-factor")).status_code == 200


async def test_a_form_needs_the_token_of_its_session(home: House) -> None:
    browser, other = await home.client(Role.THERAPIST), await home.client(Role.THERAPIST)
    token = await form_token(browser)
    assert (await browser.post("/change", data={"csrf": token})).status_code == 200
    assert (await browser.post("/change", files={"csrf": (None, token)})).status_code == 200
    assert (await browser.post("/change", headers={"x-csrf-token": token})).status_code == 200
    assert (await browser.put("/change", headers={"x-csrf-token": token})).status_code == 200
    wrong = ["", "x", token[:-1], await form_token(other)]
    for each in wrong:
        assert (await browser.post("/change", data={"csrf": each})).status_code == 403
    assert (await browser.post("/change")).status_code == 403
    assert (await browser.post("/change", json={"csrf": token})).status_code == 403
    assert (await browser.post("/change", params={"csrf": token})).status_code == 403
    assert home.audit.entries[-1].action == "access.refuse"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"origin": "https://localhost"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://localhost", "sec-fetch-site": "cross-site"},
    ],
)
async def test_another_sites_page_can_not_post_even_with_the_token(
    home: House, headers: dict[str, str]
) -> None:
    browser = await home.client(Role.THERAPIST)
    token = await form_token(browser)
    refused = await browser.post("/change", data={"csrf": token}, headers=headers)
    assert refused.status_code == 403
    own = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert (await browser.post("/change", data={"csrf": token}, headers=own)).status_code == 200


async def test_another_sites_page_can_not_sign_a_browser_in(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    fields = {"name": "wang", "password": "three blind mice"}
    headers = {"origin": "http://evil.example"}
    refused = await home.anonymous().post("/sign-in", data=fields, headers=headers)
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers


async def test_a_token_needs_no_form_token_and_beats_the_cookie(home: House) -> None:
    program = await home.program("site.read")
    assert (await program.post("/change", content=b"x")).status_code == 200
    browser = await home.client(Role.THERAPIST)
    browser.headers["authorization"] = "Bearer isogate_wrong"
    assert (await browser.get("/api/v1/devices")).status_code == 401


async def test_a_body_reaches_the_handler_whole_and_one_too_large_does_not(home: House) -> None:
    program = await home.program("site.read")
    assert (await program.post("/small", content=b"x" * 100)).content == b"x" * 100
    refused = await program.post("/small", content=b"x" * 101)
    assert refused.status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 10

    assert (await program.post("/small", content=chunks())).status_code == 413
    lying = await program.post("/small", content=b"x", headers={"content-length": "many"})
    assert lying.status_code == 413


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async def never() -> Message:
        nothing: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await nothing

    with pytest.raises(Refusal) as caught:
        await read(never, Headers({}), largest=0, patience=0)
    assert caught.value.status == 408


async def _three(size: int) -> AsyncIterator[bytes]:
    for _ in range(3):
        yield b"x" * size


async def test_a_streamed_body_comes_in_pieces_within_its_bounds(home: House) -> None:
    program = await home.program("site.read")
    assert (await program.post("/streamed", content=_three(30))).content == b"3"
    assert (await program.post("/streamed", content=_three(40))).status_code == 413
    declared = {"content-length": "101"}
    assert (await program.post("/streamed", content=b"x", headers=declared)).status_code == 413
    nobody = home.anonymous()
    assert (await nobody.post("/streamed", content=b"x")).status_code == 401


async def test_a_streamed_body_under_a_cookie_needs_the_token_in_a_header(home: House) -> None:
    browser = await home.client(Role.PHYSICIST)
    token = await form_token(browser)
    forged = {"csrf": token}
    assert (await browser.post("/streamed", data=forged)).status_code == 403
    headers = {"x-csrf-token": token}
    assert (await browser.post("/streamed", content=b"x", headers=headers)).status_code == 200


async def test_a_streamed_body_that_stalls_is_given_up() -> None:
    async def silent() -> Message:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    receive = bounded(silent, Headers(), 100, patience=0)
    with pytest.raises(Refusal) as refused:
        await receive()
    assert refused.value.status == 408


async def test_headers_and_addresses_have_bounds(home: House) -> None:
    browser = home.anonymous()
    assert (await browser.get("/healthz?" + "x" * 5000)).status_code == 414
    assert (await browser.get("/healthz", headers={"x": "y" * 20_000})).status_code == 431
    many = [("x", "y")] * 80
    assert (await browser.get("/healthz", headers=many)).status_code == 431


async def test_what_reveals_patients_is_audited_before_it_leaves(home: House) -> None:
    browser = await home.client(Role.LABORATORY)
    assert (await browser.get("/reveal")).content == b"Li Wei"
    entry = home.audit.entries[-1]
    assert (entry.action, entry.subject) == ("results.read", Subject("P1", "HIS"))
    assert entry.objects == {"path": "/reveal", "sample": "S1"}
    assert (await browser.get("/reveal-beside")).content == b"Li Wei"
    assert home.audit.entries[-1].action == "patients.read"
    count = len(home.audit.entries)
    assert (await browser.get("/api/v1/devices")).status_code == 200
    assert len(home.audit.entries) == count


async def test_what_can_not_be_audited_does_not_leave(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await home.client(Role.LABORATORY)

    async def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(home.audit, "record", full)
    refused = await browser.get("/reveal")
    assert refused.status_code == 503
    assert b"Li Wei" not in refused.content


async def test_private_answers_are_not_cached_and_no_page_can_be_framed(home: House) -> None:
    browser = await home.client(Role.THERAPIST)
    for path in ("/", "/api/v1/devices", "/account"):
        headers = (await browser.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "strict-transport-security" not in headers
    secure = await home.anonymous("https").get("/sign-in")
    assert secure.headers["strict-transport-security"] == "max-age=31536000"


async def test_asking_too_often_is_told_to_wait_and_others_are_served(tmp_path: Path) -> None:
    limits = Limits(anonymous_per_second=0.001, anonymous_burst=5, per_second=0.001, burst=9)
    async with house(tmp_path, options=AccountsOptions(limits=limits)) as home:
        browser = await home.client(Role.ADMINISTRATOR)
        flood, calm = home.anonymous(address="192.0.2.1"), home.anonymous(address="192.0.2.2")
        statuses = [(await flood.get("/healthz")).status_code for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2
        assert (await flood.get("/nowhere")).headers["retry-after"] == "1000"
        assert (await calm.get("/healthz")).status_code == 200
        statuses = [(await browser.get("/api/v1/devices")).status_code for _ in range(10)]
        assert statuses == [200] * 9 + [429]


async def test_a_stream_ends_when_its_session_does(home: House) -> None:
    browser = await home.client(Role.THERAPIST)
    cookie = f"isogate={browser.cookies['isogate']}"
    async with opened(home.app, path="/endless", cookie=cookie) as stream:
        assert await stream.chunks.get() == b"data: 1\n\n"
        await home.security.books.sessions.end_of("p00")
        await stream.ended.wait()


async def test_a_stream_ends_when_the_rights_of_its_account_change(home: House) -> None:
    browser = await home.client(Role.LABORATORY)
    cookie = f"isogate={browser.cookies['isogate']}"
    async with opened(home.app, path="/endless", cookie=cookie) as stream:
        await stream.chunks.get()
        await home.security.staff.change(
            OVER_SOCKET, "p00", display="", roles=[Role.FACILITIES], departments=[]
        )
        await stream.ended.wait()
    assert (await browser.get("/api/v1/devices")).status_code == 200


async def test_a_stream_ends_when_its_session_expires(home: House) -> None:
    browser = await home.client(Role.LABORATORY)
    cookie = f"isogate={browser.cookies['isogate']}"
    async with opened(home.app, path="/endless", cookie=cookie) as stream:
        await stream.chunks.get()
        home.clock.advance(1800)
        await home.security.books.sweep()
        await stream.ended.wait()


async def test_a_stream_of_a_token_ends_when_it_is_revoked(home: House) -> None:
    program = await home.program("site.read")
    bearer = program.headers["authorization"]
    async with opened(home.app, path="/endless", authorization=bearer) as stream:
        await stream.chunks.get()
        await home.security.issue.revoke(OVER_SOCKET, "token-p00")
        await stream.ended.wait()
    assert len(home.security.books.streams) == 0


async def test_until_somebody_can_sign_in_only_this_machine_is_served(home: House) -> None:
    far = home.anonymous(address="192.0.2.1")
    assert (await far.get("/set-up")).status_code == 403
    assert (await home.anonymous().get("/set-up")).status_code == 200
    await home.person(Role.ADMINISTRATOR)
    assert (await far.get("/sign-in")).status_code == 200
