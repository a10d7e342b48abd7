"""What is kept of accounts: the stores that signing in, staff and guard share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pwdlib.hashers.argon2 import Argon2Hasher

from gateway.errors import StoreError
from gateway.model import Clock
from gateway.room import Auditor, RoomContext
from gateway.security.account import Account, Accounts
from gateway.security.invitation import Invitations
from gateway.security.options import AccountsOptions
from gateway.security.password import Passwords
from gateway.security.session import Sessions
from gateway.security.streams import Streams
from gateway.security.token import Tokens

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Books:
    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    invitations: Invitations
    passwords: Passwords
    streams: Streams
    audit: Auditor
    clock: Clock
    options: AccountsOptions

    @classmethod
    @asynccontextmanager
    async def open(
        cls, context: RoomContext, hasher: Argon2Hasher | None = None
    ) -> AsyncIterator[Books]:
        """Read everything; `hasher` is the recommended one unless given."""
        tables, clock, options = context.tables, context.clock, context.section
        streams = Streams()
        async with Passwords.open(hasher) as passwords, AsyncExitStack() as stack:
            accounts = await Accounts.load(tables, context.ring)
            stack.enter_context(context.ring.used_by(accounts))
            books = cls(
                accounts,
                await Sessions.load(tables, clock, options, streams.end),
                await Tokens.load(tables, clock, streams.end),
                Invitations(tables, clock),
                passwords,
                streams,
                context.audit,
                clock,
                options,
            )
            try:
                yield books
            finally:
                await books._settle()

    def owner(self, session: str) -> Account | None:
        """Whose session it is."""
        found = self.sessions.get(session)
        return self.accounts.get(found.account) if found is not None else None

    def unwritten(self) -> int:
        """How many sessions and tokens are over that would be valid again after a restart."""
        return len(self.sessions.unwritten()) + len(self.tokens.unwritten())

    async def sweep(self) -> None:
        """End what has expired, and write what is not on disk yet.

        That is what ended or was revoked, and when sessions and tokens were last used.
        """
        try:
            await self.sessions.sweep()
        finally:
            await self.tokens.sweep()

    async def _settle(self) -> None:
        """Before a stop: what is over must not be valid after it."""
        if not self.unwritten():
            return
        try:
            await self.sweep()
        except StoreError as error:
            log.error(  # noqa: TRY400 - what it says is all there is to know
                "%d sessions and tokens that are over could not be written, and are valid after a"
                " restart: revoke them again, and end all sessions of their accounts: %s",
                self.unwritten(),
                error,
            )
