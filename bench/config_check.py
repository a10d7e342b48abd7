"""Checking a devices.yaml of 1,000 devices, every error located.

The peer reads the same file with PyYAML's C loader and walks the plain values: no types, no
places, no meaning. It is a ceiling, not a competitor.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from bench.case import Case, Options
from gateway.config import check_site, discover_drivers, discover_rooms
from gateway.errors import Problem

_GOAL_MS = 150.0
_HEAD = """\
site: {id: bench, name: {zh-CN: 测试, en: Bench}, time_zone: Asia/Shanghai}
links:
"""
_LINK = """\
  line-{n}: {{driver: modbus, framing: rtu, transport: {{type: tcp, host: 10.0.0.{n}, port: 502}}}}
"""
_METER = """\
  meter-{n}:
    name: {{zh-CN: {n} 号电表, en: Meter {n}}}
    location: {{zh-CN: 配电间, en: Switch room}}
    profile: three-phase-meter
    link: line-{link}
    unit: {unit}
    interval: 1
"""
_PER_LINK = 100


def site_file(devices: int, *, wrong: bool) -> str:
    """A site of meters; with `wrong`, one in ten has a unit that no line allows."""
    links = "".join(_LINK.format(n=n + 1) for n in range(-(-devices // _PER_LINK)))
    meters = (
        _METER.format(
            n=n + 1,
            link=n // _PER_LINK + 1,
            unit=999 if wrong and n % 10 == 0 else n % _PER_LINK + 1,
        )
        for n in range(devices)
    )
    return f"{_HEAD}{links}devices:\n{''.join(meters)}"


async def run(options: Options) -> Sequence[Case]:
    devices, rounds = (20, 1) if options.smoke else (1000, 21)
    with tempfile.TemporaryDirectory() as folder:
        good, bad = Path(folder) / "good.yaml", Path(folder) / "bad.yaml"
        good.write_text(site_file(devices, wrong=False), encoding="utf-8")
        bad.write_text(site_file(devices, wrong=True), encoding="utf-8")
        assert not _check(good)
        assert len(_check(bad)) == devices // 10
        checked, located, plain = _medians(
            [lambda: _check(good), lambda: _check(bad), lambda: _plain(good)], rounds
        )
        size = f"{good.stat().st_size / 1000:.0f} kB"
    return [
        _case(f"{devices} devices", checked, size, goal=_GOAL_MS),
        _case(f"{devices} devices, 1 in 10 wrong", located, size, goal=_GOAL_MS),
        _case(f"{devices} devices, beside a bare parse", checked, size, peer=plain),
    ]


def _case(
    name: str, ours: float, size: str, *, goal: float | None = None, peer: float | None = None
) -> Case:
    return Case(
        name="config_check",
        case=name,
        ours=ours,
        unit="ms",
        better="lower",
        peer=peer,
        peer_name="PyYAML's C loader and a walk: nothing checked" if peer else "",
        goal=goal,
        size=size,
        durable=False,
        peer_ack="none",
    )


def _medians(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median milliseconds of each, measured in turn."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, each in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            each.append((time.perf_counter() - start) * 1000)
    return [median(each) for each in times]


def _check(file: Path) -> list[Problem]:
    return check_site(file, drivers=discover_drivers(), rooms=discover_rooms())


def _plain(file: Path) -> int:
    return _walk(yaml.load(file.read_bytes(), yaml.CSafeLoader))


def _walk(value: Any) -> int:
    match value:
        case dict():
            return sum(_walk(each) for each in value.values())
        case list():
            return sum(_walk(each) for each in value)
        case _:
            return 1
