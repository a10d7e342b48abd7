"""Colours of a dose: from none through blue, green and yellow to red. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STOPS = (
    (0.0, (0, 0, 0)),
    (0.15, (20, 40, 140)),
    (0.4, (0, 140, 190)),
    (0.6, (30, 165, 75)),
    (0.8, (240, 205, 40)),
    (1.0, (220, 40, 30)),
)
"""Where on the way from nothing to the highest dose which colour stands."""


def hex_stops() -> list[tuple[str, str]]:
    """Offsets and colours for a gradient on a page."""
    return [(f"{place:g}", "#%02x%02x%02x" % colour) for place, colour in STOPS]  # noqa: UP031


def colours(levels: NDArray[Any]) -> NDArray[Any]:
    """Levels from 0 to 255 as red, green and blue."""
    at = np.arange(256) / 255
    places = [place for place, _ in STOPS]
    table = np.stack(
        [np.interp(at, places, [colour[part] for _, colour in STOPS]) for part in range(3)], axis=1
    )
    drawn: NDArray[Any] = np.asarray(np.rint(table), dtype=np.uint8)[levels]
    return drawn
