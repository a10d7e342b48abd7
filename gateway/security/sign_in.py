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
from gateway.security.places import Places
from gateway.security.throttle import Throttle
from gateway.web import Refusal

_QUARTER, _FIVE_MINUTES = 900, 300
_LONGEST_KEY = 64
"""More than a name has: what is longer is nobody's, and need not be kept as it is."""


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
    """Checks attempts; failures delay the next ones.

    First those of the same name from the same network, then all from that network, and last, and
    for a shorter time, that name from networks where it never signed in. So a stranger can't keep
    a person out of where they work, and many addresses together guess little more than one.
    """

    def __init__(self, books: Books) -> None:
        self._accounts, self._sessions = books.accounts, books.sessions
        self._passwords, self._audit, self._clock = books.passwords, books.audit, books.clock
        clock = books.clock
        self._pairs = Throttle[tuple[str, str]](clock, free=4, first=2, longest=_QUARTER)
        self._networks = Throttle[str](clock, free=30, first=2, longest=_QUARTER, forgets=_QUARTER)
        self._names = Throttle[str](clock, free=20, first=2, longest=_FIVE_MINUTES)
        self._places = Places()
        for session in books.sessions.all():
            self._places.note(session.account, network(session.address))

    async def __call__(self, attempt: Attempt) -> tuple[Account, str]:
        """The account and the secret of its new session; NotSignedIn if it may not be."""
        asked = self._clock.now()
        name, place = attempt.name.strip().casefold(), network(attempt.address)
        self._check_delay(name, place)
        # Counted before the password's turn: what is asked at once must not all be free.
        self._count(name, place)
        account = self._accounts.get(name)
        try:
            right = await self._passwords.matches(
                attempt.password, account.password if account else ""
            )
        except Overloaded:
            self._take_back(name, place, 1)
            raise NotSignedIn(503, BUSY, 2) from None
        if account is None:
            raise await self._failed(attempt, NOBODY, "no such account")
        if not right:
            raise await self._failed(attempt, account.principal, "wrong password")
        try:
            admitted = await self._accounts.change(
                name, lambda now: self._proven(now, attempt.code, asked)
            )
        except _NotProven as reason:
            raise await self._failed(attempt, account.principal, str(reason)) from None
        self._take_back(name, place, self._pairs.failures((_key(name), place)))
        return admitted, await self.admit(admitted, attempt.address, attempt.agent)

    async def admit(self, account: Account, address: str, agent: str) -> str:
        """The secret of a session for somebody who has shown who they are."""
        await self._audit.record("session.open", account.principal, address=address)
        secret = await self._sessions.open(account.name, address, agent)
        self._places.note(account.name, network(address))
        return secret

    def forgive(self, name: str) -> None:
        """Let an account be tried again at once."""
        self._names.forget(_key(name))
        self._pairs.forget_all(lambda pair: pair[0] == _key(name))

    def _check_delay(self, name: str, place: str) -> None:
        known = self._places.know(name, place)
        wait = max(
            self._pairs.closed_for((_key(name), place)),
            self._networks.closed_for(place),
            0 if known else self._names.closed_for(_key(name)),
        )
        if wait:
            raise NotSignedIn(429, WAIT, wait)

    def _count(self, name: str, place: str) -> None:
        self._pairs.failed((_key(name), place))
        self._networks.failed(place)
        self._names.failed(_key(name))

    def _take_back(self, name: str, place: str, count: int) -> None:
        """Failures of a name from a network were its person's own: they count nowhere."""
        self._pairs.take_back((_key(name), place), count)
        self._networks.take_back(place, count)
        self._names.take_back(_key(name), count)

    async def _failed(self, attempt: Attempt, who: Principal, reason: str) -> NotSignedIn:
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


def _key(name: str) -> str:
    """What a name is counted under."""
    return name[:_LONGEST_KEY]
