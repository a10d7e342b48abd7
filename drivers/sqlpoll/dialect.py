"""SQL of five databases: one SELECT over (time, key), nothing else. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Bound: TypeAlias = object
"""What a parameter may be: text, a number, a time, or a value as the database gave it."""


class DatabaseName(StrEnum):
    POSTGRESQL = "postgresql"
    SQLITE = "sqlite"
    SQLSERVER = "sqlserver"
    ORACLE = "oracle"
    MYSQL = "mysql"


@dataclass(frozen=True, slots=True)
class Place:
    """The last row read, or where to begin: without a key, before every row of that time."""

    time: Bound
    key: Bound | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters, which are bound and never written into it."""

    sql: str
    parameters: Sequence[Bound]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database writes what they all mean.

    `mark` is a parameter's place (`{n}` its number), `limit` follows ORDER BY, `top` follows
    SELECT. `begin` opens a transaction that can't write, `now` asks for the time in UTC.
    """

    quotes: str = '""'
    mark: str = "%s"
    limit: str = " LIMIT {rows}"
    top: str = ""
    alias: str = " AS isogate"
    begin: str = ""
    now: str = ""

    def quoted(self, name: str) -> str:
        """An identifier as it stands in the catalogue; a closing quote within it is doubled."""
        opening, closing = self.quotes[0], self.quotes[1]
        return self._escaped(f"{opening}{name.replace(closing, 2 * closing)}{closing}")

    def table(self, name: str) -> str:
        """A table or view, with its schema before a dot."""
        return ".".join(self.quoted(part) for part in name.split("."))

    def subquery(self, query: str) -> str:
        return f"({self._escaped(query)}){self.alias}"

    def page(
        self,
        origin: str,
        columns: Sequence[str],
        *,
        time: str,
        key: str,
        after: Place,
        rows: int,
    ) -> Statement:
        """The first `rows` rows after a place, in order of time and key."""
        at, by = self.quoted(time), self.quoted(key)
        where, parameters = self._beyond(at, by, after)
        sql = (
            f"SELECT {self.top.format(rows=rows)}{', '.join(map(self.quoted, columns))}"  # noqa: S608
            f" FROM {origin} WHERE {where} ORDER BY {at}, {by}{self.limit.format(rows=rows)}"
        )
        return Statement(sql, parameters)

    def _beyond(self, at: str, by: str, after: Place) -> tuple[str, Sequence[Bound]]:
        marks = [self.mark.format(n=number) for number in (1, 2, 3)]
        if after.key is None:
            return f"{at} >= {marks[0]}", (after.time,)
        where = f"({at} > {marks[0]} OR ({at} = {marks[1]} AND {by} > {marks[2]}))"
        return where, (after.time, after.time, after.key)

    def _escaped(self, text: str) -> str:
        return text.replace("%", "%%") if self.mark == "%s" else text


DIALECTS: Mapping[DatabaseName, Dialect] = {
    DatabaseName.POSTGRESQL: Dialect(now="SELECT CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"),
    DatabaseName.SQLITE: Dialect(mark="?"),
    DatabaseName.SQLSERVER: Dialect(
        quotes="[]", limit="", top="TOP ({rows}) ", now="SELECT SYSUTCDATETIME()"
    ),
    DatabaseName.ORACLE: Dialect(
        mark=":{n}",
        limit=" FETCH FIRST {rows} ROWS ONLY",
        alias=" isogate",
        begin="SET TRANSACTION READ ONLY",
        now="SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM DUAL",
    ),
    DatabaseName.MYSQL: Dialect(
        quotes="``", begin="START TRANSACTION READ ONLY", now="SELECT UTC_TIMESTAMP(6)"
    ),
}
