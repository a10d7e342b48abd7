"""What is revoked or ended while the disk refuses is refused, and is not valid after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from gateway.errors import StoreError
from gateway.room import OWNER, Permission, Principal, RoomTables
from gateway.security import Security
from gateway.security.account import Account
from gateway.security.roles import Role
from gateway.security.room import glance_of
from gateway.testing import ManualClock, MemoryAuditor
from gateway.web.caller import OVER_SOCKET
from tests.accounts import House, house, security_in

NAME = "leaked"


class Disk:
    """Tables that refuse while they are told to."""

    def __init__(self) -> None:
        self.refuses = False

    def before(self, tables: RoomTables) -> RoomTables:
        self._tables = tables
        return self

    @asynccontextmanager
    async def use(self) -> AsyncIterator[BaseDBAsyncClient]:
        if self.refuses:
            raise StoreError("the tables can't be used: database or disk is full")
        async with self._tables.use() as connection:
            yield connection


@pytest.fixture
def disk() -> Disk:
    return Disk()


@asynccontextmanager
async def opened(folder: Path, disk: Disk) -> AsyncIterator[tuple[Security, MemoryAuditor]]:
    audit = MemoryAuditor()
    async with security_in(folder, ManualClock(), audit, behind=disk.before) as (security, _):
        yield security, audit


async def leaked(security: Security) -> str:
    return await security.issue.give(OVER_SOCKET, NAME, [Permission.READ_RESULTS])


async def signed_in(security: Security) -> tuple[Account, str]:
    link = await security.staff.create(OVER_SOCKET, "li.wei", "Li", [Role.PHYSICIST])
    account = await security.own.set_up(link, "three blind mice", "three blind mice")
    return account, await security.sign_in.admit(account, "10.1.1.1", "a browser")


async def test_a_token_is_refused_at_once_and_its_error_stays_until_it_is_on_disk(
    tmp_path: Path, disk: Disk
) -> None:
    async with opened(tmp_path, disk) as (security, audit):
        secret = await leaked(security)
        disk.refuses = True
        for _ in range(2):
            with pytest.raises(StoreError, match="not yet on disk"):
                await security.issue.revoke(OVER_SOCKET, NAME)
            assert security.books.tokens.find(secret) is None
            assert security.books.unwritten() == 1
        disk.refuses = False
        await security.issue.revoke(OVER_SOCKET, NAME)
        assert security.books.unwritten() == 0
        assert [each.action for each in audit.entries].count("token.revoke") == 1
    async with opened(tmp_path, disk) as (security, _):
        assert security.books.tokens.find(secret) is None


async def test_the_sweep_writes_what_was_revoked_and_ended(tmp_path: Path, disk: Disk) -> None:
    async with opened(tmp_path, disk) as (security, _):
        token = await leaked(security)
        account, session = await signed_in(security)
        disk.refuses = True
        with pytest.raises(StoreError):
            await security.issue.revoke(OVER_SOCKET, NAME)
        with pytest.raises(StoreError):
            await security.staff.sign_out(OVER_SOCKET, account.name)
        assert security.books.sessions.find(session) is None
        with pytest.raises(StoreError):
            await security.books.sweep()
        assert security.books.unwritten() == 2
        disk.refuses = False
        await security.books.sweep()
        assert security.books.unwritten() == 0
    async with opened(tmp_path, disk) as (security, _):
        assert security.books.tokens.find(token) is None
        assert security.books.sessions.find(session) is None


async def test_signing_out_again_writes_it(tmp_path: Path, disk: Disk) -> None:
    async with opened(tmp_path, disk) as (security, _):
        account, session = await signed_in(security)
        disk.refuses = True
        for _ in range(2):
            with pytest.raises(StoreError):
                await security.staff.sign_out(OVER_SOCKET, account.name)
        disk.refuses = False
        await security.staff.sign_out(OVER_SOCKET, account.name)
        assert security.books.unwritten() == 0
    async with opened(tmp_path, disk) as (security, _):
        assert security.books.sessions.find(session) is None


async def test_a_stop_writes_what_is_over(tmp_path: Path, disk: Disk) -> None:
    async with opened(tmp_path, disk) as (security, _):
        secret = await leaked(security)
        disk.refuses = True
        with pytest.raises(StoreError):
            await security.issue.revoke(OVER_SOCKET, NAME)
        disk.refuses = False
    async with opened(tmp_path, disk) as (security, _):
        assert security.books.tokens.find(secret) is None


async def test_a_stop_that_can_not_write_says_what_will_be_valid(
    tmp_path: Path, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path, disk) as (security, _):
        await leaked(security)
        disk.refuses = True
        with pytest.raises(StoreError):
            await security.issue.revoke(OVER_SOCKET, NAME)
    assert "valid after a restart" in caplog.text


async def test_when_a_token_was_used_is_kept_until_it_is_written(
    tmp_path: Path, disk: Disk
) -> None:
    async with opened(tmp_path, disk) as (security, _):
        secret = await leaked(security)
        security.books.tokens.find(secret)
        disk.refuses = True
        with pytest.raises(StoreError):
            await security.books.sweep()
        disk.refuses = False
        await security.books.sweep()
    async with opened(tmp_path, disk) as (security, _):
        assert security.books.tokens.all()[0].used_at is not None


async def test_administrators_see_it_on_the_overview_and_can_revoke_again(
    tmp_path: Path, disk: Disk
) -> None:
    async with house(tmp_path, behind=disk.before) as home:
        await leaked(home.security)
        browser = await home.client(Role.ADMINISTRATOR)
        disk.refuses = True
        answer = await post(browser, f"/settings/tokens/{NAME}/revoke")
        assert answer.status_code == 503
        assert "valid again after a restart" in said(home, OWNER)
        assert said(home, Principal("person:x", "x", frozenset())) == ""
        assert "not on disk yet" in (await browser.get("/settings/tokens?lang=en")).text
        disk.refuses = False
        assert (await post(browser, f"/settings/tokens/{NAME}/revoke")).status_code == 303
        assert said(home, OWNER) == ""
        assert "not on disk yet" not in (await browser.get("/settings/tokens?lang=en")).text


async def post(browser: httpx.AsyncClient, path: str) -> httpx.Response:
    token = form_token((await browser.get("/settings/tokens")).text)
    return await browser.post(path, data={"csrf": token})


def form_token(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def said(home: House, who: Principal) -> str:
    return " ".join(str(each.why) for each in glance_of(home.security, who).attention)
