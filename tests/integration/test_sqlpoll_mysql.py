"""The driver's MySQL dialect against a real MariaDB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from drivers.sqlpoll import driver_type
from drivers.sqlpoll.driver import SqlDriver
from drivers.sqlpoll.profile import SqlProfile
from gateway import DeviceEntry, LinkEntry
from simulators.sqlpoll import MYSQL, Laboratory
from tests.integration.test_sqlpoll_postgres import profile, texts
from tests.mariadb import MariaDb, mariadb
from tests.unit.sqlpoll.sites import polled, ports_at, turn

pytestmark = [pytest.mark.peer]


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    with mariadb() as running:
        yield running


def link_to(server: MariaDb, *profiles: SqlProfile, timeout: float = 10) -> LinkEntry:
    options = driver_type.link.model_validate(
        {
            "database": "mysql",
            "host": server.host,
            "port": server.port,
            "name": "lis",
            "user": "isogate",
            "password": server.password,
            "timeout": timeout,
            "page": 7,
        }
    )
    since = driver_type.device.model_validate({"since": "2026-01-01T00:00:00"})
    devices = [
        DeviceEntry(f"d{at}", "D", "link", each, since, 1.0, zone="Asia/Shanghai")
        for at, each in enumerate(profiles)
    ]
    return LinkEntry("link", "sqlpoll", options, None, tuple(devices))


def run(connection: Any, *statements: str) -> list[Any]:
    rows: list[Any] = []
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = list(cursor.fetchall())
    return rows


async def test_every_version_of_every_row_is_read(server: MariaDb) -> None:
    ports = ports_at()
    with closing(server.connect()) as connection:
        laboratory = Laboratory(connection, MYSQL, "versions")
        laboratory.create()
        for _ in range(40):
            laboratory.step()
        async with polled(ports, link_to(server, profile(table="versions"))):
            before = len(texts(ports))
            assert before == len(laboratory.values)
            laboratory.corrected = 1.0
            laboratory.step()
            await turn(ports)
            assert len(texts(ports)) == before + 1


async def test_names_times_and_chinese_come_as_they_are(server: MariaDb) -> None:
    ports = ports_at()
    columns = {"time": "at", "key": "key `1`", "code": "code", "value": "value"}
    with closing(server.connect()) as connection:
        run(
            connection,
            "CREATE TABLE odd (`key ``1``` VARCHAR(40), at DATETIME(3), code VARCHAR(9),"
            " value VARCHAR(40))",
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO odd VALUES (%s, %s, 'K', %s)",
                [(f"键%{n}", f"2026-11-23 08:00:00.{n:03d}", f"{n}.50") for n in range(20)],
            )
    async with polled(ports, link_to(server, profile(table="lis.odd", columns=columns))):
        await turn(ports)
    assert texts(ports) == sorted(f"{n}.50" for n in range(20))


async def test_the_session_can_not_write(server: MariaDb) -> None:
    ports = ports_at()
    with closing(server.connect()) as connection:
        run(
            connection,
            "CREATE TABLE kept (result_id INT)",
            "CREATE FUNCTION meddle() RETURNS INT MODIFIES SQL DATA"
            " BEGIN INSERT INTO kept VALUES (1); RETURN 1; END",
        )
        query = "SELECT meddle() AS result_id, now() AS updated_at"
        async with polled(ports, link_to(server, profile(table="", query=query))):
            pass
        _, online, why = ports.availabilities[0]
        assert (online, "READ ONLY" in why.upper()) == (False, True)
        assert run(connection, "SELECT count(*) FROM kept") == [(0,)]


async def test_a_slow_statement_is_ended_and_the_others_are_read(server: MariaDb) -> None:
    ports = ports_at()
    with closing(server.connect()) as connection:
        laboratory = Laboratory(connection, MYSQL, "quick")
        laboratory.create()
        laboratory.step()
    columns = {"time": "at", "key": "result_id", "code": "code", "value": "value"}
    query = "SELECT 1 AS result_id, 'K' AS code, '1' AS value, now() AS at, sleep(60) AS s"
    slow = profile(table="", query=query, columns={**columns, "keep": ["s"]})
    async with polled(ports, link_to(server, slow, profile(table="quick"), timeout=1)):
        pass
    assert len(texts(ports)) == 1
    assert any("max_statement_time" in why for _, _, why in ports.availabilities)


async def test_a_lost_server_ends_the_run() -> None:
    ports = ports_at()
    with mariadb() as server:
        entry = link_to(server, profile(table="nothing"))
        task = asyncio.create_task(SqlDriver(entry).run(ports))
        await ports.until(lambda: ports.waiting >= 1)
    ports.turn()
    with pytest.raises(ConnectionError, match="is lost"):
        await task
