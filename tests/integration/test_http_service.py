"""The driver against the simulated service, over TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from drivers.http.driver import HttpDriver
from gateway.testing import MemoryPorts
from simulators.http import Result, Service
from tests.unit.httpsource.test_http_driver import link, shipped
from tests.unit.sqlpoll.sites import ports_at, turn

BEGUN = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)
CODES = {"fhir-observations": "2823-3", "results-soap": "K"}


def result(name: str, number: int, value: str) -> Result:
    at = BEGUN + timedelta(seconds=number)
    return Result(f"r{number}", CODES[name], value, "mmol/L", at)


@asynccontextmanager
async def polling(service: Service, name: str) -> AsyncIterator[MemoryPorts]:
    ports = ports_at()
    async with service.serving() as port:
        entry = link(shipped(name), url=f"http://127.0.0.1:{port}")
        task = asyncio.create_task(HttpDriver(entry).run(ports))
        try:
            await ports.until(lambda: ports.waiting >= 1)
            yield ports
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def texts(ports: MemoryPorts) -> list[str]:
    return [reading.text for each in ports.publications for reading in each.readings]


@pytest.mark.parametrize("name", CODES)
async def test_results_are_read_once_and_corrections_follow(name: str) -> None:
    rows = [result(name, number, f"{number}.5") for number in range(450)]
    service = Service({row.key: row for row in rows})
    async with polling(service, name) as ports:
        assert texts(ports) == [f"{number}.5" for number in range(450)]
        service.results["r7"] = result(name, 7, "70.5")
        service.results["r450"] = result(name, 450, "4.5")
        await turn(ports)
        await turn(ports)
        assert sorted(texts(ports)[450:]) == ["4.5", "70.5"]


@pytest.mark.parametrize("name", CODES)
async def test_a_service_that_fails_and_comes_back_loses_nothing(name: str) -> None:
    service = Service(faults={"broken"})
    async with polling(service, name) as ports:
        assert ports.availabilities[-1][1] is False
        service.results["r1"] = result(name, 1, "1.5")
        service.faults.clear()
        await turn(ports)
        assert texts(ports) == ["1.5"]
        assert ports.availabilities[-1][1] is True
