"""Sessions of signed-in persons: a random secret in a cookie, and what is kept of it here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tortoise import fields
from tortoise.models import Model

from gateway.model import Clock, Instant
from gateway.room import RoomTables
from gateway.security.options import AccountsOptions
from gateway.security.secret import digest, new_secret

_SECOND = 1_000_000
_MOST_OF_ONE = 20
"""Sessions that one account has at once; the oldest ends when there would be more."""


@dataclass(slots=True)
class Session:
    """`id` is the digest of its secret. `seen_at` moves with what its person does."""

    id: str
    account: str
    opened_at: Instant
    seen_at: Instant
    address: str
    agent: str
    noted_at: Instant
    """`seen_at` as it stands on disk."""


class SessionRow(Model):
    """Times are µs."""

    id = fields.CharField(max_length=64, primary_key=True)
    account = fields.CharField(max_length=40, db_index=True)
    opened_at = fields.BigIntField()
    seen_at = fields.BigIntField()
    address = fields.CharField(max_length=64)
    agent = fields.CharField(max_length=255)

    class Meta:
        table = "session"


class Sessions:
    """All sessions that are open. `ended` is told the id of each that ends."""

    def __init__(
        self,
        tables: RoomTables,
        clock: Clock,
        options: AccountsOptions,
        ended: Callable[[str], None],
        known: Iterable[Session] = (),
    ) -> None:
        self._tables, self._clock = tables, clock
        self._idle, self._longest = options.idle * _SECOND, options.longest * _SECOND
        self._ended = ended
        self._known = {session.id: session for session in known}
        self._unwritten: set[str] = set()
        """Sessions that have ended, which the disk does not know yet."""

    @classmethod
    async def load(
        cls,
        tables: RoomTables,
        clock: Clock,
        options: AccountsOptions,
        ended: Callable[[str], None],
    ) -> Sessions:
        async with tables.use() as connection:
            rows = await SessionRow.all(using_db=connection)
        return cls(tables, clock, options, ended, [_session(row) for row in rows])

    async def open(self, account: str, address: str, agent: str) -> str:
        """The secret of a new session, which nothing here can give again."""
        secret, now = new_secret(), self._clock.now()
        session = Session(digest(secret).hex(), account, now, now, address, agent[:255], now)
        spare = self.of(account)[_MOST_OF_ONE - 1 :]
        async with self._tables.use() as connection:
            await (
                SessionRow.filter(id__in=[each.id for each in spare]).using_db(connection).delete()
            )
            await _row(session).save(using_db=connection, force_create=True)
        self._known[session.id] = session
        self._forget(spare)
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of a secret, if it still lasts."""
        session = self._known.get(digest(secret).hex())
        return (
            session if session is not None and self.expires(session) > self._clock.now() else None
        )

    def get(self, id_: str) -> Session | None:
        return self._known.get(id_)

    def touch(self, session: Session) -> None:
        """Its person did something; `sweep` puts that on disk."""
        session.seen_at = self._clock.now()

    def expires(self, session: Session) -> Instant:
        return Instant(min(session.seen_at + self._idle, session.opened_at + self._longest))

    def all(self) -> list[Session]:
        """Oldest first."""
        return sorted(self._known.values(), key=lambda each: each.opened_at)

    def of(self, account: str) -> list[Session]:
        """The sessions of an account, newest first."""
        own = (each for each in self._known.values() if each.account == account)
        return sorted(own, key=lambda each: -each.opened_at)

    async def end(self, *ids: str) -> None:
        """End sessions now: their next request and their streams find them closed.

        On disk when this returns. StoreError: they have ended, and would last again after a
        restart until that is on disk; the next `end` and `sweep` write it again.
        """
        ending = [session for id_ in ids if (session := self._known.get(id_)) is not None]
        self._forget(ending)
        self._unwritten |= {each.id for each in ending}
        ended = frozenset(self._unwritten)
        if not ended:
            return
        async with self._tables.use() as connection:
            await SessionRow.filter(id__in=sorted(ended)).using_db(connection).delete()
        self._unwritten -= ended

    def unwritten(self) -> frozenset[str]:
        """The ids of sessions that have ended and would last again after a restart."""
        return frozenset(self._unwritten)

    async def end_of(self, account: str, *, but: str = "") -> int:
        """End all sessions of an account, except the one with the id `but`; how many."""
        ids = [each.id for each in self.of(account) if each.id != but]
        await self.end(*ids)
        return len(ids)

    async def sweep(self) -> None:
        """End what has expired, and put on disk when the others were last seen."""
        now = self._clock.now()
        await self.end(*[each.id for each in self._known.values() if self.expires(each) <= now])
        moved = [each for each in self._known.values() if each.seen_at != each.noted_at]
        if not moved:
            return
        async with self._tables.use() as connection:
            for each in moved:
                await (
                    SessionRow.filter(id=each.id).using_db(connection).update(seen_at=each.seen_at)
                )
        for each in moved:
            each.noted_at = each.seen_at

    def _forget(self, sessions: Iterable[Session]) -> None:
        for each in sessions:
            self._known.pop(each.id, None)
            self._ended(each.id)


def _session(row: SessionRow) -> Session:
    seen = Instant(row.seen_at)
    return Session(row.id, row.account, Instant(row.opened_at), seen, row.address, row.agent, seen)


def _row(session: Session) -> SessionRow:
    return SessionRow(
        id=session.id,
        account=session.account,
        opened_at=session.opened_at,
        seen_at=session.seen_at,
        address=session.address,
        agent=session.agent,
    )
