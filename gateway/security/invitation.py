"""Set-up links: the one-time way into an account that has no password yet, or a forgotten one."""

from __future__ import annotations

from dataclasses import dataclass

from tortoise import fields
from tortoise.models import Model

from gateway.model import Clock, Instant
from gateway.room import RoomTables
from gateway.security.secret import digest, new_code, typed

_GROUPS = 6
_HOUR = 3600 * 1_000_000
LASTS_HOURS = 72

FIRST = ""
"""The name that stands for an account which does not exist yet: the first administrator's."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """`account` may be FIRST."""

    id: str
    account: str
    made_by: str
    expires_at: Instant


class InvitationRow(Model):
    """Times are µs. A row that was used is gone."""

    id = fields.CharField(max_length=64, primary_key=True)
    account = fields.CharField(max_length=40)
    made_by = fields.CharField(max_length=100)
    expires_at = fields.BigIntField()

    class Meta:
        table = "invitation"


class Invitations:
    """Every method may raise StoreError."""

    def __init__(self, tables: RoomTables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    async def make(self, account: str, made_by: str) -> str:
        """The code of a new link for an account; links that were made for it before are void."""
        code = new_code(_GROUPS)
        expires = Instant(self._clock.now() + LASTS_HOURS * _HOUR)
        async with self._tables.use() as connection:
            await InvitationRow.filter(account=account).using_db(connection).delete()
            row = InvitationRow(
                id=digest(code).hex(), account=account, made_by=made_by, expires_at=expires
            )
            await row.save(using_db=connection, force_create=True)
        return code

    async def find(self, code: str) -> Invitation | None:
        """What a code opens, if it is still good; case, dashes and look-alikes don't matter."""
        async with self._tables.use() as connection:
            row = await InvitationRow.get_or_none(id=digest(typed(code)).hex(), using_db=connection)
        if row is None or row.expires_at <= self._clock.now():
            return None
        return Invitation(row.id, row.account, row.made_by, Instant(row.expires_at))

    async def use(self, invitation: Invitation) -> bool:
        """Take it out; False if somebody was quicker."""
        async with self._tables.use() as connection:
            gone = await InvitationRow.filter(id=invitation.id).using_db(connection).delete()
        return bool(gone)

    async def void(self, account: str) -> None:
        """No link for this account works any more."""
        async with self._tables.use() as connection:
            await InvitationRow.filter(account=account).using_db(connection).delete()
