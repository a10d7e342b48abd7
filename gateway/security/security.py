"""Everything about accounts, open together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pwdlib.hashers.argon2 import Argon2Hasher

from gateway.errors import StoreError
from gateway.room import RoomContext
from gateway.security.books import Books
from gateway.security.gatekeeper import Gatekeeper
from gateway.security.invitation import FIRST
from gateway.security.issue import Issue
from gateway.security.oidc import Provider
from gateway.security.own import Own
from gateway.security.sign_in import SignIn
from gateway.security.staff import Staff
from gateway.security.vouched import Vouched

log = logging.getLogger(__name__)

_SWEEP = 5.0


@dataclass(slots=True)
class Front:
    """Where people reach the pages, as soon as that is known; with a slash at its end.

    `plain` says why others are served without TLS, or is empty.
    """

    url: str = "/"
    plain: str = ""

    def link(self, code: str) -> str:
        """A set-up link. Browsers send its fragment to nobody."""
        return f"{self.url}set-up#{code}"


@dataclass(frozen=True, slots=True)
class Security:
    """Everything about accounts; the rooms and the app ask for it."""

    books: Books
    gate: Gatekeeper
    sign_in: SignIn
    staff: Staff
    own: Own
    issue: Issue
    vouched: Vouched
    provider: Provider | None
    front: Front = field(default_factory=Front)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, context: RoomContext, hasher: Argon2Hasher | None = None
    ) -> AsyncIterator[Security]:
        """`hasher` is the recommended one unless given."""
        async with (
            Books.open(context, hasher) as books,
            Provider.open(context.section.oidc, context.clock) as provider,
        ):
            sign_in = SignIn(books)
            yield cls(
                books,
                Gatekeeper(books),
                sign_in,
                Staff(books, sign_in),
                Own(books),
                Issue(books),
                Vouched(books),
                provider,
            )

    async def first_link(self) -> str:
        """The code with which the first administrator is made; empty if there is one."""
        if self.books.accounts.administrators():
            return ""
        return await self.books.invitations.make(FIRST, "owner")

    async def sweep(self) -> None:
        """Until cancelled: end what has expired. A store that refuses is tried again."""
        while True:
            await asyncio.sleep(_SWEEP)
            try:
                await self.books.sweep()
            except StoreError as error:
                log.warning("Sessions could not be tidied up and are again soon: %s", error)
