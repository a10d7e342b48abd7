"""Time keeping as a room: open where devices.yaml names time servers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.room import (
    NOTED_SYSTEM,
    Attention,
    Glance,
    Level,
    Principal,
    Room,
    RoomContext,
    Running,
    tells,
)
from gateway.timekeeping.options import TimeOptions
from gateway.timekeeping.source import ask
from gateway.timekeeping.watch import Standing, Watch

_CLOCK = {"en": "The gateway's clock", "zh-CN": "网关时钟"}


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    watch = Watch(context.section, context.ports, context.clock, ask)

    async def glance(_who: Principal) -> Glance:
        verdict = watch.verdict
        if verdict.standing is Standing.OFF and verdict.offset is not None:
            why = {
                "en": f"It is off by {verdict.offset:+.3f} s: every time of receipt is.",
                "zh-CN": f"偏差 {verdict.offset:+.3f} 秒，所有接收时间随之偏差。",
            }
            return Glance(attention=(Attention(Level.HIGH, _CLOCK, why, "", verdict.since),))
        if verdict.standing is Standing.UNKNOWN:
            why = {
                "en": f"It can't be compared: {verdict.detail}.",
                "zh-CN": f"无法校对：{verdict.detail}。",
            }
            return Glance(attention=(Attention(Level.LOW, _CLOCK, why, "", verdict.since),))
        return Glance()

    yield Running(services=(watch,), jobs={"watch": watch.run}, glance=glance)


room = Room(
    name="time",
    open=_open,
    section=TimeOptions,
    tells=tells(
        NOTED_SYSTEM,
        {
            "clock unknown": ("No time server answers", "时间服务器无应答"),
            "clock right": ("The clock is right", "时钟准确"),
            "clock off": ("The clock is off", "时钟偏差过大"),
        },
    ),
)
