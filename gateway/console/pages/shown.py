"""Devices and values as the pages show them: everything already in the reader's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.console.text.reader import Reader
from gateway.console.text.units import written
from gateway.model import DeviceEvent, Instant, Kind, Quality
from gateway.profile import Point
from gateway.registry import DeviceState, DeviceStatus
from gateway.web import GatewayView, SeenView
from gateway.web.point import point_name
from gateway.web.quality import shown_quality

_DIGITS = 5
_FRONT = 6

SHOWN = frozenset({Kind.MEASUREMENT, Kind.STATE, Kind.RESULT})


@dataclass(frozen=True, slots=True)
class Tile:
    """One value: label, digits as sent, unit, age, quality, and where its bytes are.

    `text` is empty while the point has not been heard of; `word` is what a coded value means.
    """

    device: str
    code: str
    label: str
    text: str
    unit: str
    quality: Quality
    observed_at: Instant | None
    raw_id: int | None
    seq: int
    word: str

    @property
    def id(self) -> str:
        return f"{self.device}/{self.code}"

    @property
    def short(self) -> str:
        return short(self.text)

    @property
    def origin(self) -> str:
        """Address of the bytes that the value came from, or nothing."""
        if not self.raw_id:
            return ""
        return f"/messages/{self.raw_id}?seq={self.seq}" if self.seq else f"/messages/{self.raw_id}"


@dataclass(frozen=True, slots=True)
class Card:
    """A device with its values."""

    id: str
    name: str
    location: str
    status: DeviceStatus
    tiles: tuple[Tile, ...]

    @property
    def silent(self) -> bool:
        return self.status.state is DeviceState.OFFLINE

    @property
    def front(self) -> tuple[Tile, ...]:
        """The few that an overview has room for: the profile's main points, else the first."""
        profile = self.status.entry.profile
        codes = [profile.points[key].code or key for key in profile.main]
        tiles = {tile.code: tile for tile in self.tiles}
        chosen = tuple(tiles[code] for code in codes if code in tiles)
        return (chosen or self.tiles)[:_FRONT]


def cards(view: GatewayView | SeenView, reader: Reader) -> list[Card]:
    """Every device, in the order of devices.yaml."""
    return [card(status, view.store.latest(status.entry.id), reader) for status in view.registry]


def card(status: DeviceStatus, events: Sequence[DeviceEvent], reader: Reader) -> Card:
    entry = status.entry
    return Card(
        entry.id,
        reader.text(entry.name) or entry.id,
        reader.text(entry.location),
        status,
        tuple(_tiles(status, events, reader)),
    )


def short(text: str) -> str:
    """A decimal number to about five digits, as `live.js` has it; anything else as it is."""
    whole, point, fraction = text.partition(".")
    digits = whole.removeprefix("-")
    if not (point and digits.isdecimal() and fraction.isdecimal()):
        return text
    places = max(1, _DIGITS - (0 if digits == "0" else len(digits)))
    return text if len(fraction) <= places else f"{Decimal(text):.{places}f}"


def _tiles(status: DeviceStatus, events: Sequence[DeviceEvent], reader: Reader) -> Iterator[Tile]:
    """The profile's points in its order, heard of or not, then what else the device says."""
    heard = {event.code.code: event for event in events if event.kind in SHOWN}
    for key, point in status.entry.profile.points.items():
        event = heard.pop(point.code or key, None)
        yield _tile(status, event, point.code or key, point, reader)
    for code, event in heard.items():
        yield _tile(status, event, code, None, reader)


def _tile(
    status: DeviceStatus, event: DeviceEvent | None, code: str, point: Point | None, reader: Reader
) -> Tile:
    value = event.value if event is not None else None
    unit = event.unit if event is not None else point.unit if point is not None else ""
    return Tile(
        status.entry.id,
        code,
        reader.text(point_name(status, code)),
        f"{value.operator or ''}{value.text}" if value is not None else "",
        written(unit),
        shown_quality(event, status) if event is not None else Quality.STALE,
        event.observed_at if event is not None else None,
        event.raw_id if event is not None else None,
        event.seq if event is not None else 0,
        value.code.code if value is not None and value.code is not None else "",
    )
