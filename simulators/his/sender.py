"""The system's line: it calls the gateway and sends, each message once it was answered the last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from simulators.his.department import Department
from simulators.his.plan import BY_DAY, Hours
from simulators.hl7.analyzer import FAULTS, Analyzer, Sent, hl7_analyzer

__all__ = ["FAULTS", "His", "his"]

His = Analyzer
"""A running system; it knows the faults of every sender on MLLP."""


@asynccontextmanager
async def his(
    port: int,
    *,
    host: str = "127.0.0.1",
    seed: int = 1,
    speed: float = 1.0,
    zone: str = "Asia/Shanghai",
    hours: Hours = BY_DAY,
    log: Callable[[Sent], None] | None = None,
) -> AsyncIterator[His]:
    """A system that calls `port` within the block, and tries again while nobody answers."""
    clock = ZoneInfo(zone)
    department = Department(seed, clock, hours)

    def pause() -> float:
        return department.pause(datetime.now(clock)) / speed

    async with hl7_analyzer(
        host,
        port,
        role="client",
        composer=department,
        charset="gb18030",
        interval=pause,
        zone=zone,
        log=log,
    ) as running:
        yield running
