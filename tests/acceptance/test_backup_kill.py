"""A gateway that is killed while it makes a backup; what is restored equals what was there."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from bench.store_load import fill, message_batches, sensor_batches
from gateway.backup import PURPOSE, Backup, Kind, Shelf, shelf_of, verify
from gateway.model import SystemClock
from gateway.seal import KeyFile, Keyring, Sealer, suite_named
from gateway.store import EventStore, StoreOptions
from tests.acceptance.live import ISOGATE, Api, SiteFolder
from tests.peers import Say, count, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(900)]

_SITE: Mapping[str, Any] = {"links": {}, "devices": {}}
_DRAFT = ".part-"
_READ_ONLY = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


def test_a_kill_leaves_a_whole_backup_or_none(tmp_path: Path, say: Say) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    target = tmp_path / "backups"
    site = {**_SITE, "backup": {"target": str(target), "drill_on": "never"}}
    folder = SiteFolder.write(tmp_path / "site", site)
    ring = _furnish(folder.data)
    kept = halves = 0
    with Api.of(folder.data) as api:
        for number in range(count(5, 40)):
            with folder.gateway() as process:
                folder.wait_ready(api, process, within=60)
                if kept and number % 2:
                    api.client.post("/api/v1/backups", json={"full": True}).raise_for_status()
                    _in_the_making(target)
                elif kept:
                    api.client.post("/api/v1/backups", json={}).raise_for_status()
                    _begun(api)
                    time.sleep(chance.uniform(0.0, 0.4))
                else:
                    api.client.post("/api/v1/backups", json={"full": True}).raise_for_status()
                    _ended(api)
                process.kill()
                process.wait()
            shelf = _shelf(target, ring)
            assert shelf.damaged == ()
            assert kept <= len(shelf.backups) <= kept + 1
            kept = len(shelf.backups)
            halves += len(list(target.glob(f"{_DRAFT}*")))
            for chain in shelf.chains():
                verify(shelf.chain(chain[-1]), ring, lambda *_: None)
            asyncio.run(_fill(folder.data, ring, number + 1))
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            before = api.events()
            for what in ("backup", "verify", "drill"):
                api.client.post("/api/v1/backups", json={"what": what}).raise_for_status()
            report = _ended(api)
    say(f"{halves} kills met a backup in the making, {kept} backups were complete")
    assert halves
    assert report["drill"]["passed"], report["drill"]
    assert list(target.glob(f"{_DRAFT}*")) == []
    latest = _shelf(target, ring).until(None)
    assert latest.manifest.kind is Kind.INCREMENT
    restored = SiteFolder.write(tmp_path / "restored", _SITE)
    _restore(restored.data, target, folder.data / "keys")
    _compare(restored.data, latest)
    with Api.of(restored.data) as api, restored.gateway() as process:
        restored.wait_ready(api, process, within=60)
        found = api.events()
    upto = latest.manifest.last_seq
    assert upto > 40_000
    assert _until(upto, found) == _until(upto, before)


def _until(upto: int, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["seq"] <= upto]


def _furnish(data: Path) -> Keyring:
    """Facts of some time, as a gateway leaves them: some segments closed, some open."""
    ring = Keyring.fresh(suite_named("aes-256-gcm"), "")
    KeyFile(data / "keys" / "ring.json").write(ring)
    asyncio.run(_fill(data, ring, 0, sensors=40_000))
    return ring


async def _fill(data: Path, ring: Keyring, number: int, sensors: int = 1500) -> None:
    """The share of one start: telemetry, and messages of patients."""
    options = StoreOptions(ring=ring)
    async with EventStore.open(data / "store", options, SystemClock()) as store:
        await fill(store, sensor_batches(store, sensors, first=number * 100_000))
        await fill(store, message_batches(store, 100, first=number * 1000))
        if number == 0:
            await store.close_segments(current=True)


def _shelf(target: Path, ring: Keyring) -> Shelf:
    return shelf_of(target, Sealer(ring, PURPOSE))


def _in_the_making(target: Path) -> None:
    """Watch the folder itself: a backup of a fast machine is done before its page says so."""
    deadline = time.monotonic() + 60
    while not any(target.glob(f"{_DRAFT}*")):
        if time.monotonic() > deadline:
            raise TimeoutError("no backup in the making within 60 s")
        time.sleep(0.001)


def _begun(api: Api) -> None:
    """Wait until a backup is being written, or is done already."""

    def is_at_work() -> bool:
        report = api.get("/backups")
        return report["work"] is not None or not report["busy"]

    wait_until(is_at_work, within=60, what="the backup begins")


def _ended(api: Api) -> dict[str, Any]:
    """The report when nothing is being done any more."""
    wait_until(lambda: not api.get("/backups")["busy"], within=120, what="the backup is done")
    report: dict[str, Any] = api.get("/backups")
    assert report["failed"] == ""
    return report


def _restore(data: Path, target: Path, keys: Path) -> None:
    """Restore, and lay the audit's key beside as `isogate keys import` does: no backup has it."""
    ring = keys / "ring.json"
    words = ("restore", data, "--from", target, "--keys", f"file:{ring}", "--json")
    command: list[str | Path] = [*ISOGATE, *words]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "isogate keys import COPY" in done.stderr
    again = subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)
    assert again.returncode == 5
    assert "which the backup would replace" in again.stderr
    (data / "keys").mkdir(exist_ok=True)
    shutil.copy(keys / "audit.key", data / "keys")


def _compare(data: Path, backup: Backup) -> None:
    """Every file again by hash, every table by its count."""
    for file in backup.manifest.files:
        path = data / file.name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.digest, file.name
        for table, rows in file.rows.items():
            with closing(apsw.Connection(f"file:{path}?immutable=1", flags=_READ_ONLY)) as found:
                assert found.execute(f'SELECT count(*) FROM "{table}"').get == rows  # noqa: S608
    assert sum(file.rows.get("event", 0) for file in backup.manifest.files) > 0
