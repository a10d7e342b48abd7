"""The driver against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from drivers.sqlpoll import driver_type
from drivers.sqlpoll.driver import SqlDriver
from drivers.sqlpoll.profile import SqlProfile
from gateway import DeviceEntry, LinkEntry
from gateway.testing import MemoryPorts
from simulators.sqlpoll import POSTGRESQL, Laboratory
from tests.postgres import Postgres, postgres
from tests.unit.sqlpoll.sites import polled, ports_at, shipped, turn

pytestmark = [pytest.mark.peer]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


def profile(**changes: object) -> SqlProfile:
    model = shipped("results-view").model_dump(mode="json")
    return SqlProfile.model_validate({**model, **changes})


def link_to(server: Postgres, *profiles: SqlProfile, timeout: float = 10) -> LinkEntry:
    options = driver_type.link.model_validate(
        {
            "database": "postgresql",
            "host": server.host,
            "port": server.port,
            "name": "postgres",
            "user": "postgres",
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


def texts(ports: MemoryPorts) -> list[str]:
    return sorted(reading.text for each in ports.publications for reading in each.readings)


async def test_every_version_of_every_row_is_read(server: Postgres) -> None:
    ports = ports_at()
    with server.connect() as connection:
        laboratory = Laboratory(connection, POSTGRESQL, "versions")
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


async def test_an_aware_time_and_a_text_key(server: Postgres) -> None:
    ports = ports_at()
    with server.connect() as connection:
        connection.execute(
            "CREATE TABLE aware AS SELECT 'k' || i AS key,"
            " timestamptz '2026-11-23 00:00+00' + i * interval '1 s' AS at, 'K' AS code,"
            " i::numeric(6, 2) AS value FROM generate_series(1, 20) i"
        )
    columns = {"time": "at", "key": "key", "code": "code", "value": "value"}
    aware = profile(table="public.aware", columns=columns, time_form="aware")
    async with polled(ports, link_to(server, aware)):
        await turn(ports)
    assert texts(ports) == sorted(f"{number}.00" for number in range(1, 21))


async def test_the_session_can_not_write(server: Postgres) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept (result_id int)")
        connection.execute(
            "CREATE FUNCTION meddle() RETURNS int LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO kept VALUES (1); RETURN 1; END $$"
        )
        ports = ports_at()
        meddling = profile(table="", query="SELECT meddle() AS result_id, now() AS updated_at")
        async with polled(ports, link_to(server, meddling)):
            pass
        assert ports.availabilities[0][1] is False
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


async def test_a_slow_statement_is_ended_and_the_others_are_read(server: Postgres) -> None:
    ports = ports_at()
    with server.connect() as connection:
        laboratory = Laboratory(connection, POSTGRESQL, "quick")
        laboratory.create()
        laboratory.step()
    columns = {"time": "at", "key": "result_id", "code": "code", "value": "value"}
    query = "SELECT 1 AS result_id, 'K' AS code, '1' AS value, localtimestamp AS at, pg_sleep(60)"
    slow = profile(table="", query=query, columns={**columns, "keep": ["pg_sleep"]})
    async with polled(ports, link_to(server, slow, profile(table="quick"), timeout=1)):
        pass
    assert len(texts(ports)) == 1
    assert any("statement timeout" in why for _, _, why in ports.availabilities)


async def test_a_lost_server_ends_the_run() -> None:
    ports = ports_at()
    with postgres() as server:
        entry = link_to(server, profile(table="nothing"))
        task = asyncio.create_task(SqlDriver(entry).run(ports))
        await ports.until(lambda: ports.waiting >= 1)
    ports.turn()
    with pytest.raises(ConnectionError, match="is lost"):
        await task
