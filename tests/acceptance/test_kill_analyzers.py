"""Analyzers whose gateway is killed, slow, or out of disk: each result once, in order."""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from bench import slow_sync
from tests.acceptance.analyzers import ASTM_CODES, HL7_CODES, Fleet, Load, Log, number_of
from tests.acceptance.live import Api, SiteFolder
from tests.acceptance.test_disk import SMALL, tiny_disk
from tests.peers import Say, count, full_run, require_peer, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.quiet, pytest.mark.timeout(1800)]

READY_WITHIN = 3.0
"""Seconds, judged in full runs: with reduced counts the machine is shared, and it is reported."""
_MARK = re.compile(rb"(?:astm|line)-\d+-\d{6}")


@dataclass(frozen=True, slots=True)
class Found:
    """What the gateway says: codes of results by mark, in order of seq; marks that broke off."""

    results: dict[str, dict[str, Counter[str]]]
    order: dict[str, list[str]]
    broken_off: set[str]

    @classmethod
    def at(cls, api: Api, load: Load) -> Found:
        results: dict[str, dict[str, Counter[str]]] = {name: {} for name in load.logs}
        order: dict[str, list[str]] = {name: [] for name in load.logs}
        for event in api.events():
            if event["kind"] != "result":
                continue
            device, mark = event["device"], event["subject"]["specimen"]
            results[device].setdefault(mark, Counter())[event["code"]] += 1
            order[device].append(mark)
        return cls(results, order, set(broken_off(api)))


def broken_off(api: Api) -> Iterator[str]:
    """The marks of the transfers that wait as INCOMPLETE."""
    for item in quarantine(api):
        assert item["reason"] == "incomplete", item
        marks = _MARK.findall(api.message(item["raw_id"]))
        yield from (mark.decode() for mark in marks)


def quarantine(api: Api) -> Iterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        page = api.get("/quarantine", after=after, limit=1000)
        yield from page["items"]
        after = page["next"]


def fleet() -> Fleet:
    """Fifty analyzers in full; a few by default, which send faster."""
    if full_run():
        return Fleet(tcp=20, pty=10, mllp=20, interval=0.15)
    return Fleet(tcp=5, pty=2, mllp=5)


@pytest.mark.parametrize("added", [0.0, 8.0], ids=["fast-disk", "slow-disk"])
def test_nothing_that_analyzers_were_told_is_stored_is_lost_or_doubled(
    tmp_path: Path, added: float, say: Say
) -> None:
    if added:
        require_peer("cc")
    env = slow_sync.environment(added) if added else {}
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    load = Load(fleet())
    with load.plugged_in() as paths:
        folder = SiteFolder.write(tmp_path / "site", load.fleet.site(paths))
        with Api.of(folder.data) as api:
            with ExitStack() as last:
                with load.sending():
                    ready = [killed_once(folder, api, env, chance) for _ in range(count(3, 40))]
                    process = last.enter_context(folder.gateway(env))
                    folder.wait_ready(api, process, within=30)
                settled(api, load)
                judge(Found.at(api, load), load)
            with folder.gateway(env) as process:
                folder.wait_ready(api, process, within=30)
                found = Found.at(api, load)
                judge(found, load)
    say(figures(load, found, ready))
    if full_run():
        assert max(ready) <= READY_WITHIN, f"seed {seed}"


def killed_once(folder: SiteFolder, api: Api, env: dict[str, str], chance: random.Random) -> float:
    """Start the gateway, kill it at a random moment; seconds until it was ready."""
    with folder.gateway(env) as process:
        took = folder.wait_ready(api, process, within=30)
        time.sleep(chance.uniform(0.2, 2.0))
        process.kill()
        process.wait()
    return took


def settled(api: Api, load: Load) -> None:
    """Wait until what was acknowledged last is published: EOT has no answer."""

    def complete() -> bool:
        found = Found.at(api, load)
        return all(
            set(log.acknowledged) <= set(found.results[name])
            and {each.mark for each in log.attempts if each.broken} <= found.broken_off
            for name, log in load.logs.items()
        )

    try:
        wait_until(complete, within=30, what="settled")
    except TimeoutError:
        return


def judge(found: Found, load: Load) -> None:
    for name in load.fleet.astm:
        judge_astm(found, name, load.logs[name])
    for name in load.fleet.hl7:
        judge_common(found, name, load.logs[name], HL7_CODES)
    broken = {each.mark for log in load.logs.values() for each in log.attempts if not each.sent}
    assert found.broken_off <= broken, "a transfer that was sent to its end waits as broken off"


def judge_common(found: Found, name: str, log: Log, codes: tuple[str, ...]) -> None:
    """Every acknowledged message has its results, each message all of them or none, in order."""
    results = found.results[name]
    assert log.acknowledged, f"{name}: nothing was acknowledged"
    assert set(log.acknowledged) - set(results) == set(), f"{name}: lost"
    wrong = {mark: each for mark, each in results.items() if each != Counter(codes)}
    assert wrong == {}, f"{name}: doubled, or not whole"
    numbers = [number_of(mark) for mark in found.order[name]]
    assert numbers == sorted(numbers), f"{name}: out of order"
    refused = {mark for mark, code in log.answers if code != "AA"}
    assert refused & set(results) <= set(log.acknowledged), f"{name}: refused, and yet stored"


def judge_astm(found: Found, name: str, log: Log) -> None:
    """Besides, what broke off before its last frame is no result but waits for a person."""
    judge_common(found, name, log, ASTM_CODES)
    could_end = {each.mark for each in log.attempts if each.acked >= each.frames - 1}
    assert set(found.results[name]) <= could_end, f"{name}: results of a broken-off transfer"
    broken = {each.mark for each in log.attempts if each.broken}
    assert broken - found.broken_off == set(), f"{name}: broken off, and not in quarantine"


def figures(load: Load, found: Found, ready: list[float]) -> str:
    logs = load.logs.values()
    acknowledged = sum(len(log.acknowledged) for log in logs)
    broken = sum(each.broken for log in logs for each in log.attempts)
    results = sum(len(marks) for marks in found.order.values())
    return (
        f"{len(ready)} kills, {len(load.logs)} analyzers: {acknowledged} messages acknowledged, "
        f"{broken} transfers broken off, {results} results; none lost, none doubled. "
        f"Ready again: median {median(ready):.2f} s, worst {max(ready):.2f} s"
    )


def fill(disk: Path) -> Path:
    """A file that leaves no room on the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(65536)):
                pass
        except OSError:
            pass
    return ballast


def test_a_full_disk_is_answered_with_no_until_there_is_room(tmp_path: Path, say: Say) -> None:
    load = Load(Fleet(tcp=5, pty=2, mllp=5))
    with tiny_disk(tmp_path / "disk") as disk, load.plugged_in() as paths:
        folder = SiteFolder.write(disk / "site", {**load.fleet.site(paths), **SMALL})
        with folder.gateway() as process, Api.of(folder.data) as api:
            folder.wait_ready(api, process, within=30)
            with load.sending():
                more_acknowledged(load, than=0)
                ballast = fill(disk)
                wait_until(lambda: not api.is_ready(), within=30, what="/readyz to say no")
                more_refused(load)
                held = acknowledged(load)
                more_refused(load)
                assert acknowledged(load) == held
                ballast.unlink()
                wait_until(api.is_ready, within=30, what="/readyz to say yes again")
                more_acknowledged(load, than=max(map(len, held.values())))
            settled(api, load)
            judge(Found.at(api, load), load)
            assert process.poll() is None
    say(f"{sum(log.refusals for log in load.logs.values())} refusals")


def acknowledged(load: Load) -> dict[str, list[str]]:
    return {name: log.acknowledged for name, log in load.logs.items()}


def more_acknowledged(load: Load, than: int) -> None:
    wait_until(
        lambda: all(len(marks) > than + 3 for marks in acknowledged(load).values()),
        within=60,
        what="every analyzer to be acknowledged more",
    )


def more_refused(load: Load) -> None:
    """Wait until ASTM and HL7 were both told no, several times more."""
    for names in (load.fleet.astm, load.fleet.hl7):
        logs = [load.logs[name] for name in names]
        before = sum(log.refusals for log in logs)
        wait_until(
            lambda logs=logs, before=before: sum(log.refusals for log in logs) >= before + 20,  # type: ignore[misc]
            within=120,
            what="refusals",
        )
