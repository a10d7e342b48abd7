"""A three-phase meter: 630-class register map, input registers of float32."""

from __future__ import annotations

import math

from simulators.modbus.curves import Wander, day_load
from simulators.modbus.image import INPUT, Image

_SIZE = 84
_ROLLOVER_KWH = 1_000_000.0
_STEP = 60.0


class Meter:
    """Energy is the integral of the power that the same meter shows."""

    def __init__(self, seed: str, peak_kw: float) -> None:
        self._peak = peak_kw * 1000
        self._noise = [Wander(f"{seed}/{name}") for name in ("l1", "l2", "l3", "pf", "hz")]
        self._now: float | None = None
        self._kwh = 10_000 + 7_000 * (len(seed) % 7) + peak_kw * 31
        self._kvarh = self._kwh / 5

    def reset(self) -> None:
        self._kwh = 0.0

    def roll_over(self) -> None:
        self._kwh = _ROLLOVER_KWH - 0.01

    def image(self, now: float) -> Image:
        self._integrate(now)
        image = Image({INPUT: _SIZE})
        factor = self._factor(now)
        volts = [230 + 1.5 * self._noise[line](now) for line in range(3)]
        watts = [self._watts(now) / 3 * (1 + 0.03 * self._noise[line](now)) for line in range(3)]
        amps = [w / factor / v for w, v in zip(watts, volts, strict=True)]
        angle = math.degrees(math.acos(factor))
        for line in range(3):
            shown = (
                volts[line],
                amps[line],
                watts[line],
                *_apparent(watts[line], factor),
                factor,
                angle,
            )
            for place, value in enumerate(shown):
                image.real(INPUT, 6 * place + 2 * line, value)
        self._totals(image, volts, amps, sum(watts), factor)
        image.real(INPUT, 66, angle)
        image.real(INPUT, 70, 50 + 0.02 * self._noise[4](now))
        image.real(INPUT, 72, self._kwh)
        image.real(INPUT, 76, self._kvarh)
        return image

    def _totals(
        self, image: Image, volts: list[float], amps: list[float], watts: float, factor: float
    ) -> None:
        apparent, reactive = _apparent(watts, factor)
        image.real(INPUT, 42, sum(volts) / 3)
        image.real(INPUT, 46, sum(amps) / 3)
        image.real(INPUT, 48, sum(amps))
        image.real(INPUT, 52, watts)
        image.real(INPUT, 56, apparent)
        image.real(INPUT, 60, reactive)
        image.real(INPUT, 62, factor)

    def _watts(self, now: float) -> float:
        return self._peak * day_load(now) * (1 + 0.04 * self._noise[0](now))

    def _factor(self, now: float) -> float:
        return min(0.999, max(0.8, 0.93 + 0.01 * self._noise[3](now)))

    def _integrate(self, now: float) -> None:
        at = now if self._now is None else self._now
        while at < now:
            step = min(_STEP, now - at)
            kwh = self._watts(at + step / 2) * step / 3_600_000
            self._kwh = (self._kwh + kwh) % _ROLLOVER_KWH
            self._kvarh += kwh * 0.4
            at += step
        self._now = now


def _apparent(watts: float, factor: float) -> tuple[float, float]:
    """Apparent and reactive power."""
    apparent = watts / factor
    return apparent, math.sqrt(max(0.0, apparent**2 - watts**2))
