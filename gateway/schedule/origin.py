"""Where an appointment comes from: a device of the site, a file, or a person at the pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.driver import DeviceEntry, LinkEntry
from gateway.model import Localized
from gateway.room import Appointment
from gateway.room.sheet import IMPORT
from gateway.schedule.noted import HERE


class Sort(StrEnum):
    """What sort of source it is."""

    DEVICE = "device"
    FILE = "file"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class From:
    """A source by its name; `path` leads to it where it is a device that is configured now."""

    sort: Sort
    name: Localized = ""
    path: str = ""
    count: int = 1


class Origins:
    """The sources of the site as they are configured now."""

    def __init__(self, links: Sequence[LinkEntry]) -> None:
        self._devices: Mapping[str, DeviceEntry] = {
            entry.id: entry for link in links for entry in link.devices
        }

    def of(self, appointment: Appointment) -> From:
        """Where the newest word of a source on an appointment came from."""
        return self._named(_key(appointment), 1)

    def among(self, appointments: Iterable[Appointment]) -> list[From]:
        """Each source of some appointments with how many they are, the most first."""
        counted = Counter(_key(each) for each in appointments)
        return [self._named(key, count) for key, count in counted.most_common()]

    def _named(self, key: str, count: int) -> From:
        if key == HERE:
            return From(Sort.HAND, count=count)
        if key == IMPORT:
            return From(Sort.FILE, count=count)
        entry = self._devices.get(key)
        if entry is None:
            return From(Sort.DEVICE, key, count=count)
        return From(Sort.DEVICE, entry.name, f"/devices/{key}", count)


def _key(appointment: Appointment) -> str:
    return HERE if appointment.book == HERE else appointment.source
