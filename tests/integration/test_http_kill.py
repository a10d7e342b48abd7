"""`kill -9` of the gateway while it asks a service whose results grow and change."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulators.http import Result, Service
from tests.acceptance.live import Api, SiteFolder
from tests.integration.test_sqlpoll_kill import follows, killed_once
from tests.peers import Say, count, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1200)]

RATE = 100.0


@dataclass(slots=True)
class Growing:
    """A service in a thread of its own; `values` is its own log of what each result has said."""

    chance: random.Random
    values: dict[str, list[str]] = field(default_factory=dict)
    _quiet: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serving(self) -> Iterator[int]:
        ready: list[int] = []
        over = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready, over)))
        thread.start()
        try:
            wait_until(lambda: bool(ready), within=10, what="the service")
            yield ready[0]
        finally:
            over.set()
            thread.join()

    def stop_growing(self) -> None:
        self._quiet.set()

    async def _serve(self, ready: list[int], over: threading.Event) -> None:
        service = Service()
        async with service.serving() as port:
            ready.append(port)
            while not over.is_set():
                if not self._quiet.is_set():
                    self._step(service)
                await asyncio.sleep(1 / RATE)

    def _step(self, service: Service) -> None:
        changes = self.values and self.chance.random() < 0.05
        key = self.chance.choice(list(self.values)) if changes else f"r{len(self.values)}"
        said = self.values.setdefault(key, [])
        value = f"{key[1:]}.{len(said):02d}5"
        service.results[key] = Result(key, "2823-3", value, "mmol/L", datetime.now(UTC))
        said.append(value)


def test_nothing_a_service_said_is_lost_or_doubled(tmp_path: Path, say: Say) -> None:
    chance = random.Random(11)
    growing = Growing(chance)
    with growing.serving() as port:
        folder = SiteFolder.write(tmp_path / "site", site(port))
        with Api.of(folder.data) as api:
            for _ in range(count(3, 40)):
                killed_once(folder, api, chance)
            growing.stop_growing()
            with folder.gateway() as process:
                folder.wait_ready(api, process, within=30)
                judge(api, growing)
    corrected = sum(len(said) > 1 for said in growing.values.values())
    say(f"{len(growing.values)} results, {corrected} of them corrected")


def site(port: int) -> dict[str, Any]:
    return {
        "links": {"fhir": {"driver": "http", "url": f"http://127.0.0.1:{port}"}},
        "devices": {"lab": {"link": "fhir", "profile": "fhir-observations", "interval": 0.2}},
    }


def found_in(api: Api) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for event in api.events("lab"):
        if event["kind"] == "result":
            found.setdefault(event["payload"]["id"], []).append(event["value"])
    return found


def judge(api: Api, growing: Growing) -> None:
    said = {key: [float(value) for value in each] for key, each in growing.values.items()}

    def complete() -> bool:
        found = found_in(api)
        return all(found.get(key, [None])[-1] == each[-1] for key, each in said.items())

    wait_until(complete, within=60, what="every last value")
    found = found_in(api)
    assert said.keys() == found.keys()
    assert [key for key, each in said.items() if not follows(found[key], each)] == []
    ids = Counter(event["id"] for event in api.events("lab"))
    assert [id_ for id_, times in ids.items() if times > 1] == []
