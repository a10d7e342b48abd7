"""What was acknowledged survives `kill -9` at any moment, and nothing appears twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from bench import slow_sync
from tests.acceptance.live import Api, SiteFolder
from tests.acceptance.load import DEVICES, Sender, site
from tests.peers import Broker, Say, count, full_run, require_peer, wait_until

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.quiet,
    pytest.mark.peer,
    pytest.mark.timeout(1200),
]

READY_WITHIN = 3.0
"""Seconds, judged in full runs: with reduced counts the machine is shared, and it is reported."""
RATE = 150.0


@pytest.fixture
def meters() -> Iterator[int]:
    """Port of simulated meters that outlive every kill."""
    command = [sys.executable, "-m", "simulators.hospital", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["ports"]["meters"])
        process.terminate()


@pytest.mark.parametrize("added", [0.0, 8.0], ids=["fast-disk", "slow-disk"])
def test_nothing_acknowledged_is_lost_or_doubled(
    tmp_path: Path, broker: Broker, meters: int, added: float, say: Say
) -> None:
    if added:
        require_peer("cc")
    env = slow_sync.environment(added) if added else {}
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    folder = SiteFolder.write(tmp_path / "site", site(broker, meters))
    sender = Sender(broker, RATE)
    with Api.of(folder.data) as api:
        start(folder, api, env)
        with sender.sending():
            ready = [killed_once(folder, api, env, chance) for _ in range(count(4, 40))]
        with folder.gateway(env) as process:
            folder.wait_ready(api, process, within=30)
            drained(api, sender)
            judge(api, sender)
    say(
        f"ready again after kill -9: median {median(ready):.2f} s, "
        f"worst {max(ready):.2f} s of {len(ready)}"
    )
    if full_run():
        assert max(ready) <= READY_WITHIN, f"seed {seed}"


def start(folder: SiteFolder, api: Api, env: dict[str, str]) -> None:
    """A first start, so that the broker knows the subscription before anything is sent."""
    with folder.gateway(env) as process:
        folder.wait_ready(api, process, within=30)
        wait_until(lambda: api.links_up("sensors", "meters"), within=30, what="both links up")


def killed_once(folder: SiteFolder, api: Api, env: dict[str, str], chance: random.Random) -> float:
    """Start the gateway, kill it at a random moment; seconds until it was ready."""
    with folder.gateway(env) as process:
        took = folder.wait_ready(api, process, within=30)
        time.sleep(chance.uniform(0, 1.5))
        process.kill()
        process.wait()
    return took


def numbers(api: Api, device: str) -> Counter[int]:
    return Counter(int(event["value"]) for event in api.events(device) if event["code"] == "n")


def drained(api: Api, sender: Sender) -> None:
    """Wait until the broker has handed over all that it acknowledged to the sender."""

    def complete() -> bool:
        return all(sender.acknowledged[device] <= set(numbers(api, device)) for device in DEVICES)

    try:
        wait_until(complete, within=60, what="drained")
    except TimeoutError:
        return


def judge(api: Api, sender: Sender) -> None:
    for device in DEVICES:
        found = numbers(api, device)
        assert len(sender.acknowledged[device]) > 0
        assert sender.acknowledged[device] - set(found) == set(), f"{device}: lost"
        assert [number for number, times in found.items() if times > 1] == [], f"{device}: twice"
    events: list[dict[str, Any]] = api.events()
    ids = Counter(event["id"] for event in events)
    assert [id_ for id_, times in ids.items() if times > 1] == []
    seqs = [event["seq"] for event in events]
    assert seqs == sorted(set(seqs))
    assert {f"meter-{unit}" for unit in range(1, 7)} <= {event["device"] for event in events}
