"""What people do with their own account. Each act is in the audit."""

from __future__ import annotations

from dataclasses import replace

from gateway.security import totp
from gateway.security.account import Account, is_name
from gateway.security.books import Books
from gateway.security.invalid import Invalid
from gateway.security.invitation import FIRST, Invitation
from gateway.security.password import Overloaded, weakness
from gateway.security.roles import Role
from gateway.security.throttle import Throttle
from gateway.web import Refusal

_ENROLMENTS = 1000


class Own:
    """Every method may raise Invalid, which names the field, or StoreError."""

    def __init__(self, books: Books) -> None:
        self._accounts, self._sessions = books.accounts, books.sessions
        self._invitations, self._passwords = books.invitations, books.passwords
        self._audit, self._clock = books.audit, books.clock
        self._enrolling: dict[str, str] = {}
        self._checks = Throttle[str](books.clock, free=4, first=2, longest=900)

    async def invited(self, code: str) -> Invitation:
        """What a set-up link is for; Invalid if it is void."""
        found = await self._invitations.find(code)
        gone = found is not None and found.account != FIRST
        if found is None or (gone and self._accounts.get(found.account) is None):
            raise Invalid("code", "This link is not, or no longer, valid: ask for a new one.")
        if found.account == FIRST and self._accounts.administrators():
            raise Invalid("code", "There is an administrator already: ask for an account.")
        return found

    async def set_up(
        self, code: str, password: str, again: str, *, name: str = "", address: str = ""
    ) -> Account:
        """Use a set-up link: its account, which it makes if it is the first, has this password."""
        invitation = await self.invited(code)
        first = invitation.account == FIRST
        name = name.strip() if first else invitation.account
        if first and (not is_name(name) or self._accounts.get(name) is not None):
            raise Invalid(
                "name", "Use 2 to 40 lower-case letters, digits, dots or dashes, e.g. li.wei."
            )
        hashed = await self._hashed(name, password, again)
        if not await self._invitations.use(invitation):
            raise Invalid("code", "This link is not, or no longer, valid: ask for a new one.")
        now = self._clock.now()
        if first:
            await self._accounts.add(Account(name, name, frozenset({Role.ADMINISTRATOR}), now))
        account = await self._accounts.change(
            name, lambda was: replace(was, password=hashed, password_at=now)
        )
        await self._sessions.end_of(name)
        await self._note("account.set-up", account, address)
        return account

    async def change_password(
        self, account: Account, old: str, password: str, again: str, *, session: str, address: str
    ) -> None:
        """Choose another password; all other sessions end."""
        await self._check_password(account, old, "old")
        hashed = await self._hashed(account.name, password, again)
        await self._note("password.change", account, address)
        now = self._clock.now()
        await self._accounts.change(
            account.name, lambda was: replace(was, password=hashed, password_at=now)
        )
        await self._sessions.end_of(account.name, but=session)

    def enrolment(self, session: str) -> str:
        """The secret that a session is about to set up; the same until it did."""
        if session not in self._enrolling:
            while len(self._enrolling) >= _ENROLMENTS:
                del self._enrolling[next(iter(self._enrolling))]
            self._enrolling[session] = totp.new_totp()
        return self._enrolling[session]

    async def enrol(
        self, account: Account, code: str, password: str, *, session: str, address: str
    ) -> tuple[str, ...]:
        """Begin to use the second factor of `enrolment`; recovery codes, shown this once.

        A code proves that the app has it, the password that its owner is there. It is the code
        of the moment of asking, however long the password's turn takes.
        """
        asked = self._clock.now()
        if account.external:
            raise Invalid("code", "This account signs in with the hospital's own sign-in.")
        secret = self.enrolment(session)
        if account.password:
            await self._check_password(account, password, "password")
        step = totp.accepted_step(secret, code, asked, 0)
        if step is None:
            raise Invalid("code", "This is not the code of this moment: check the phone's clock.")
        codes, kept = totp.new_recovery_codes()
        await self._note("totp.enrol", account, address)
        await self._accounts.change(
            account.name,
            lambda was: replace(was, totp=secret, totp_step=step, recovery=kept),
        )
        self._enrolling.pop(session, None)
        await self._sessions.end_of(account.name, but=session)
        return codes

    async def give_up_totp(self, account: Account, password: str, *, address: str) -> None:
        """Sign in by password alone from now on; an administrator can't."""
        if Role.ADMINISTRATOR in account.roles:
            raise Invalid("password", "An administrator's account needs the second factor.")
        await self._check_password(account, password, "password")
        await self._note("totp.remove", account, address)
        await self._accounts.change(
            account.name, lambda was: replace(was, totp="", totp_step=0, recovery=())
        )

    async def sign_out(self, account: Account, *sessions: str, address: str) -> None:
        """End these sessions of the account."""
        own = {each.id for each in self._sessions.of(account.name)}
        await self._note("session.close", account, address)
        await self._sessions.end(*(own & set(sessions)))

    async def _check_password(self, account: Account, password: str, field: str) -> None:
        wait = self._checks.closed_for(account.name)
        if wait:
            raise Invalid(
                field,
                "There were too many attempts. Wait {seconds} seconds and try again.",
                seconds=wait,
            )
        try:
            right = await self._passwords.matches(password, account.password)
        except Overloaded:
            raise _busy() from None
        if not right:
            self._checks.failed(account.name)
            raise Invalid(field, "This is not the password of this account.")
        self._checks.forget(account.name)

    async def _hashed(self, name: str, password: str, again: str) -> str:
        fault = weakness(password, name)
        if fault is not None:
            raise Invalid("new", fault.text)
        if password != again:
            raise Invalid("again", "The two are not the same.")
        try:
            return await self._passwords.hash(password)
        except Overloaded:
            raise _busy() from None

    async def _note(self, action: str, account: Account, address: str) -> None:
        await self._audit.record(
            action, account.principal, objects={"account": account.name}, address=address
        )


def _busy() -> Refusal:
    return Refusal(
        503, "Busy", "Too many passwords are being checked.", "Wait a few seconds and try again."
    )
