"""Tokens of programs, devices and displays: named, limited, revocable; kept as digests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from gateway.errors import StoreError
from gateway.model import Clock, Instant
from gateway.room import Permission, Principal, RoomTables
from gateway.security.secret import digest, new_secret

PREFIX = "isogate_"
"""By which people and scanners know what leaked."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")


class TokenKind(StrEnum):
    """What holds it. A display's came by pairing and lives in a cookie."""

    API = "api"
    DEVICE = "device"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Token:
    """`id` is the digest of its secret. `scope` is the one thing that it is for, or empty.

    `expires_at` None: never; `revoked_at` None: it is valid until then.
    """

    id: str
    name: str
    kind: TokenKind
    permissions: frozenset[Permission]
    departments: frozenset[str]
    scope: str
    made_by: str
    made_at: Instant
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    used_at: Instant | None = None
    principal: Principal = field(init=False, compare=False)

    def __post_init__(self) -> None:
        who = Principal(
            f"{'display' if self.kind is TokenKind.DISPLAY else 'token'}:{self.name}",
            self.name,
            self.permissions,
            self.departments,
            self.scope,
        )
        object.__setattr__(self, "principal", who)

    def lasts(self, now: Instant) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class TokenRow(Model):
    """Times are µs."""

    id = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=60, unique=True)
    kind = fields.CharField(max_length=20)
    permissions: Any = fields.JSONField()
    departments: Any = fields.JSONField()
    scope = fields.CharField(max_length=200)
    made_by = fields.CharField(max_length=100)
    made_at = fields.BigIntField()
    expires_at = fields.BigIntField(null=True)
    revoked_at = fields.BigIntField(null=True)
    used_at = fields.BigIntField(null=True)

    class Meta:
        table = "token"


def is_token_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


class Tokens:
    """All tokens, in memory and on disk. `ended` is told the id of each that is revoked."""

    def __init__(
        self,
        tables: RoomTables,
        clock: Clock,
        ended: Callable[[str], None],
        known: Iterable[Token] = (),
    ) -> None:
        self._tables, self._clock, self._ended = tables, clock, ended
        self._known = {token.id: token for token in known}
        self._used: dict[str, Instant] = {}
        self._unwritten: dict[str, Instant] = {}
        """When tokens were revoked whose revocation is not on disk yet."""

    @classmethod
    async def load(cls, tables: RoomTables, clock: Clock, ended: Callable[[str], None]) -> Tokens:
        async with tables.use() as connection:
            rows = await TokenRow.all(using_db=connection)
        return cls(tables, clock, ended, [_token(row) for row in rows])

    async def add(
        self,
        name: str,
        kind: TokenKind,
        permissions: frozenset[Permission],
        *,
        departments: frozenset[str] = frozenset(),
        scope: str = "",
        made_by: str,
        expires_at: Instant | None = None,
    ) -> str:
        """The secret of a new token, which nothing here can give again. Its name must be new."""
        secret = PREFIX + new_secret()
        token = Token(
            digest(secret).hex(),
            name,
            kind,
            permissions,
            departments,
            scope,
            made_by,
            self._clock.now(),
            expires_at,
        )
        async with self._tables.use() as connection:
            await _row(token).save(using_db=connection, force_create=True)
        self._known[token.id] = token
        return secret

    def find(self, secret: str) -> Token | None:
        """The token of a secret, if it is valid now; it is noted as used."""
        token = self._known.get(digest(secret).hex())
        now = self._clock.now()
        if token is None or not token.lasts(now):
            return None
        self._used[token.id] = now
        return token

    def get(self, id_: str) -> Token | None:
        return self._known.get(id_)

    def named(self, name: str) -> Token | None:
        """A token, valid or not; names are not given twice."""
        return next((each for each in self._known.values() if each.name == name), None)

    def all(self) -> list[Token]:
        """Newest first, with when each was last used."""
        tokens = [
            replace(each, used_at=self._used.get(each.id, each.used_at))
            for each in self._known.values()
        ]
        return sorted(tokens, key=lambda each: -each.made_at)

    async def revoke(self, token: Token) -> None:
        """It is refused from now on, and its streams end; on disk when this returns.

        StoreError: it is refused, and valid again after a restart until that is on disk. A second
        call writes it again, and so does `sweep`.
        """
        if self._known[token.id].revoked_at is None:
            revoked_at = self._clock.now()
            self._known[token.id] = replace(self._known[token.id], revoked_at=revoked_at)
            self._unwritten[token.id] = revoked_at
            self._ended(token.id)
        if token.id in self._unwritten:
            await self._write_revoked()

    def unwritten(self) -> frozenset[str]:
        """The ids of tokens that are refused now and would be valid again after a restart."""
        return frozenset(self._unwritten)

    async def sweep(self) -> None:
        """End the streams of what has expired, and write what is not on disk yet."""
        now = self._clock.now()
        for token in self._known.values():
            if not token.lasts(now):
                self._ended(token.id)
        await self._write_revoked()
        used = dict(self._used)
        if not used:
            return
        async with self._tables.use() as connection:
            for id_, at in used.items():
                await TokenRow.filter(id=id_).using_db(connection).update(used_at=at)
        for id_, at in used.items():
            self._known[id_] = replace(self._known[id_], used_at=at)
            if self._used.get(id_) == at:
                del self._used[id_]

    async def _write_revoked(self) -> None:
        revoked = dict(self._unwritten)
        if not revoked:
            return
        try:
            async with self._tables.use() as connection:
                for id_, at in revoked.items():
                    await TokenRow.filter(id=id_).using_db(connection).update(revoked_at=at)
        except StoreError as error:
            raise StoreError(
                "what was revoked is refused now, but not yet on disk; revoke it again before a"
                f" restart: {error}"
            ) from error
        for id_ in revoked:
            self._unwritten.pop(id_, None)


def _token(row: TokenRow) -> Token:
    return Token(
        row.id,
        row.name,
        TokenKind(row.kind),
        frozenset(Permission(each) for each in row.permissions),
        frozenset(row.departments),
        row.scope,
        row.made_by,
        Instant(row.made_at),
        _instant(row.expires_at),
        _instant(row.revoked_at),
        _instant(row.used_at),
    )


def _row(token: Token) -> TokenRow:
    return TokenRow(
        id=token.id,
        name=token.name,
        kind=token.kind,
        permissions=sorted(token.permissions),
        departments=sorted(token.departments),
        scope=token.scope,
        made_by=token.made_by,
        made_at=token.made_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        used_at=token.used_at,
    )


def _instant(micros: int | None) -> Instant | None:
    return None if micros is None else Instant(micros)
