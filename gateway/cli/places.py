"""Where a gateway's sockets lie, and whether somebody answers there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
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


def is_running(data: Path) -> bool:
    """Whether a gateway answers on the data directory."""
    path = data / CONTROL_SOCKET
    if not path.exists():
        return False
    with short_path(path) as short, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(short) == 0


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A path that fits a socket address (107 bytes), however deep the socket lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
