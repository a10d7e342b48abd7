"""A segment's dictionaries: long names once, small integers in every row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import apsw

from gateway.model import Coding, DeviceEvent, Direction, Kind, Source, WireRecord
from gateway.store import schema
from gateway.store.series import Series, SeriesKey, series_key

ChannelKey: TypeAlias = tuple[str, str, str, str]
"""Link, device, direction, session."""


_MOST_RECENT = 16_384


class Line(NamedTuple):
    """A series by its numbers. `source` and `code` are the objects of an event of it."""

    number: int
    device: int
    token: int
    source: Source
    code: Coding
    kind: Kind
    unit: str
    site: str
    simulated: bool


class Names:
    """The dictionaries for writing. New names are inserted by `flush`, with the rows that use them.

    After a rollback it must be made anew: it holds names that the file doesn't.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        rows = connection.execute
        self._devices: dict[str, int] = {n: i for i, n in rows("SELECT id, name FROM device")}
        self._series: dict[SeriesKey, tuple[int, int, int]] = {
            (*row[1:9], bool(row[9])): (row[0], self._devices[row[2]], row[10])
            for row in rows("SELECT * FROM series")
        }
        self._channels: dict[tuple[str, str, str, bool], int] = {
            (link, device, session, direction == Direction.IN): number
            for number, link, device, direction, session in rows("SELECT * FROM channel")
        }
        self._recent: dict[tuple[int, int], Line] = {}
        self._new: list[tuple[str, tuple[object, ...]]] = []

    def series(self, event: DeviceEvent, token: int = 0) -> Line:
        """The line of an event's series; `token` is noted where it is the first of it.

        Events of one interpreter share their source and code: these are found again by identity,
        and held so that it stays theirs.
        """
        place = (id(event.source), id(event.code))
        line = self._recent.get(place)
        if (
            line is not None
            and event.kind is line.kind
            and event.unit == line.unit
            and event.site == line.site
            and event.simulated is line.simulated
        ):
            return line
        if len(self._recent) >= _MOST_RECENT:
            self._recent.clear()
        line = self._recent[place] = self._line(event, token)
        return line

    def _line(self, event: DeviceEvent, token: int) -> Line:
        key = series_key(event)
        numbers = self._series.get(key)
        if numbers is None:
            numbers = (len(self._series) + 1, self._device(event.source.device), token)
            self._series[key] = numbers
            row = (numbers[0], *map(str, key[:8]), int(key[8]), token)
            self._new.append((schema.INSERT_SERIES, row))
        number, device, known = numbers
        return Line(
            number,
            device,
            known,
            event.source,
            event.code,
            event.kind,
            event.unit,
            event.site,
            event.simulated,
        )

    def channel(self, record: WireRecord) -> int:
        way = record.direction
        key = (record.link, record.device, record.session, way is Direction.IN)
        number = self._channels.get(key)
        if number is None:
            number = self._channels[key] = len(self._channels) + 1
            row = (number, record.link, record.device, way.value, record.session)
            self._new.append((schema.INSERT_CHANNEL, row))
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


class SeriesTable:
    """The series of a segment for reading, loaded as they are asked for; used by one thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._lines: dict[int, Series] = {}

    def line(self, number: int) -> Series:
        if number not in self._lines:
            self._load()
        return self._lines[number]

    def all(self) -> Mapping[int, Series]:
        """Every series that there is now, by number."""
        self._load()
        return self._lines

    def _load(self) -> None:
        sql = "SELECT * FROM series WHERE id > ?"
        for number, *names, simulated, token in self._connection.execute(sql, (len(self._lines),)):
            self._lines[number] = Series._make((*names, bool(simulated), token))
