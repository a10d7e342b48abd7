"""Signing in with a password, and where needed a one-time code."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.model import Instant
from gateway.room import NOBODY, Outcome, Principal, texts
from gateway.security import totp
from gateway.security.account import Account
from gateway.security.books import Books
from gateway.security.gatekeeper import network
from gateway.security.password import Overloaded
from gateway.security.throttle import Throttle
from gateway.web import Refusal

_HOUR = 3600


class NotSignedIn(Refusal):
    """`wait` is the seconds after which it may be tried again."""

    def __init__(self, status: int, why: str, wait: int = 0) -> None:
        headers = {"retry-after": str(wait)} if wait else None
        super().__init__(
            status,
            "Not signed in",
            why,
            "Check name, password and code, and try again.",
            headers=headers,
            seconds=wait,
        )
        self.wait = wait


class _NotProven(Exception):  # noqa: N818 - never leaves this module
    """Says in the audit's words why."""


WRONG, WAIT, BUSY = texts(
    "Name, password or one-time code is wrong.",
    "There were too many attempts. Wait {seconds} seconds and try again.",
    "Too many people are signing in at this moment. Try again.",
)
"""WRONG is the one answer to whatever is wrong: it tells nobody which accounts exist."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody typed. `code` may be a recovery code, or empty."""

    name: str
    password: str
    code: str
    address: str
    agent: str


class SignIn:
    """Checks attempts; each failure delays the next of the same account and the same address."""

    def __init__(self, books: Books) -> None:
        self._accounts, self._sessions = books.accounts, books.sessions
        self._passwords, self._audit, self._clock = books.passwords, books.audit, books.clock
        self._names = Throttle(books.clock, free=4, first=2, longest=_HOUR // 4)
        self._networks = Throttle(books.clock, free=30, first=2, longest=_HOUR // 4)

    async def __call__(self, attempt: Attempt) -> tuple[Account, str]:
        """The account and the secret of its new session; NotSignedIn if it may not be."""
        asked = self._clock.now()
        name = attempt.name.strip().casefold()
        await self._check_delay(name, attempt.address)
        account = self._accounts.get(name)
        try:
            right = await self._passwords.matches(
                attempt.password, account.password if account else ""
            )
        except Overloaded:
            raise NotSignedIn(503, BUSY, 2) from None
        if account is None:
            raise await self._failed(name, attempt, NOBODY, "no such account")
        if not right:
            raise await self._failed(name, attempt, account.principal, "wrong password")
        try:
            admitted = await self._accounts.change(
                name, lambda now: self._proven(now, attempt.code, asked)
            )
        except _NotProven as reason:
            raise await self._failed(name, attempt, account.principal, str(reason)) from None
        self._names.forget(name)
        return admitted, await self.admit(admitted, attempt.address, attempt.agent)

    async def admit(self, account: Account, address: str, agent: str) -> str:
        """The secret of a session for somebody who has shown who they are."""
        await self._audit.record("session.open", account.principal, address=address)
        return await self._sessions.open(account.name, address, agent)

    def forgive(self, name: str) -> None:
        """Let an account be tried again at once."""
        self._names.forget(name)

    async def _check_delay(self, name: str, address: str) -> None:
        wait = max(self._names.closed_for(name), self._networks.closed_for(network(address)))
        if wait:
            raise NotSignedIn(429, WAIT, wait)

    async def _failed(
        self, name: str, attempt: Attempt, who: Principal, reason: str
    ) -> NotSignedIn:
        self._networks.failed(network(attempt.address))
        self._names.failed(name)
        await self._audit.record(
            "session.open", who, outcome=Outcome.REFUSED, detail=reason, address=attempt.address
        )
        return NotSignedIn(401, WRONG)

    def _proven(self, account: Account, code: str, asked: Instant) -> Account:
        """The account with its code used up; _NotProven if it is closed or the code is none.

        A code is that of the moment of asking: passwords wait for their turn to be checked.
        """
        if account.locked:
            raise _NotProven("the account is locked")
        account = replace(account, signed_in_at=self._clock.now())
        if not account.totp:
            return account
        step = totp.accepted_step(account.totp, code, asked, account.totp_step)
        if step is not None:
            return replace(account, totp_step=step)
        recovery = totp.without(account.recovery, code)
        if recovery is None:
            raise _NotProven("wrong one-time code")
        return replace(account, recovery=recovery)
