"""One link: a database, and every table or view in it that is read as a device."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

from drivers.sqlpoll.database import Database, open_database
from drivers.sqlpoll.dialect import DIALECTS, DatabaseName, Dialect, Place, Statement
from drivers.sqlpoll.engine import engine_of
from drivers.sqlpoll.profile import SqlDevice, SqlLink, SqlProfile
from gateway import (
    DeviceEntry,
    DeviceUnavailable,
    Direction,
    Fetched,
    Instant,
    LinkEntry,
    Ports,
    Position,
    Tap,
    fetched,
    follow,
    from_datetime,
    sentence,
    write_wall,
)


class SqlDriver:
    """Reads the devices of one database."""

    def __init__(self, link: LinkEntry) -> None:
        self._link = link
        self._options = _options(link)

    async def run(self, ports: Ports) -> None:
        """Read until the database is lost or the store refuses, then raise."""
        engine = engine_of(self._link.id, self._options)
        dialect = DIALECTS[self._options.database]
        async with open_database(self._link.id, engine, dialect) as database:
            ports.connected()
            source = SqlSource(database, self._options, ports.tap)
            await follow(ports, self._link.devices, source)


class SqlSource:
    """Pages of a database's tables (`RowSource`)."""

    def __init__(self, database: Database, options: SqlLink, tap: Tap) -> None:
        self._database = database
        self._name = options.database
        self._dialect = DIALECTS[options.database]
        self._page = options.page
        self._tap = tap

    async def now(self) -> Instant | None:
        """The database's clock; a SQLite file has none."""
        if not self._dialect.now:
            return None
        ((moment,),) = await self._database.select(Statement(self._dialect.now, ()))
        if not isinstance(moment, datetime):
            raise DeviceUnavailable(sentence("the database's clock says {time}", time=repr(moment)))
        return from_datetime(moment.replace(tzinfo=UTC))

    async def pages(
        self, device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        """Rows from `start` on; a page that is not full is the last."""
        profile, options = _of(device)
        columns = profile.wanted()
        origin = _origin(self._dialect, profile, options)
        after = _first_place(self._name, profile, start)
        while True:
            statement = self._dialect.page(
                origin,
                columns,
                time=profile.columns.time,
                key=profile.columns.key,
                after=after,
                rows=self._page,
            )
            self._tap(Direction.OUT, statement.sql.encode())
            rows = await self._database.select(statement)
            native = [dict(zip(columns, row, strict=True)) for row in rows]
            yield [fetched(profile, row) for row in native]
            if len(rows) < self._page:
                return
            after = _next_place(profile, native[-1], after)


def _first_place(name: DatabaseName, profile: SqlProfile, start: Position) -> Place:
    """Where to begin; never later than `start`, whatever the column's precision."""
    time = write_wall(start.at, profile.time_form, profile.time_pattern)
    if name is DatabaseName.SQLITE and isinstance(time, datetime):
        time = time.isoformat(" ", "seconds")[: len("2026-11-23 08:00:00")]
    return Place(time, start.key)


def _next_place(profile: SqlProfile, last: dict[str, object], before: Place) -> Place:
    time, key = last[profile.columns.time], last[profile.columns.key]
    if not (_binds(time) and _binds(key)) or (time, key) == (before.time, before.key):
        raise DeviceUnavailable(
            sentence(
                "reading does not get past key {key} at {time}: {key_column} must be unique and"
                " {time_column} a time",
                key=repr(key),
                time=repr(time),
                key_column=profile.columns.key,
                time_column=profile.columns.time,
            )
        )
    return Place(time, key)


def _binds(value: object) -> bool:
    """Whether a value is compared as it was sorted; bytes are text that can't be read."""
    return value is not None and not isinstance(value, bytes)


def _origin(dialect: Dialect, profile: SqlProfile, options: SqlDevice) -> str:
    if profile.query and not options.table:
        return dialect.subquery(profile.query)
    return dialect.table(options.table or profile.table)


def _of(device: DeviceEntry) -> tuple[SqlProfile, SqlDevice]:
    profile, options = device.profile, device.options
    if not isinstance(profile, SqlProfile) or not isinstance(options, SqlDevice):
        raise TypeError(f"{device.id}: not a device of the sqlpoll driver")
    return profile, options


def _options(link: LinkEntry) -> SqlLink:
    if not isinstance(link.options, SqlLink):
        raise TypeError(f"link {link.id}: not a link of the sqlpoll driver")
    return link.options
