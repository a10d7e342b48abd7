"""A first start that `kill -9` cuts short, at any moment, is followed by one that gets ready."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.live import Api, SiteFolder
from tests.peers import LOOPBACK, Say, count, free_port

pytestmark = [pytest.mark.acceptance, pytest.mark.quiet, pytest.mark.timeout(1200)]

_AFTER_READY = 0.5
"""Seconds in which the first events make the first files of the store."""


def test_a_first_start_cut_short_is_followed_by_one_that_gets_ready(
    tmp_path: Path, say: Say
) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    takes = _started(SiteFolder.write(tmp_path / "whole", site()))
    for number in range(count(5, 60)):
        folder = SiteFolder.write(tmp_path / str(number), site())
        with folder.gateway() as process:
            time.sleep(chance.uniform(0, takes + _AFTER_READY))
            process.kill()
            process.wait()
        _started(folder)


def _started(folder: SiteFolder) -> float:
    """Seconds until a gateway on a directory is ready."""
    with Api.of(folder.data) as api, folder.gateway() as process:
        return folder.wait_ready(api, process, within=30)


def site() -> dict[str, Any]:
    """Every room that keeps files, and a link that says at once that nobody answers."""
    return {
        "links": {
            "meters": {
                "driver": "modbus",
                "transport": {"type": "tcp", "host": LOOPBACK, "port": free_port()},
            }
        },
        "devices": {"meter": {"link": "meters", "profile": "three-phase-meter", "unit": 1}},
        "schedule": {"resources": {"linac": {"name": "Linac"}}},
        "queue": {"queues": {"linac": {"name": "Linac", "resource": "linac"}}},
        "dicom": {
            "listeners": [{"host": LOOPBACK, "port": free_port()}],
            "titles": {"ISOGATE": {"allow": "anyone"}},
        },
        "tps": {"machines": {"LA1": {"level": "observed", "resource": "linac"}}},
    }
