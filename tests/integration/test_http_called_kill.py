"""`kill -9` of the gateway while laboratory systems post to it."""

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

from simulators.http import Caller, Result, as_json
from tests.acceptance.live import Api, SiteFolder
from tests.integration.test_sqlpoll_kill import killed_once
from tests.peers import Say, count, free_port

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1200)]

KEY = "open-sesame"
CALLERS = 8


@dataclass(slots=True)
class Posting:
    """Callers in a thread of their own; `acknowledged` is their own log."""

    port: int
    seed: int
    acknowledged: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._run(over)), name="callers")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    async def _run(self, over: threading.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(self._post(number, over), name=f"caller-{number}")

    async def _post(self, number: int, over: threading.Event) -> None:
        """Post until the block ends; what is under way then is delivered to its end."""
        headers = {"x-lis-key": KEY}
        caller = Caller("127.0.0.1", self.port, "/results", headers, again=0.2, cut=0.05)
        caller.chance = random.Random(self.seed + number)
        posted = 0
        while not over.is_set():
            posted += 1
            keys = [f"{number}-{posted}-{row}" for row in range(3)]
            now = datetime.now(UTC)
            rows = [
                Result(key, "K", f"{posted}.{row}5", "mmol/L", now) for row, key in enumerate(keys)
            ]
            self.started += keys
            await caller.deliver(as_json(rows))
            self.acknowledged += keys
        await caller.hang_up()


def site(port: int) -> dict[str, Any]:
    link = {"driver": "http", "mode": "listen", "port": port, "path": "/results"}
    return {
        "links": {"lis": {**link, "header": "X-LIS-Key", "secret": "file:key"}},
        "devices": {"lab": {"link": "lis", "profile": "results-posted"}},
    }


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path, say: Say) -> None:
    chance = random.Random(23)
    port = free_port()
    folder = SiteFolder.write(tmp_path / "site", site(port))
    (folder.home / "key").write_text(KEY)
    posting = Posting(port, 23)
    with Api.of(folder.data) as api:
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=30)
        gateway = folder.gateway()
        with posting.running():
            for _ in range(count(3, 40)):
                killed_once(folder, api, chance)
            process = gateway.__enter__()
            folder.wait_ready(api, process, within=30)
        try:
            events = [each for each in api.events("lab") if each["kind"] == "result"]
        finally:
            gateway.__exit__(None, None, None)
    stored = Counter(event["payload"]["id"] for event in events)
    assert set(posting.acknowledged) - stored.keys() == set(), "acknowledged and lost"
    assert [key for key, times in stored.items() if times > 1] == [], "doubled"
    assert stored.keys() <= set(posting.started)
    assert len(posting.acknowledged) > CALLERS
    say(f"{len(posting.acknowledged)} results acknowledged, {len(stored)} stored")
