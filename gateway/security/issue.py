"""Giving out tokens, and taking them back. Each act is in the audit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.model import Instant
from gateway.room import Permission
from gateway.security.books import Books
from gateway.security.invalid import Invalid
from gateway.security.pairing import Pairings
from gateway.security.token import Token, TokenKind, is_token_name
from gateway.web import Caller, Refusal
from gateway.web.audited import Audited

_DAY = 86_400 * 1_000_000
LONGEST_DAYS = 3650

NEVER = frozenset({Permission.MANAGE_ACCOUNTS, Permission.MANAGE_TOKENS})
"""Only persons manage who may do what: a token that leaks must not make others."""

GRANTABLE = tuple(permission for permission in Permission if permission not in NEVER)

_SCOPE = re.compile(r"(zone|link):[a-z0-9][a-z0-9._-]{0,62}")


class Issue:
    """Every method may raise Invalid, which names the field, or StoreError."""

    def __init__(self, books: Books) -> None:
        self._tokens, self._clock = books.tokens, books.clock
        self._audited = Audited(books.audit)
        self.pairings = Pairings(books.clock)

    async def give(
        self,
        caller: Caller,
        name: str,
        permissions: Iterable[str],
        *,
        kind: TokenKind = TokenKind.API,
        departments: Iterable[str] = (),
        scope: str = "",
        days: int | None = None,
    ) -> str:
        """The secret of a new token, to be handed over once; `days` None: it does not expire."""
        name, scope = name.strip(), scope.strip()
        if not is_token_name(name):
            raise Invalid(
                "name", "Use 2 to 60 lower-case letters, digits, dots or dashes, e.g. ris-export."
            )
        if self._tokens.named(name) is not None:
            raise Invalid(
                "name", "There is, or was, a token {name}: names are used once.", name=name
            )
        if scope and not _SCOPE.fullmatch(scope):
            raise Invalid("scope", "Write zone:… or link:… with an id, or leave it empty.")
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            raise Invalid("days", "Choose between 1 and 3650 days.")
        granted = _permissions(permissions)
        await self._note("token.create", caller, name, ", ".join(sorted(granted)))
        return await self._tokens.add(
            name,
            kind,
            granted,
            departments=frozenset(departments),
            scope=scope,
            made_by=caller.principal.id,
            expires_at=None if days is None else Instant(self._clock.now() + days * _DAY),
        )

    async def pair(
        self,
        caller: Caller,
        code: str,
        name: str,
        permissions: Iterable[str],
        *,
        departments: Iterable[str] = (),
        scope: str = "",
    ) -> None:
        """Let the display that shows `code` in; it fetches its cookie by itself, once."""
        if not self.pairings.waits(code):
            raise Invalid("code", "No display shows this code: look again, it changes.")
        secret = await self.give(
            caller,
            name,
            permissions,
            kind=TokenKind.DISPLAY,
            departments=departments,
            scope=scope,
        )
        self.pairings.approve(code, secret)

    async def revoke(self, caller: Caller, name: str) -> None:
        """It is refused from now on; StoreError until that is on disk too, so try again then."""
        token = self.known(name)
        if token.revoked_at is None:
            await self._note("token.revoke", caller, name)
        await self._tokens.revoke(token)

    def known(self, name: str) -> Token:
        """The token of a name; Refusal 404 if there is none."""
        token = self._tokens.named(name)
        if token is None:
            raise Refusal(
                404,
                "Unknown token",
                "There is no token {name}.",
                "Look its name up among the tokens.",
                name=name,
            )
        return token

    async def _note(self, action: str, caller: Caller, name: str, detail: str = "") -> None:
        await self._audited.record(action, caller, objects={"token": name}, detail=detail)


def _permissions(names: Iterable[str]) -> frozenset[Permission]:
    try:
        granted = frozenset(Permission(name) for name in names)
    except ValueError:
        raise Invalid("permissions", "Allowed: {names}.", names=", ".join(GRANTABLE)) from None
    if not granted:
        raise Invalid("permissions", "Choose at least one permission.")
    if granted & NEVER:
        raise Invalid("permissions", "A token can't manage accounts or tokens: persons do.")
    return granted
