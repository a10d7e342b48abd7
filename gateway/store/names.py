"""A segment's dictionaries: long names once, small integers in every row."""

from __future__ import annotations

from typing import TypeAlias

import apsw

from gateway.model import DeviceEvent, WireRecord
from gateway.store import schema
from gateway.store.rows import SeriesKey, series_key

ChannelKey: TypeAlias = tuple[str, str, str, str]
"""Link, device, direction, session."""


class Names:
    """The dictionaries for writing. New names are inserted by `flush`, with the rows that use them.

    After a rollback it must be made anew: it holds names that the file doesn't.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        rows = connection.execute
        self._devices: dict[str, int] = {n: i for i, n in rows("SELECT id, name FROM device")}
        self._series: dict[SeriesKey, tuple[int, int]] = {
            (*row[1:9], bool(row[9])): (row[0], self._devices[row[2]])
            for row in rows("SELECT * FROM series")
        }
        self._channels: dict[ChannelKey, int] = {
            row[1:]: row[0] for row in rows("SELECT * FROM channel")
        }
        self._new: list[tuple[str, tuple[object, ...]]] = []

    def series(self, event: DeviceEvent) -> tuple[int, int]:
        """The numbers of an event's series and of its device."""
        key = series_key(event)
        numbers = self._series.get(key)
        if numbers is None:
            numbers = self._series[key] = (len(self._series) + 1, self._device(key[1]))
            row = (numbers[0], *map(str, key[:8]), int(key[8]))
            self._new.append((schema.INSERT_SERIES, row))
        return numbers

    def channel(self, record: WireRecord) -> int:
        key = (record.link, record.device, record.direction, record.session)
        number = self._channels.get(key)
        if number is None:
            number = self._channels[key] = len(self._channels) + 1
            self._new.append((schema.INSERT_CHANNEL, (number, *map(str, key))))
        return number

    def flush(self) -> None:
        """Insert the new names in the open transaction."""
        for statement, row in self._new:
            self._connection.execute(statement, row)
        self._new.clear()

    def _device(self, name: str) -> int:
        number = self._devices.get(name)
        if number is None:
            number = self._devices[name] = len(self._devices) + 1
            self._new.append((schema.INSERT_DEVICE, (number, name)))
        return number
