"""TCP ports of this machine, and which of them demos mean to use."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from gateway.errors import IsogateError

LOOPBACK = "127.0.0.1"
_OTHERS = range(20_000, 32_000)
"""Below those that outgoing connections take, so that a port that was chosen stays free."""
_TRIES = 100


@dataclass(frozen=True, slots=True)
class Claims:
    """Ports that are this process's to open, though it does so only later, or a child does.

    A claim is a name that the kernel gives to one process at a time (unix(7), abstract), as it does
    with ports; it ends with the process. Whoever asks by claims as well gets another port.
    """

    _held: ExitStack

    def take(self, wanted: int) -> int:
        """`wanted`, or another port if that one is taken or claimed."""
        for port in (wanted, *random.sample(_OTHERS, _TRIES)):
            if self._claimed(port) and is_free(port):
                return port
        raise IsogateError(f"no free port from {_OTHERS.start} to {_OTHERS.stop}")

    def _claimed(self, port: int) -> bool:
        mark = self._held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        try:
            mark.bind(f"\0isogate-port-{port}")
        except OSError:
            return False
        return True


@contextmanager
def claims() -> Iterator[Claims]:
    """What is taken is claimed until the end of the block."""
    with ExitStack() as held:
        yield Claims(held)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a listener could open `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
