"""`kill -9` of the gateway while it polls a MariaDB that is being written."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from simulators.sqlpoll import MYSQL
from tests.acceptance.live import Api, SiteFolder
from tests.integration.test_sqlpoll_kill import Writer, drained, judge, killed_once
from tests.mariadb import MariaDb, mariadb
from tests.peers import Say, count

pytestmark = [pytest.mark.acceptance, pytest.mark.peer, pytest.mark.timeout(1200)]


def site(server: MariaDb) -> dict[str, Any]:
    link = {
        "driver": "sqlpoll",
        "database": "mysql",
        "host": server.host,
        "port": server.port,
        "name": "lis",
        "user": "isogate",
        "password": "file:password",
    }
    device = {"link": "lis", "profile": "results-view", "interval": 0.2}
    return {"links": {"lis": link}, "devices": {"on-mysql": device}}


def test_nothing_written_to_mysql_is_lost_or_doubled(tmp_path: Path, say: Say) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    with mariadb() as server:
        writer = Writer(server.connect, MYSQL, random.Random(seed + 1))
        writer.create()
        folder = SiteFolder.write(tmp_path / "site", site(server))
        (folder.home / "password").write_text(server.password)
        with Api.of(folder.data) as api:
            with writer.writing():
                for _ in range(count(2, 20)):
                    killed_once(folder, api, chance)
            with folder.gateway() as process:
                folder.wait_ready(api, process, within=30)
                drained(api, {"on-mysql": writer})
                judge(api, "on-mysql", writer)
    say(f"{len(writer.values)} rows")
