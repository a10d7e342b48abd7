"""A linac room's I/O station: transmitters as input registers, contacts as discrete inputs."""

from __future__ import annotations

from simulators.modbus.curves import Wander
from simulators.modbus.image import DISCRETE, INPUT, Image

_CYCLE = 900.0
"""A patient every quarter of an hour."""

_DOOR_CLOSED = (240.0, 780.0)
_BEAMS = ((300.0, 380.0), (420.0, 500.0), (540.0, 640.0))
_OPENS, _CLOSES = 7.5 * 3600, 18 * 3600


class Room:
    """Between half past seven and six: door closed, beams on, door open, next patient."""

    def __init__(self, seed: str) -> None:
        names = ("t", "rh", "dp", "o3", "sf6", "water", "flow")
        self._noise = [Wander(f"{seed}/{name}", period=120.0) for name in names]

    def image(self, now: float) -> Image:
        image = Image({INPUT: 16, DISCRETE: 8})
        open_for = _OPENS <= now % 86_400 < _CLOSES
        into = now % _CYCLE
        closed = open_for and _DOOR_CLOSED[0] <= into < _DOOR_CLOSED[1]
        beam = open_for and any(start <= into < end for start, end in _BEAMS)
        t, rh, dp, o3, sf6, water, flow = (noise(now) for noise in self._noise)
        for address, value in enumerate(
            (
                (22.5 + 0.3 * t + (0.4 if beam else 0)) * 10,
                (48 + 2 * rh) * 10,
                (-12 + 1.5 * dp + (0 if closed else 6)) * 10,
                max(0.0, 0.02 + 0.004 * o3 + (0.03 if beam else 0)) * 1000,
                (182 + 0.8 * sf6) * 10,
                (20 + 0.4 * water) * 10,
                (16 + 0.3 * flow) * 10,
            )
        ):
            image.word(INPUT, address, value)
        image.double(INPUT, 7, 48_000 + int(now // _CYCLE) * len(_BEAMS))
        for address, state in enumerate((closed or not open_for, beam, True, closed)):
            image.bit(DISCRETE, address, state)
        return image
