"""A chiller's unit controller: holding registers, temperatures in tenths of a degree."""

from __future__ import annotations

from simulators.modbus.curves import Wander, day_load, outdoors
from simulators.modbus.image import HOLDING, Image

_SIZE = 328
_SETPOINT = 7.0
_START_AT = 12_345 * 3600.0


class Chiller:
    """Cools as the building asks; its counters begin in the middle of a life."""

    def __init__(self, seed: str) -> None:
        self._noise = [Wander(f"{seed}/{name}") for name in ("supply", "load", "air")]

    def image(self, now: float) -> Image:
        image = Image({HOLDING: _SIZE})
        load = min(1.0, max(0.2, day_load(now) + 0.05 * self._noise[1](now)))
        supply = _SETPOINT + 0.15 * self._noise[0](now)
        for number, value in {
            5: 0,
            6: 1,
            8: 1,
            11: 2,
            12: _SETPOINT * 10,
            13: load * 1000,
            15: 3,
            16: (supply + 5.5 * load) * 10,
            17: supply * 10,
            24: (outdoors(now) + 0.5 * self._noise[2](now)) * 10,
            73: 842 + now // 86_400,
        }.items():
            image.word(HOLDING, number - 1, value)
        image.double(HOLDING, 73, int((_START_AT + now) // 3600))
        return image
