"""A UPS's network card: input registers from 0x0400."""

from __future__ import annotations

from simulators.modbus.curves import Wander, day_load
from simulators.modbus.image import INPUT, Image

_BASE, _SIZE = 0x0400, 0x051D
_RATED_W = 60_000.0
_OUTAGE_EVERY, _OUTAGE = 4 * 3600.0, 180.0
_FIRST_OUTAGE = 10 * 3600.0
_LOW = 0.2
_RUNTIME = 25 * 60.0
_RECHARGE = 6.0
"""How many times longer charging takes than discharging."""


class Ups:
    """From ten on, the mains fail for three minutes every four hours; the battery recovers."""

    def __init__(self, seed: str) -> None:
        self._noise = [Wander(f"{seed}/{name}") for name in ("in", "out", "hz")]

    def image(self, now: float) -> Image:
        since = (now - _FIRST_OUTAGE) % _OUTAGE_EVERY if now >= _FIRST_OUTAGE else _OUTAGE_EVERY
        outage = since < _OUTAGE
        spent = _spent(since)
        image = Image({INPUT: _SIZE})
        self._battery(image, spent, since if outage else 0.0, now)
        self._input(image, outage, now)
        self._output(image, outage, now)
        return image

    def _battery(self, image: Image, spent: float, on_battery: float, now: float) -> None:
        charge = 1 - spent / _RUNTIME
        mode = 3 if on_battery else int(spent > 0)
        for offset, value in {
            0x1E: 0,
            0x1F: int(charge < _LOW),
            0x20: mode,
            0x21: on_battery,
            0x22: _RUNTIME * charge / 60,
            0x23: charge * 100,
            0x24: (480 + 64 * charge - (12 if on_battery else 0)) * 10,
            0x26: 24 + spent / 120 + 0.3 * self._noise[1](now),
            0x27: charge * 100,
        }.items():
            image.word(INPUT, _BASE + offset, value)

    def _input(self, image: Image, outage: bool, now: float) -> None:  # noqa: FBT001 - a state
        image.word(INPUT, _BASE + 0x30, 3)
        for line in range(3):
            volts = 0.0 if outage else 230 + 2 * self._noise[0](now + 7 * line)
            hertz = 0.0 if outage else 50 + 0.05 * self._noise[2](now)
            image.word(INPUT, _BASE + 0x31 + 4 * line, hertz * 10)
            image.word(INPUT, _BASE + 0x32 + 4 * line, volts * 10)

    def _output(self, image: Image, outage: bool, now: float) -> None:  # noqa: FBT001 - a state
        load = 0.2 + 0.3 * day_load(now)
        image.word(INPUT, _BASE + 0x42, int(outage))
        image.word(INPUT, _BASE + 0x43, 500)
        image.word(INPUT, _BASE + 0x44, 3)
        for line in range(3):
            volts = 230 + 0.2 * self._noise[1](now + 7 * line)
            watts = load * _RATED_W / 3
            for offset, value in enumerate(
                (volts * 10, watts / volts * 10, watts / 10, load * 100)
            ):
                image.word(INPUT, _BASE + 0x45 + 4 * line + offset, value)


def _spent(since: float) -> float:
    """Seconds of battery time missing from a full charge, `since` the mains failed."""
    return since if since < _OUTAGE else max(0.0, _OUTAGE - (since - _OUTAGE) / _RECHARGE)
