from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.security.roles import Role
from gateway.web import OverSocket
from tests.accounts import PASSWORD, House, house


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def owner(home: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(OverSocket(home.app))
    async with httpx.AsyncClient(transport=transport, base_url="http://isogate/api/v1") as client:
        yield client


async def test_the_owner_makes_locks_and_opens_an_account(
    home: House, owner: httpx.AsyncClient
) -> None:
    made = await owner.post("/accounts", json={"name": "wang", "roles": ["therapist"]})
    assert made.status_code == 201
    answer = made.json()
    assert answer["link"].endswith(f"/set-up#{answer['code']}")
    await home.security.own.set_up(answer["code"], PASSWORD, PASSWORD)
    locked = (await owner.post("/accounts/wang/lock", json={"why": "left"})).json()
    assert (locked["locked"], locked["set_up"]) == ("left", True)
    assert (await owner.post("/accounts/wang/unlock")).json()["locked"] is None
    assert (await owner.post("/accounts/wang/reset-totp")).json()["second_factor"] is False
    (listed,) = (await owner.get("/accounts")).json()
    assert (listed["name"], listed["roles"]) == ("wang", ["therapist"])
    assert (await owner.post("/accounts/li/unlock")).status_code == 404
    assert "password" not in str(listed)


async def test_a_new_link_voids_the_one_before(home: House, owner: httpx.AsyncClient) -> None:
    first = (await owner.post("/set-up-link")).json()["code"]
    second = (await owner.post("/set-up-link")).json()["code"]
    assert await home.security.books.invitations.find(first) is None
    await home.security.own.set_up(second, PASSWORD, PASSWORD, name="boss")
    assert (await owner.post("/set-up-link")).status_code == 422
    again = (await owner.post("/accounts/boss/set-up-link")).json()["code"]
    await home.security.own.set_up(again, "four blind mice", "four blind mice")


async def test_the_owner_gives_and_takes_tokens(home: House, owner: httpx.AsyncClient) -> None:
    body = {"name": "ris", "permissions": ["site.read"], "scope": "link:bus", "days": 1}
    given = await owner.post("/tokens", json=body)
    assert given.status_code == 201
    program = home.anonymous()
    program.headers["authorization"] = f"bearer {given.json()['token']}"
    assert (await program.get("/api/v1/devices")).status_code == 200
    (listed,) = (await owner.get("/tokens")).json()
    assert (listed["valid"], listed["scope"], listed["used_at"] is not None) == (
        True,
        "link:bus",
        True,
    )
    home.clock.advance(86_400)
    assert (await program.get("/api/v1/devices")).status_code == 401
    assert (await owner.get("/tokens")).json()[0]["valid"] is False
    assert (await owner.post("/tokens/ris/revoke")).json()["revoked_at"] is not None
    assert (await owner.post("/tokens/none/revoke")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "ris", "permissions": ["everything"]},
        {"name": "ris", "permissions": ["site.read"], "more": 1},
        {"name": "ris", "permissions": ["site.read"], "days": "many"},
        [],
    ],
)
async def test_a_wrong_body_is_told(owner: httpx.AsyncClient, body: object) -> None:
    refused = await owner.post("/tokens", json=body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_token_can_not_make_accounts(home: House) -> None:
    program = await home.program("settings.read", "site.read")
    made = await program.post("/api/v1/accounts", json={"name": "x", "roles": ["therapist"]})
    assert made.status_code == 403
    administrator = await home.client(Role.ADMINISTRATOR)
    assert (await administrator.get("/api/v1/accounts")).status_code == 200
