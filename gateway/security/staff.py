"""What administrators do with accounts. Each act is in the audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.security.account import Account, is_name
from gateway.security.books import Books
from gateway.security.invalid import Invalid
from gateway.security.invitation import FIRST
from gateway.security.roles import Role, conflict
from gateway.security.sign_in import SignIn
from gateway.web import Caller, Refusal
from gateway.web.audited import Audited

_LONGEST_DISPLAY = 120


class Staff:
    """Every method may raise Invalid, which names the field, or StoreError."""

    def __init__(self, books: Books, sign_in: SignIn) -> None:
        self._accounts, self._sessions = books.accounts, books.sessions
        self._invitations, self._streams = books.invitations, books.streams
        self._audited, self._clock = Audited(books.audit), books.clock
        self._sign_in = sign_in

    async def create(
        self,
        caller: Caller,
        name: str,
        display: str,
        roles: Iterable[str],
        departments: Iterable[str] = (),
    ) -> str:
        """The code of the set-up link with which its person chooses a password."""
        name = name.strip()
        if not is_name(name):
            raise Invalid(
                "name", "Use 2 to 40 lower-case letters, digits, dots or dashes, e.g. li.wei."
            )
        if self._accounts.get(name) is not None:
            raise Invalid("name", "There is an account {name} already.", name=name)
        account = Account(
            name,
            _display(display, name),
            _roles(roles),
            self._clock.now(),
            frozenset(departments),
        )
        await self._note("account.create", caller, name, _described(account))
        await self._accounts.add(account)
        return await self._invitations.make(name, caller.principal.id)

    async def change(
        self,
        caller: Caller,
        name: str,
        *,
        display: str,
        roles: Iterable[str],
        departments: Iterable[str],
    ) -> None:
        """Other rights hold from the next request on; streams that go on are begun anew."""
        new_roles, new_departments = _roles(roles), frozenset(departments)
        account = self.known(name)
        if Role.ADMINISTRATOR not in new_roles:
            self._keep_an_administrator(account, "roles")
        changed = replace(
            account,
            display=_display(display, name),
            roles=new_roles,
            departments=new_departments,
        )
        await self._note("account.change", caller, name, _described(changed))
        await self._accounts.change(
            name,
            lambda now: replace(
                now, display=changed.display, roles=new_roles, departments=new_departments
            ),
        )
        for session in self._sessions.of(name):
            self._streams.end(session.id)

    async def lock(self, caller: Caller, name: str, why: str) -> None:
        """Nobody can sign in with it, and who is signed in no longer is."""
        if not why.strip():
            raise Invalid("why", "Say why: whoever unlocks it later will ask.")
        self._keep_an_administrator(self.known(name), "why")
        await self._note("account.lock", caller, name, why)
        await self._accounts.change(name, lambda now: replace(now, locked=why.strip()[:255]))
        await self._sessions.end_of(name)

    async def unlock(self, caller: Caller, name: str) -> None:
        """It can be used again, and the delays after failed attempts are forgotten."""
        self.known(name)
        await self._note("account.unlock", caller, name)
        await self._accounts.change(name, lambda now: replace(now, locked=""))
        self._sign_in.forgive(name)

    async def reset_totp(self, caller: Caller, name: str) -> None:
        """Take the second factor away, for a lost phone; an administrator must set up a new one."""
        self.known(name)
        await self._note("account.reset-totp", caller, name)
        await self._accounts.change(
            name, lambda now: replace(now, totp="", totp_step=0, recovery=())
        )
        await self._sessions.end_of(name)

    async def invite(self, caller: Caller, name: str) -> str:
        """The code of a new set-up link; the password that the account has goes on until then."""
        if name == FIRST:
            if self._accounts.administrators():
                raise Invalid("name", "There is an administrator already: name an account.")
        elif self.known(name).external:
            raise Invalid("name", "This account signs in with the hospital's own sign-in.")
        await self._note("account.invite", caller, name or "the first administrator")
        return await self._invitations.make(name, caller.principal.id)

    async def sign_out(self, caller: Caller, name: str) -> None:
        """End all sessions of an account."""
        self.known(name)
        await self._note("account.sign-out", caller, name)
        await self._sessions.end_of(name)

    def known(self, name: str) -> Account:
        """The account of a name; Refusal 404 if there is none."""
        account = self._accounts.get(name)
        if account is None:
            raise Refusal(
                404,
                "Unknown account",
                "There is no account {name}.",
                "Look its name up among the accounts.",
                name=name,
            )
        return account

    def _keep_an_administrator(self, account: Account, field: str) -> None:
        if [each.name for each in self._accounts.administrators()] == [account.name]:
            raise Invalid(
                field, "This is the only administrator: make another one first, or nobody can."
            )

    async def _note(self, action: str, caller: Caller, name: str, detail: str = "") -> None:
        await self._audited.record(action, caller, objects={"account": name}, detail=detail)


def _roles(names: Iterable[str]) -> frozenset[Role]:
    try:
        roles = frozenset(Role(name) for name in names)
    except ValueError:
        raise Invalid("roles", "Allowed: {roles}.", roles=", ".join(Role)) from None
    if not roles:
        raise Invalid("roles", "Choose at least one role.")
    fault = conflict(roles)
    if fault is not None:
        raise Invalid("roles", fault.text)
    return roles


def _display(text: str, name: str) -> str:
    display = " ".join(text.split()) or name
    if len(display) > _LONGEST_DISPLAY or not display.isprintable():
        raise Invalid("display", "Use at most 120 ordinary characters.")
    return display


def _described(account: Account) -> str:
    roles = ", ".join(sorted(account.roles))
    departments = ", ".join(sorted(account.departments)) or "all"
    return f"roles: {roles}; departments: {departments}"
