"""The two shapes of a driver: one that listens, one that asks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from gateway.driver.entries import DeviceEntry
from gateway.driver.ports import Ports
from gateway.model import Direction, Reading
from gateway.transport import Connection

Exchange: TypeAlias = tuple[Direction, bytes]
"""One message on the wire and its direction."""


class Driver(Protocol):
    """Serves one link for as long as its connection lasts."""

    async def run(self, ports: Ports) -> None:
        """Serve until the connection ends, then return or raise.

        It never retries, sleeps or reconnects: the supervisor does. Cancellation is the stop
        signal. An acknowledgement is sent only after `journal`, `publish` or `quarantine`
        returned.
        """
        ...


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll of one device brought: its readings, and the bytes both ways in order."""

    readings: tuple[Reading, ...]
    exchanges: tuple[Exchange, ...]


class Poller(Protocol):
    """Asks the devices behind one open connection."""

    async def poll(self, device: DeviceEntry) -> Poll:
        """Ask one device once.

        DeviceUnavailable: this device is silent, the others are asked on. ProtocolViolation: it
        answered nonsense, whose bytes are kept. ConnectionError: the whole link is lost.
        """
        ...


class PollingDriver(ABC):
    """A driver that asks. The supervisor keeps the timetable, the connection and the breaker."""

    @abstractmethod
    def attach(self, connection: Connection) -> Poller:
        """A poller for a connection just opened; it holds whatever belongs to that connection."""
