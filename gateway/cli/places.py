"""Where a gateway's sockets lie."""

from __future__ import annotations

from pathlib import Path

CONTROL_SOCKET = "control.sock"
SIMULATORS_SOCKET = "simulators.sock"
USUAL_PLACES = (Path("data"), Path("demo-data"))


def find(data: Path | None) -> Path:
    """The data directory meant: the one named, else the first usual place with a gateway."""
    if data is not None:
        return data
    running = (place for place in USUAL_PLACES if (place / CONTROL_SOCKET).exists())
    return next(running, USUAL_PLACES[0])
