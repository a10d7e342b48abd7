"""What each database is asked; of three of them nothing more is tested than this."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.sqlpoll.dialect import DIALECTS, DatabaseName, Place, Statement
from drivers.sqlpoll.engine import engine_of, mysql_timeout
from drivers.sqlpoll.profile import SqlLink, SqlProfile
from gateway import ConfigError

PAGES = {
    DatabaseName.POSTGRESQL: (
        'SELECT "t", "k" FROM "lis"."v" WHERE ("t" > %s OR ("t" = %s AND "k" > %s))'
        ' ORDER BY "t", "k" LIMIT 5'
    ),
    DatabaseName.SQLITE: (
        'SELECT "t", "k" FROM "lis"."v" WHERE ("t" > ? OR ("t" = ? AND "k" > ?))'
        ' ORDER BY "t", "k" LIMIT 5'
    ),
    DatabaseName.SQLSERVER: (
        "SELECT TOP (5) [t], [k] FROM [lis].[v] WHERE ([t] > %s OR ([t] = %s AND [k] > %s))"
        " ORDER BY [t], [k]"
    ),
    DatabaseName.ORACLE: (
        'SELECT "t", "k" FROM "lis"."v" WHERE ("t" > :1 OR ("t" = :2 AND "k" > :3))'
        ' ORDER BY "t", "k" FETCH FIRST 5 ROWS ONLY'
    ),
    DatabaseName.MYSQL: (
        "SELECT `t`, `k` FROM `lis`.`v` WHERE (`t` > %s OR (`t` = %s AND `k` > %s))"
        " ORDER BY `t`, `k` LIMIT 5"
    ),
}


def page(name: DatabaseName, after: Place, origin: str | None = None) -> Statement:
    dialect = DIALECTS[name]
    origin = origin or dialect.table("lis.v")
    return dialect.page(origin, ("t", "k"), time="t", key="k", after=after, rows=5)


@pytest.mark.parametrize("name", DatabaseName)
def test_a_page_after_a_row(name: DatabaseName) -> None:
    assert page(name, Place("noon", 7)) == Statement(PAGES[name], ("noon", "noon", 7))


@pytest.mark.parametrize("name", DatabaseName)
def test_the_first_page_begins_at_a_time(name: DatabaseName) -> None:
    found = page(name, Place("noon"))
    assert " >= " in found.sql
    assert found.parameters == ("noon",)


def test_a_query_stands_in_for_a_table() -> None:
    query = "SELECT * FROM r WHERE code LIKE 'A%'"
    oracle, postgresql = DIALECTS[DatabaseName.ORACLE], DIALECTS[DatabaseName.POSTGRESQL]
    assert oracle.subquery(query) == f"({query}) isogate"
    assert postgresql.subquery(query) == "(SELECT * FROM r WHERE code LIKE 'A%%') AS isogate"


@pytest.mark.parametrize("name", [DatabaseName.ORACLE, DatabaseName.MYSQL])
def test_a_transaction_begins_read_only_where_the_session_is_not(name: DatabaseName) -> None:
    assert "READ ONLY" in DIALECTS[name].begin


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_name_is_an_identifier_and_nothing_else(name: str) -> None:
    quoted = DIALECTS[DatabaseName.SQLITE].quoted(name)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({quoted} INTEGER)")
        ((_, found, *_),) = connection.execute("PRAGMA table_info(t)").fetchall()
    assert found == name


@pytest.mark.parametrize("name", ["sqlserver", "oracle"])
def test_a_missing_module_is_told_with_its_remedy(name: str) -> None:
    link = SqlLink.model_validate({"database": name, "host": "h", "name": "n"})
    with pytest.raises(ConfigError, match=rf"pip install 'isogate\[{name}\]'"):
        engine_of("lis", link)


@pytest.mark.parametrize("query", ["DELETE FROM r", "SELECT 1; DROP TABLE r", "UPDATE r SET a=1"])
def test_a_profile_can_only_select(query: str) -> None:
    with pytest.raises(ValueError, match="one SELECT"):
        SqlProfile.model_validate({**_PROFILE, "query": query})


def test_a_time_pattern_must_sort_as_time_does() -> None:
    with pytest.raises(ValueError, match="does not sort"):
        SqlProfile.model_validate({**_PROFILE, "table": "r", "time_pattern": "%d.%m.%Y"})


_PROFILE = {
    "profile": "p",
    "driver": "sqlpoll",
    "title": "P",
    "grade": "derived",
    "source": "these tests",
    "columns": {"time": "t", "key": "k", "code": "c", "value": "v"},
    "points": {},
}


@pytest.mark.parametrize(
    ("server", "statement", "value"),
    [
        ("8.4.6", "SET SESSION max_execution_time = %s", 2500),
        ("11.4.2-MariaDB-ubu2404", "SET SESSION max_statement_time = %s", 2.5),
        ("5.5.5-10.11.19-MariaDB", "SET SESSION max_statement_time = %s", 2.5),
    ],
)
def test_each_server_is_told_its_time_out_in_its_own_words(
    server: str, statement: str, value: float
) -> None:
    assert mysql_timeout(server, 2.5) == (statement, (value,))
