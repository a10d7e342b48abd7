"""`kill -9` of the gateway while devices send lines, with and without waiting to be accepted."""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count as count_up
from pathlib import Path
from typing import Any

import pytest

from simulators.line import ConfirmedLine, LineServer, weights
from tests.acceptance.live import Api, SiteFolder
from tests.integration.test_sqlpoll_kill import killed_once
from tests.peers import Say, count, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1200)]

ANALYZER = {
    "driver": "line",
    "title": "Analyzer",
    "grade": "derived",
    "source": "these tests",
    "framing": {"start": "\x02", "end": "\x03", "checksum": {"kind": "xor8", "hex": True}},
    "accept": "\x06",
    "refuse": "\x15",
    "lines": [{"match": r"(?P<specimen>S\d+),(?P<GLU>[\d.]+) *(?P<unit>\S+)"}],
    "points": {"GLU": {"unit": "mmol/L"}},
}


def results() -> Iterator[str]:
    for number in count_up(1):
        yield f"S{number:06d},{number}.50 mmol/L"


def sample_of(message: str) -> str:
    return message.partition(",")[0]


@contextmanager
def sending(analyzer: ConfirmedLine, scale: LineServer) -> Iterator[tuple[int, int]]:
    """Both devices in a thread of their own; their ports."""
    ports: list[tuple[int, int]] = []
    over = threading.Event()

    async def serve() -> None:
        async with analyzer.serving() as first, scale.serving() as second:
            ports.append((first, second))
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="lines")
    thread.start()
    try:
        wait_until(lambda: bool(ports), within=10, what="the devices")
        yield ports[0]
    finally:
        over.set()
        thread.join()


def site(analyzer: int, scale: int) -> dict[str, Any]:
    def link(port: int) -> dict[str, Any]:
        return {"driver": "line", "transport": {"type": "tcp", "host": "127.0.0.1", "port": port}}

    return {
        "links": {"bench": link(analyzer), "door": link(scale)},
        "devices": {
            "analyzer": {"link": "bench", "profile": "framed"},
            "scale": {"link": "door", "profile": "scale"},
        },
        "profiles": {"framed": ANALYZER},
    }


def test_nothing_accepted_is_lost_and_at_most_one_is_doubled_a_kill(
    tmp_path: Path, say: Say
) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance, kills = random.Random(seed), count(4, 40)
    analyzer = ConfirmedLine(results())
    scale = LineServer(weights(random.Random(seed + 1)), rate=200, glue=True)
    with sending(analyzer, scale) as ports:
        folder = SiteFolder.write(tmp_path / "site", site(*ports))
        with Api.of(folder.data) as api:
            for _ in range(kills):
                killed_once(folder, api, chance)
    with folder.gateway() as process, Api.of(folder.data) as api:
        folder.wait_ready(api, process, within=30)
        judge_accepted(api, analyzer, kills)
        judge_unasked(api, scale)
        waits = api.get("/quarantine", limit=1000)["items"]
    assert {item["reason"] for item in waits} <= {"incomplete"}
    say(f"{len(analyzer.accepted)} accepted, {len(scale.sent)} lines sent, {len(waits)} broken off")


def judge_accepted(api: Api, analyzer: ConfirmedLine, kills: int) -> None:
    """What was accepted is there, in order; what was sent again after a kill is there twice."""
    found = [each["subject"]["specimen"] for each in values(api, "analyzer")]
    accepted = {sample_of(message) for message in analyzer.accepted}
    assert len(accepted) > kills
    assert accepted - set(found) == set(), "accepted and lost"
    assert set(found) <= {sample_of(message) for message in analyzer.sent}
    assert found == sorted(found), "out of order"
    doubled = [sample for sample, times in Counter(found).items() if times > 1]
    assert len(doubled) <= kills
    assert all(Counter(found)[sample] == 2 for sample in doubled)


def judge_unasked(api: Api, scale: LineServer) -> None:
    """Nothing that a scale didn't say: what it said while nobody listened is left out."""
    said = iter([line[3:12].decode() for line in scale.sent])
    found = [each["value_text"] for each in values(api, "scale")]
    assert found
    assert all(text in said for text in found)


def values(api: Api, device: str) -> list[dict[str, Any]]:
    return [each for each in api.events(device) if each["kind"] in {"result", "measurement"}]
