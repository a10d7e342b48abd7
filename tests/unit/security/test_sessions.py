from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.security.options import AccountsOptions
from gateway.security.roles import Role
from gateway.web.caller import OVER_SOCKET
from tests.accounts import PASSWORD, House, house

IDLE, LONGEST = 600, 3600
DEVICES = "/api/v1/devices"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, options=AccountsOptions(idle=IDLE, longest=LONGEST)) as opened:
        yield opened


async def status(browser: httpx.AsyncClient, **headers: str) -> int:
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    return (await browser.get(DEVICES, headers=sent)).status_code


async def test_a_session_ends_when_it_is_idle(home: House) -> None:
    browser = await home.client(Role.THERAPIST)
    for _ in range(5):
        home.clock.advance(IDLE - 1)
        assert await status(browser) == 200
    home.clock.advance(IDLE)
    assert await status(browser) == 401


async def test_a_session_ends_after_its_longest_time_however_busy(home: House) -> None:
    browser = await home.client(Role.THERAPIST)
    for _ in range(LONGEST // 300 - 1):
        home.clock.advance(300)
        assert await status(browser) == 200
    home.clock.advance(300)
    assert await status(browser) == 401


async def test_what_a_page_does_by_itself_keeps_no_session_alive(home: House) -> None:
    browser = await home.client(Role.THERAPIST)
    home.clock.advance(IDLE - 1)
    assert await status(browser, x_background="1") == 200
    home.clock.advance(1)
    assert await status(browser, x_background="1") == 401


async def test_a_stolen_cookie_works_elsewhere_until_it_is_revoked(home: House) -> None:
    browser = await home.client(Role.THERAPIST)
    thief = home.anonymous(address="192.0.2.66")
    await home.person(Role.ADMINISTRATOR)
    thief.cookies = browser.cookies
    assert await status(thief) == 200
    account = home.security.books.accounts.get("p00")
    assert account is not None
    await home.security.books.sessions.end_of(account.name)
    assert await status(thief) == 401
    assert await status(browser) == 401


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + "x", lambda _: "", str.upper])
async def test_an_altered_cookie_is_refused(home: House, change: object) -> None:
    browser = await home.client(Role.THERAPIST)
    assert callable(change)
    secret = change(browser.cookies["isogate"])
    altered = await home.anonymous().get(DEVICES, headers={"cookie": f"isogate={secret}"})
    assert altered.status_code == 401


async def test_signing_out_ends_the_session_and_says_so_in_the_audit(home: House) -> None:
    browser = await home.client(Role.THERAPIST)
    page = (await browser.get("/account")).text
    token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
    cookie = browser.cookies["isogate"]
    done = await browser.post("/sign-out", data={"csrf": token})
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
    assert home.audit.entries[-1].action == "session.close"
    again = await home.anonymous().get(DEVICES, headers={"cookie": f"isogate={cookie}"})
    assert again.status_code == 401


async def test_a_changed_password_ends_all_other_sessions(home: House) -> None:
    account = await home.person(Role.THERAPIST, name="wang")
    admit = home.security.sign_in.admit
    secrets = [await admit(account, "192.0.2.1", "") for _ in range(3)]
    sessions = home.security.books.sessions
    kept = sessions.find(secrets[0])
    assert kept is not None
    await home.security.own.change_password(
        account, PASSWORD, "four blind mice", "four blind mice", session=kept.id, address=""
    )
    assert [sessions.find(each) is not None for each in secrets] == [True, False, False]


async def test_an_account_has_a_bounded_number_of_sessions(home: House) -> None:
    account = await home.person(Role.THERAPIST)
    first = await home.security.sign_in.admit(account, "", "")
    home.clock.advance(1)
    for _ in range(20):
        await home.security.sign_in.admit(account, "", "")
    assert home.security.books.sessions.find(first) is None
    assert len(home.security.books.sessions.of(account.name)) == 20


async def test_sweeping_ends_the_expired_and_keeps_when_the_others_were_seen(
    tmp_path: Path,
) -> None:
    options = AccountsOptions(idle=IDLE, longest=LONGEST)
    async with house(tmp_path, options=options) as home:
        old = await home.security.sign_in.admit(await home.person(Role.THERAPIST), "", "")
        home.clock.advance(IDLE / 2)
        account = await home.person(Role.THERAPIST)
        new = await home.security.sign_in.admit(account, "", "")
        home.clock.advance(IDLE / 2)
        session = home.security.books.sessions.find(new)
        assert session is not None
        home.security.books.sessions.touch(session)
        seen = session.seen_at
        await home.security.books.sweep()
    async with house(tmp_path, options=options) as home:
        sessions = home.security.books.sessions
        assert [each.seen_at for each in sessions.of(account.name)] == [seen]
        assert sessions.of("p00") == []
        assert sessions.find(old) is None


async def test_other_rights_hold_from_the_next_request_on(home: House) -> None:
    browser = await home.client(Role.LABORATORY)
    assert (await browser.get("/api/v1/results")).status_code == 200
    await home.security.staff.change(
        OVER_SOCKET, "p00", display="", roles=[Role.FACILITIES], departments=[]
    )
    assert (await browser.get("/api/v1/results")).status_code == 403


async def test_a_locked_account_is_out_at_once(home: House) -> None:
    browser = await home.client(Role.LABORATORY)
    await home.security.staff.lock(OVER_SOCKET, "p00", "left the hospital")
    assert await status(browser) == 401


async def test_over_tls_the_cookie_is_held_to_this_host(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    fields = {"name": "wang", "password": PASSWORD}
    plain = await home.anonymous().post("/sign-in", data=fields)
    assert "isogate=" in plain.headers["set-cookie"]
    assert "httponly" in plain.headers["set-cookie"].lower()
    assert "samesite=strict" in plain.headers["set-cookie"].lower()
    secure = await home.anonymous("https").post("/sign-in", data=fields)
    cookie = secure.headers["set-cookie"]
    assert cookie.startswith("__Host-isogate=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()
    plain_cookie_over_tls = home.anonymous("https")
    plain_cookie_over_tls.cookies.set("isogate", secure.cookies["__Host-isogate"])
    assert await status(plain_cookie_over_tls) == 401
