"""Shapes of a hospital's day."""

from __future__ import annotations

import math
import random

DAY = 86_400.0


def day_load(now: float) -> float:
    """Share of the working-hours load, 0.25 at night to 1 around eleven and three."""
    hour = now % DAY / 3600
    morning = math.exp(-(((hour - 11) / 2.6) ** 2))
    afternoon = math.exp(-(((hour - 15.5) / 2.4) ** 2))
    return 0.25 + 0.75 * min(1.0, morning + 0.9 * afternoon)


def outdoors(now: float) -> float:
    """Degrees outside on a mild day: coldest at five, warmest at three."""
    hour = now % DAY / 3600
    return 21 + 7 * math.sin((hour - 9) / 24 * 2 * math.pi)


class Wander:
    """A smooth random walk around 0 with about unit spread: the same for the same seed."""

    def __init__(self, seed: str, period: float = 60.0) -> None:
        self._seed = seed
        self._period = period

    def __call__(self, now: float) -> float:
        step, part = divmod(now / self._period, 1.0)
        smooth = part * part * (3 - 2 * part)
        return self._knot(int(step)) * (1 - smooth) + self._knot(int(step) + 1) * smooth

    def _knot(self, step: int) -> float:
        return random.Random(f"{self._seed}/{step}").gauss(0, 1)
