"""People who are signed in, for tests of what a role may see and do."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.routing import BaseRoute

from gateway.api import Application, open_app
from gateway.console import Console
from gateway.model import Instant
from gateway.room import RoomContext, RoomTables
from gateway.seal import Keyring
from gateway.security import Security
from gateway.security import room as accounts_room
from gateway.security.account import Account
from gateway.security.control import Control
from gateway.security.options import AccountsOptions
from gateway.security.pages import routes
from gateway.security.roles import Role
from gateway.security.room import TABLES
from gateway.security.totp import code_at
from gateway.store.relational import Tables
from gateway.testing import ManualClock, MemoryAuditor, room_context
from gateway.testing.room import MemoryRoomPorts
from gateway.web.caller import OVER_SOCKET
from tests.unit.api.memory_site import MemorySite, furnished

PASSWORD = "three blind mice"  # noqa: S105 - of people who do not exist
STEP = 30_000_000
CHEAP = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2id that costs nothing: its parameters are not what these tests are about."""


@dataclass
class House:
    """A site with its accounts, and the application that serves both."""

    site: MemorySite
    security: Security
    app: Application
    audit: MemoryAuditor
    clock: ManualClock
    stack: AsyncExitStack
    names: Iterable[str] = field(default_factory=lambda: (f"p{n:02}" for n in itertools.count()))

    async def client(
        self,
        *roles: Role,
        departments: Iterable[str] = (),
        scheme: str = "http",
        address: str = "127.0.0.1",
    ) -> httpx.AsyncClient:
        """A browser whose person is signed in; without roles nobody is."""
        browser = self.anonymous(scheme, address)
        if roles:
            account = await self.person(*roles, departments=departments)
            secret = await self.security.sign_in.admit(account, address, "a browser")
            name = "__Host-isogate" if scheme == "https" else "isogate"
            browser.cookies.set(name, secret)
        return browser

    def anonymous(self, scheme: str = "http", address: str = "127.0.0.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 40000))
        browser = httpx.AsyncClient(transport=transport, base_url=f"{scheme}://localhost")
        self.stack.push_async_callback(browser.aclose)
        return browser

    async def program(self, *permissions: str) -> httpx.AsyncClient:
        """A program with a token."""
        name = f"token-{next(iter(self.names))}"
        token = await self.security.issue.give(OVER_SOCKET, name, permissions)
        program = self.anonymous()
        program.headers["authorization"] = f"Bearer {token}"
        return program

    async def person(
        self, *roles: Role, name: str = "", departments: Iterable[str] = (), totp: bool = True
    ) -> Account:
        """An account that is set up; an administrator's has its second factor."""
        name = name or next(iter(self.names))
        link = await self.security.staff.create(OVER_SOCKET, name, name, roles, departments)
        account = await self.security.own.set_up(link, PASSWORD, PASSWORD)
        if account.needs_totp and totp:
            secret = self.security.own.enrolment(name)
            before = Instant(self.clock.now() - STEP)
            code = code_at(secret, before)
            await self.security.own.enrol(account, code, PASSWORD, session=name, address="")
        found = self.security.books.accounts.get(name)
        assert found is not None
        return found

    def code(self, account: Account) -> str:
        """The one-time code of this moment."""
        return code_at(account.totp, self.clock.now())


class _Furnished(MemorySite):
    def packages(self) -> tuple[str, ...]:
        return ("gateway.security",)


@asynccontextmanager
async def security_in(
    data: Path,
    clock: ManualClock,
    audit: MemoryAuditor,
    options: AccountsOptions | None = None,
    ring: Keyring | None = None,
    *,
    behind: Callable[[RoomTables], RoomTables] = lambda tables: tables,
) -> AsyncIterator[tuple[Security, RoomContext]]:
    """The accounts in a file under `data`; opened again they are the same.

    `behind` puts something before their tables.
    """
    async with Tables.open(data / "tables.sqlite", clock, {accounts_room.name: TABLES}) as tables:
        context = room_context(
            data,
            MemoryRoomPorts(clock=clock),
            section=options or AccountsOptions(),
            tables=behind(tables),
            audit=audit,
        )
        context = replace(context, ring=ring or context.ring)
        async with Security.open(context, CHEAP) as security:
            yield security, context


@asynccontextmanager
async def house(
    data: Path,
    *,
    options: AccountsOptions | None = None,
    pages: Iterable[BaseRoute] = (),
    names: frozenset[str] = frozenset(),
    ring: Keyring | None = None,
    clock: ManualClock | None = None,
    behind: Callable[[RoomTables], RoomTables] = lambda tables: tables,
) -> AsyncIterator[House]:
    """Two devices, all pages, and nobody who has an account yet."""
    clock, audit = clock or ManualClock(), MemoryAuditor()
    async with AsyncExitStack() as stack:
        security, context = await stack.enter_async_context(
            security_in(data, clock, audit, options, ring, behind=behind)
        )
        site = _Furnished()
        site.registry = furnished().registry
        console = Console(site)
        every = [
            *console.routes(),
            *routes(security, context.site, console.kit),
            *Control(security).routes(),
            *pages,
        ]
        app = await stack.enter_async_context(
            open_app(site, every, console.error_page, gate=security.gate, names=names)
        )
        yield House(site, security, app, audit, clock, stack)
