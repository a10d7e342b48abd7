"""Forwarding over `kill -9`: all that was acknowledged arrives, and twice only what is said so."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from tests.acceptance.live import Api, SiteFolder
from tests.acceptance.test_dicom_kill import SENDERS, acknowledged, kill_once, sending
from tests.dicom_peers import OURS, Foreign, storescp
from tests.peers import LOOPBACK, Say, count, free_port, full_run, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.peer, pytest.mark.timeout(2400)]


def site(port: int, archive: int, associations: int) -> dict[str, Any]:
    return {
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone"}},
            "peers": {"archive": {"title": "STORESCP", "host": LOOPBACK, "port": archive}},
            "forward": {
                "destinations": {"archive": {"associations": associations, "longest_pause": 1}},
                "rules": [{"name": "all", "to": ["archive"]}],
            },
            "storage": {"min_free": 10**6},
        }
    }


@contextmanager
def archive_of(folder: Path) -> Iterator[Foreign]:
    """It keeps every receipt as a file of its own, so that nothing sent twice is hidden."""
    with asyncio.Runner() as runner:
        context = storescp(folder, "--unique-filenames")
        archive = runner.run(context.__aenter__())
        try:
            yield archive
        finally:
            runner.run(context.__aexit__(None, None, None))


def receipts(archive: Foreign) -> Counter[str]:
    """How often each object came, by its SOP Instance UID."""
    return Counter(
        str(dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
        for path in archive.folder.iterdir()
    )


@pytest.mark.parametrize("associations", [1, 3] if full_run() else [3])
def test_what_was_acknowledged_arrives_and_twice_only_if_its_answer_was_lost(
    tmp_path: Path, associations: int, say: Say
) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    port, kills = free_port(), count(3, 30)
    with archive_of(tmp_path / "in") as archive:
        folder = SiteFolder.write(tmp_path / "site", site(port, archive.port, associations))
        with Api.of(folder.data) as api:
            with sending(tmp_path, port) as logs:
                for number in range(kills):
                    kill_once(folder, api, {}, chance, logs, at_least=SENDERS * number)
            sent = acknowledged(logs)
            with folder.gateway({}) as process:
                folder.wait_ready(api, process, within=60)
                wait_until(lambda: is_empty(api), within=120, what="an empty queue")
                events = api.events()
                stored = {each["value"] for each in events if each["kind"] == "object"}
                outcomes = [each for each in events if each["code"] == "forward.sent"]
    came = receipts(archive)
    twice = {uid for uid, times in came.items() if times > 1}
    said = {each["payload"]["sop_instance"] for each in outcomes if each["payload"]["again"]}
    say(
        f"{len(sent)} acknowledged, {came.total()} arrived over {kills} kills;"
        f" {len(twice)} twice, {len(said)} were said to be in doubt"
    )
    assert sent <= stored
    assert stored == set(came), "lost, or never stored"
    assert twice <= said, "sent twice although its answer was not lost"
    assert len(said) <= associations * kills
    assert max(came.values()) <= kills + 1


def is_empty(api: Api) -> bool:
    (queue,) = api.get("/dicom/queues")["items"]
    assert not queue["dead"], queue
    return not queue["waiting"] and bool(queue["done"])
