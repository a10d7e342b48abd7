"""What is kept of accounts: the stores that signing in, staff and guard share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pwdlib.hashers.argon2 import Argon2Hasher

from gateway.model import Clock
from gateway.room import Auditor, RoomContext
from gateway.security.account import Account, Accounts
from gateway.security.invitation import Invitations
from gateway.security.options import AccountsOptions
from gateway.security.password import Passwords
from gateway.security.session import Sessions
from gateway.security.streams import Streams
from gateway.security.token import Tokens


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
            yield cls(
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

    def owner(self, session: str) -> Account | None:
        """Whose session it is."""
        found = self.sessions.get(session)
        return self.accounts.get(found.account) if found is not None else None

    async def sweep(self) -> None:
        """End what has expired; put on disk when sessions and tokens were last used."""
        await self.sessions.sweep()
        await self.tokens.sweep()
