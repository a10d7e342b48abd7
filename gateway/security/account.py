"""The accounts of persons."""

from __future__ import annotations

import asyncio
import logging
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tortoise import fields
from tortoise.models import Model

from gateway.errors import ConfigError, StoreError
from gateway.model import Instant
from gateway.room import Principal, RoomTables
from gateway.seal import Keyring, Progress, Sealer, key_id
from gateway.security.roles import Role, permissions_of
from gateway.security.totp import new_totp

log = logging.getLogger(__name__)

_PURPOSE = "account.totp"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True, slots=True)
class Account:
    """One person. `name` is what is typed at sign-in and stands in events and audit; it stays.

    `password` is a hash, empty before it is chosen or where the hospital's own sign-in serves
    (`external` is then its issuer and subject). `totp` is the second factor's secret, empty
    without one, `totp_step` the last time step whose code was used, `recovery` what is kept of the
    recovery codes. `locked` says why the account is closed, or is empty.
    """

    name: str
    display: str
    roles: frozenset[Role]
    created_at: Instant
    departments: frozenset[str] = frozenset()
    password: str = ""
    password_at: Instant | None = None
    totp: str = ""
    totp_step: int = 0
    recovery: tuple[str, ...] = ()
    locked: str = ""
    external: str = ""
    language: str = ""
    signed_in_at: Instant | None = None
    principal: Principal = field(init=False, compare=False)

    def __post_init__(self) -> None:
        who = Principal(
            f"person:{self.name}", self.display, permissions_of(self.roles), self.departments
        )
        object.__setattr__(self, "principal", who)

    @property
    def needs_totp(self) -> bool:
        """Whether its role demands a second factor that it does not have yet."""
        return Role.ADMINISTRATOR in self.roles and not self.totp


def is_name(text: str) -> bool:
    """Whether a text can name an account: lower-case ASCII, so that no two look alike."""
    return _NAME.fullmatch(text) is not None


class AccountRow(Model):
    """Times are µs."""

    name = fields.CharField(max_length=40, primary_key=True)
    display = fields.CharField(max_length=120)
    roles: Any = fields.JSONField()
    departments: Any = fields.JSONField()
    created_at = fields.BigIntField()
    password = fields.CharField(max_length=255)
    password_at = fields.BigIntField(null=True)
    totp = fields.CharField(max_length=255)
    totp_step = fields.BigIntField()
    recovery: Any = fields.JSONField()
    locked = fields.CharField(max_length=255)
    external = fields.CharField(max_length=500)
    language = fields.CharField(max_length=20)
    signed_in_at = fields.BigIntField(null=True)

    class Meta:
        table = "account"


class Accounts:
    """All accounts, in memory and on disk. Every write may raise StoreError."""

    name = "accounts"
    purposes = (_PURPOSE,)

    def __init__(self, tables: RoomTables, seal: Sealer, known: Iterable[Account] = ()) -> None:
        self._tables, self._seal = tables, seal
        self._known = {account.name: account for account in known}
        self._turn = asyncio.Lock()

    @classmethod
    async def load(cls, tables: RoomTables, ring: Keyring) -> Accounts:
        """`ring` seals the secrets of second factors, the only ones that are kept as they are."""
        seal = Sealer(ring, _PURPOSE)
        async with tables.use() as connection:
            rows = await AccountRow.all(using_db=connection)
        return cls(tables, seal, [_account(row, seal) for row in rows])

    async def keys(self) -> set[int]:
        """The keys that seal second factors (`gateway.seal.KeyUser`)."""
        async with self._tables.use() as connection:
            rows = await AccountRow.all(using_db=connection)
        return {key_id(b64decode(row.totp)) for row in rows if row.totp}

    async def reseal(self, progress: Progress) -> None:
        """Write every account anew, its second factor under the active key."""
        accounts = self.all()
        for done, account in enumerate(accounts):
            progress(done, len(accounts))
            await self.change(account.name, lambda known: known)
        progress(len(accounts), len(accounts))

    def get(self, name: str) -> Account | None:
        return self._known.get(name)

    def all(self) -> list[Account]:
        """By name."""
        return sorted(self._known.values(), key=lambda account: account.name)

    def external(self, identity: str) -> Account | None:
        """The account of somebody whom another sign-in knows as `identity`."""
        found = (each for each in self._known.values() if each.external == identity)
        return next(found, None) if identity else None

    def administrators(self) -> list[Account]:
        """Who can give rights at this moment."""
        return [
            each
            for each in self.all()
            if Role.ADMINISTRATOR in each.roles and not each.locked and each.password
        ]

    async def add(self, account: Account) -> None:
        """Write a new account; its name must be free (StoreError)."""
        async with self._turn:
            async with self._tables.use() as connection:
                await _row(account, self._seal).save(using_db=connection, force_create=True)
            self._known[account.name] = account

    async def change(self, name: str, to: Callable[[Account], Account]) -> Account:
        """Write what `to` makes of an account as it stands now; whatever `to` raises is passed on.

        Changes take turns, so none is made of what another one has just replaced.
        """
        async with self._turn:
            changed = to(self._known[name])
            async with self._tables.use() as connection:
                await _row(changed, self._seal).save(using_db=connection, force_update=True)
            self._known[name] = changed
        return changed


def _account(row: AccountRow, seal: Sealer) -> Account:
    return Account(
        name=row.name,
        display=row.display,
        roles=frozenset(Role(each) for each in row.roles),
        departments=frozenset(row.departments),
        created_at=Instant(row.created_at),
        password=row.password,
        password_at=_instant(row.password_at),
        totp=_opened(row, seal) if row.totp else "",
        totp_step=row.totp_step,
        recovery=tuple(row.recovery),
        locked=row.locked,
        external=row.external,
        language=row.language,
        signed_in_at=_instant(row.signed_in_at),
    )


def _opened(row: AccountRow, seal: Sealer) -> str:
    """The secret of a second factor.

    One that this site's keys can't open, as after a restore without them, is replaced by one that
    nobody has: its codes are refused, while a recovery code or an administrator's reset helps.
    """
    try:
        return seal.open(b64decode(row.totp), row.name.encode()).decode()
    except (StoreError, ConfigError) as error:
        log.warning("The second factor of the account %s is lost: %s", row.name, error)
        return new_totp()


def _row(account: Account, seal: Sealer) -> AccountRow:
    sealed = seal.seal(account.totp.encode(), account.name.encode()) if account.totp else b""
    return AccountRow(
        name=account.name,
        display=account.display,
        roles=_listed(account.roles),
        departments=_listed(account.departments),
        created_at=account.created_at,
        password=account.password,
        password_at=account.password_at,
        totp=b64encode(sealed).decode(),
        totp_step=account.totp_step,
        recovery=list(account.recovery),
        locked=account.locked,
        external=account.external,
        language=account.language,
        signed_in_at=account.signed_in_at,
    )


def _listed(names: Iterable[str]) -> list[str]:
    return sorted(str(name) for name in names)


def _instant(micros: int | None) -> Instant | None:
    return None if micros is None else Instant(micros)
