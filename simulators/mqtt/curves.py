"""What the sensors measure: plausible curves over domain time, the same for the same seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

_DAY = 86_400.0
_ROUND = 900.0
"""Seconds from one patient to the next in a treatment room."""

_BEAM = (330.0, 480.0)
_DOOR_OPEN = ((0.0, 60.0), (270.0, 300.0), (510.0, 560.0))


def in_beam(seconds: float) -> bool:
    """Whether the treatment room irradiates, `seconds` into its day."""
    return _BEAM[0] <= seconds % _ROUND < _BEAM[1]


def door_open(seconds: float) -> bool:
    """Whether somebody has the door of the treatment room open; never while it irradiates."""
    return any(begin <= seconds % _ROUND < end for begin, end in _DOOR_OPEN)


@dataclass(slots=True)
class Air:
    """Temperature, relative humidity and battery of one place."""

    chance: random.Random
    mean: float
    swing: float
    _drift: float = field(default=0.0, init=False)

    def measure(self, seconds: float) -> tuple[float, float, float]:
        """°C, % and %; each call moves the slow drift of the air on."""
        self._drift = 0.97 * self._drift + self.chance.gauss(0.0, 0.04)
        temperature = self.mean + self.swing * math.sin(2 * math.pi * seconds / _DAY) + self._drift
        humidity = 48.0 - 2.5 * (temperature - self.mean) + self.chance.gauss(0.0, 0.15)
        battery = max(5.0, 97.0 - seconds / _DAY * 0.08)
        return temperature, min(95.0, max(15.0, humidity)), battery


@dataclass(slots=True)
class Radiation:
    """Ambient dose equivalent rate outside a treatment room, and the dose it adds up to."""

    chance: random.Random
    dose: float = field(default=0.0, init=False)
    _last: float | None = field(default=None, init=False)

    def measure(self, seconds: float) -> tuple[float, float]:
        """µSv/h and µSv since the counter began."""
        mean = 1.6 if in_beam(seconds) else 0.12
        rate = max(0.05, self.chance.gauss(mean, 0.06 * mean))
        if self._last is not None:
            self.dose += rate * max(0.0, seconds - self._last) / 3600.0
        self._last = seconds
        return rate, self.dose
