"""`kill -9` of the gateway while it polls PostgreSQL and SQLite that are being written."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers.sqlpoll import driver_type
from simulators.sqlpoll import POSTGRESQL, SQLITE, Laboratory, Style
from tests.acceptance.live import Api, SiteFolder
from tests.peers import Say, count, wait_until
from tests.postgres import Postgres, postgres

pytestmark = [pytest.mark.acceptance, pytest.mark.peer, pytest.mark.timeout(1200)]

RATE = 100.0
DEVICES = ("on-postgresql", "on-sqlite")


@dataclass(slots=True)
class Writer:
    """A laboratory that writes in a thread of its own until the block ends."""

    connect: Callable[[], Any]
    style: Style
    chance: random.Random
    values: dict[int, list[str]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def create(self) -> None:
        with closing(self.connect()) as connection:
            Laboratory(connection, self.style).create()

    @contextmanager
    def writing(self) -> Iterator[None]:
        thread = threading.Thread(target=self._write, name="laboratory")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _write(self) -> None:
        with closing(self.connect()) as connection:
            laboratory = Laboratory(connection, self.style, chance=self.chance, values=self.values)
            while not self._stop.wait(1 / RATE):
                laboratory.step()


def test_nothing_written_is_lost_or_doubled(tmp_path: Path, say: Say) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    file = tmp_path / "counter.db"
    with postgres() as server:
        writers = {
            "on-postgresql": Writer(server.connect, POSTGRESQL, random.Random(seed + 1)),
            "on-sqlite": Writer(partial(sqlite3.connect, file), SQLITE, random.Random(seed + 2)),
        }
        for writer in writers.values():
            writer.create()
        folder = SiteFolder.write(tmp_path / "site", site(server, file))
        with Api.of(folder.data) as api:
            with writers["on-postgresql"].writing(), writers["on-sqlite"].writing():
                for _ in range(count(4, 40)):
                    killed_once(folder, api, chance)
            with folder.gateway() as process:
                folder.wait_ready(api, process, within=30)
                drained(api, writers)
                for device, writer in writers.items():
                    judge(api, device, writer)
                    corrected = sum(len(said) > 1 for said in writer.values.values())
                    say(f"{device}: {len(writer.values)} rows, {corrected} of them corrected")


def site(server: Postgres, file: Path) -> dict[str, Any]:
    shipped = (driver_type.home / "profiles" / "results-view.yaml").read_text(encoding="utf-8")
    profile = {**yaml.safe_load(shipped), "profile": "text-times", "interval": 0.2}
    return {
        "links": {
            "lis": {
                "driver": "sqlpoll",
                "database": "postgresql",
                "host": server.host,
                "port": server.port,
                "name": "postgres",
                "user": "postgres",
            },
            "pc": {"driver": "sqlpoll", "database": "sqlite", "path": str(file)},
        },
        "devices": {
            "on-postgresql": {"link": "lis", "profile": "results-view", "interval": 0.2},
            "on-sqlite": {"link": "pc", "profile": "text-times"},
        },
        "profiles": {
            "text-times": {
                **{key: value for key, value in profile.items() if key != "profile"},
                "time_pattern": "%Y-%m-%d %H:%M:%S.%f",
            }
        },
    }


def killed_once(folder: SiteFolder, api: Api, chance: random.Random) -> None:
    with folder.gateway() as process:
        folder.wait_ready(api, process, within=30)
        time.sleep(chance.uniform(0, 1.5))
        process.kill()
        process.wait()


def written(writer: Writer) -> dict[int, list[float]]:
    """What each row has said, as the API shows numbers."""
    return {row: [float(value) for value in said] for row, said in writer.values.items()}


def versions(api: Api, device: str) -> dict[int, list[float]]:
    """What each row said, in order of the events."""
    found: dict[int, list[float]] = {}
    for event in api.events(device):
        if event["kind"] == "result":
            found.setdefault(int(event["payload"]["result_id"]), []).append(event["value"])
    return found


def drained(api: Api, writers: dict[str, Writer]) -> None:
    def complete() -> bool:
        return all(
            {row: said[-1] for row, said in versions(api, device).items()}
            == {row: said[-1] for row, said in written(writer).items()}
            for device, writer in writers.items()
        )

    try:
        wait_until(complete, within=60, what="drained")
    except TimeoutError:
        return


def judge(api: Api, device: str, writer: Writer) -> None:
    """Every row with its last value, no version twice, none that was never written."""
    found = versions(api, device)
    assert len(writer.values) > 0
    assert writer.values.keys() - found.keys() == set(), f"{device}: lost"
    for row, said in written(writer).items():
        assert found[row][-1] == said[-1], f"{device}: the last value of {row} is lost"
        assert follows(found[row], said), f"{device}: {row} said {said}, found {found[row]}"
    ids = Counter(event["id"] for event in api.events(device))
    assert [id_ for id_, times in ids.items() if times > 1] == []


def follows(found: list[float], said: list[float]) -> bool:
    """Whether `found` is `said` with some versions left out: a poll sees only what is there."""
    rest = iter(said)
    return all(value in rest for value in found)
