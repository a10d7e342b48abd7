"""What a sender saw succeed survives `kill -9`: stored, indexed, and hash-correct."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import slow_sync
from tests.acceptance.live import Api, SiteFolder
from tests.dicom_peers import OURS
from tests.peers import Say, count, free_port, require_peer, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(2400)]

SENDERS = 4
SENDER = (sys.executable, "-m", "tests.acceptance.dicom_sender")


def site(port: int) -> dict[str, Any]:
    return {
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone"}},
            "storage": {"min_free": 10**6},
        }
    }


@contextmanager
def sending(home: Path, port: int) -> Iterator[list[Path]]:
    """Senders that outlive every kill; each notes what it saw succeed in its file."""
    logs = [home / f"sender-{number}" for number in range(SENDERS)]
    with subprocess.Popen([*SENDER, str(port), *map(str, logs)], stdin=subprocess.PIPE) as process:
        try:
            yield logs
        finally:
            process.communicate()


def acknowledged(logs: list[Path]) -> set[str]:
    """UIDs of the objects whose sender saw success."""
    return {uid for log in logs if log.exists() for uid in log.read_text().split("\n")[:-1]}


@pytest.mark.parametrize("added", [0.0, 8.0], ids=["fast-disk", "slow-disk"])
def test_every_object_that_succeeded_is_stored_indexed_and_whole(
    tmp_path: Path, added: float, say: Say
) -> None:
    if added:
        require_peer("cc")
    env = slow_sync.environment(added) if added else {}
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    port = free_port()
    folder = SiteFolder.write(tmp_path / "site", site(port))
    with Api.of(folder.data) as api:
        with sending(tmp_path, port) as logs:
            kills = count(3, 30)
            for number in range(kills):
                kill_once(folder, api, env, chance, logs, at_least=4 * number)
        with folder.gateway(env) as process:
            folder.wait_ready(api, process, within=60)
            sent = acknowledged(logs)
            judge(api, sent)
    say(f"{len(sent)} objects acknowledged over {kills} kills")
    assert len(sent) > kills


def kill_once(
    folder: SiteFolder,
    api: Api,
    env: dict[str, str],
    chance: random.Random,
    logs: list[Path],
    *,
    at_least: int,
) -> None:
    """Start the gateway, let some objects succeed, and kill it at a random moment."""
    with folder.gateway(env) as process:
        folder.wait_ready(api, process, within=60)
        wait_until(
            lambda: len(acknowledged(logs)) > at_least, within=60, what="an object that succeeded"
        )
        time.sleep(chance.uniform(0, 1.0))
        process.kill()
        process.wait()


def judge(api: Api, sent: set[str]) -> None:
    step = api.client.post("/api/v1/dicom/verify", params={"limit": 5000}, timeout=120).json()
    assert step["damaged"] == []
    assert step["next"] is None
    events = [event for event in api.events() if event["kind"] == "object"]
    stored = [event["value"] for event in events]
    assert sent - set(stored) == set(), "lost"
    assert len(stored) == len(set(stored)), "twice"
    assert step["objects"] == len(stored)
    assert api.get("/dicom")["instances"] == len(stored)
