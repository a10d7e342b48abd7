"""A call to every screen of a hall: from the press of the key until each has the new board."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence

from bench._http import served
from bench._screen import all_have, opened
from bench.case import Case, Options

_PATH = "/display/hall-1/stream"
_PAUSE = 0.5
_WARM = 20
_GOALS = {500: 50.0, 2000: 150.0}
_MEMORY_GOAL = 20.0


async def run(options: Options) -> Sequence[Case]:
    """Each call is judged, written down in memory, folded, made a board and sent."""
    sizes = (5,) if options.smoke else (500, 2000)
    calls = 2 if options.smoke else 20
    return [case for screens in sizes for case in await _measure(screens, calls)]


class _Pressed:
    """When the key was pressed last, and how long after it a board came."""

    at = 0

    def heard(self, data: bytes, now: int) -> list[float]:
        return [(now - self.at) / 1e6] * data.count(b"event: board\n") if self.at else []


async def _measure(count: int, calls: int) -> list[Case]:
    pressed = _Pressed()
    async with served("displays") as server:
        assert server.process.stdout is not None
        for screen in await opened(server, _PATH, _WARM, pressed.heard):
            screen.close()
        before = server.resident()
        screens = await opened(server, _PATH, count, pressed.heard)
        for number in range(1, calls + 2):
            await asyncio.sleep(_PAUSE)
            await server.publish()
            pressed.at = int(await server.process.stdout.readline())
            await all_have(screens, number)
        memory = (server.resident() - before) / count / 1000
        for screen in screens:
            screen.close()
    delays = [delay for screen in screens for delay in screen.delays[1:]]
    said = f"a board of {screens[0].size} bytes, forty who wait, to {count} screens of a zone"
    return [
        Case(
            name="displays",
            case=f"p99 from the call until a screen has it, {count} screens",
            ours=statistics.quantiles(delays, n=100)[98],
            unit="ms",
            better="lower",
            goal=_GOALS.get(count),
            size=said,
            durable=False,
        ),
        Case(
            name="displays",
            case=f"memory of a screen, {count} screens",
            ours=memory,
            unit="kB",
            better="lower",
            goal=None if count < min(_GOALS) else _MEMORY_GOAL,
            size="resident memory of the server after the calls, less before the screens",
            durable=False,
        ),
    ]
