"""Drivers and rooms as installed distributions announce them, imported when first asked for."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from gateway.driver import ENTRY_POINT_GROUP as DRIVERS
from gateway.driver import DriverType
from gateway.errors import ConfigError
from gateway.room import ENTRY_POINT_GROUP as ROOMS
from gateway.room import OPTIONAL_ENTRY_POINT_GROUP as OPTIONAL_ROOMS
from gateway.room import Room

T = TypeVar("T")


class Plugins(Mapping[str, T], Generic[T]):
    """Plugins of one kind by name. Asking for one imports it, or raises ConfigError."""

    def __init__(self, kind: type[T], noun: str, points: Mapping[str, EntryPoint]) -> None:
        self._kind = kind
        self._noun = noun
        self._points = points
        self._loaded: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            self._loaded[name] = self._load(self._points[name])
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._points

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def _load(self, point: EntryPoint) -> T:
        try:
            plugin: Any = point.load()
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"{self._noun} {point.name} can't be loaded, {error.name} is missing:"
                f" {_remedy(point, error.name or '')}"
            ) from error
        if not isinstance(plugin, self._kind):
            raise ConfigError(
                f"{self._noun} {point.name}: {point.value} is no {self._kind.__name__}:"
                f" correct the entry point of {_distribution(point)}"
            )
        return plugin


@dataclass(frozen=True, slots=True, eq=False)
class RoomSet(Mapping[str, Room]):
    """Rooms by name: those that are always open, and those that wait for their section."""

    always: Mapping[str, Room]
    optional: Mapping[str, Room]

    def wanted(self, sections: Container[str]) -> Iterator[tuple[str, Room]]:
        """Those that a site with these sections opens; the others are not imported."""
        yield from self.always.items()
        for name in self.optional:
            if name in sections:
                yield name, self.optional[name]

    def __getitem__(self, name: str) -> Room:
        return (self.always if name in self.always else self.optional)[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.always
        yield from self.optional

    def __len__(self) -> int:
        return len(self.always) + len(self.optional)


def discover_drivers() -> Mapping[str, DriverType]:
    """Every installed driver, by name."""
    return Plugins(DriverType, "driver", _points(DRIVERS))


def discover_rooms() -> RoomSet:
    """Every installed room."""
    return RoomSet(
        Plugins(Room, "room", _points(ROOMS)), Plugins(Room, "room", _points(OPTIONAL_ROOMS))
    )


def _points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _remedy(point: EntryPoint, module: str) -> str:
    if point.extras:
        return f"install it with `pip install '{_distribution(point)}[{','.join(point.extras)}]'`"
    return f"reinstall {_distribution(point)}, or install the package that holds {module}"


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "its distribution"
