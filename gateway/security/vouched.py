"""Accounts of persons whom the hospital's own sign-in vouches for."""

from __future__ import annotations

from dataclasses import replace

from gateway.errors import IsogateError
from gateway.security.account import Account
from gateway.security.books import Books
from gateway.security.oidc import Person, account_name, distinct
from gateway.security.roles import Role


class NotVouched(IsogateError):  # noqa: N818 - a decision, not an error
    """The person may not come in; why, for the audit."""


class Vouched:
    """Makes an account at the first sign-in, and lets its rights follow the provider at each."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def __call__(self, person: Person) -> Account:
        """The person's account as it is now.

        NotVouched if there is no role, or no department where the provider names these, or if the
        account is locked.
        """
        if not person.roles:
            raise NotVouched(f"{person.identity} has none of the roles")
        departments = person.departments
        if departments is None:
            raise NotVouched(f"{person.identity} has no department")
        accounts = self._books.accounts
        known = accounts.external(person.identity)
        if known is None:
            known = self._new(person, departments)
            await self._note("account.create", known)
            await accounts.add(known)
        if known.locked:
            raise NotVouched(f"the account {known.name} is locked")
        now = self._books.clock.now()
        changed = await accounts.change(
            known.name,
            lambda was: replace(_as_vouched(was, person, departments), signed_in_at=now),
        )
        if changed.principal != known.principal:
            await self._note("account.change", changed)
            for session in self._books.sessions.of(known.name):
                self._books.streams.end(session.id)
        return changed

    def _new(self, person: Person, departments: frozenset[str]) -> Account:
        """A name that somebody else has already is told apart: it never leads to their account."""
        name = account_name(person)
        if self._books.accounts.get(name) is not None:
            name = f"{name}-{distinct(person)}"
        made = Account(name, name, frozenset(), self._books.clock.now(), external=person.identity)
        return _as_vouched(made, person, departments)

    async def _note(self, action: str, account: Account) -> None:
        roles = ", ".join(sorted(account.roles))
        departments = ", ".join(sorted(account.departments)) or "all"
        await self._books.audit.record(
            action,
            account.principal,
            objects={"account": account.name},
            detail=f"oidc; roles: {roles}; departments: {departments}",
        )


def _as_vouched(account: Account, person: Person, departments: frozenset[str]) -> Account:
    display = " ".join(person.display.split())[:120] or account.name
    return replace(
        account,
        display=display if display.isprintable() else account.name,
        roles=frozenset(Role(role) for role in person.roles),
        departments=departments,
    )
