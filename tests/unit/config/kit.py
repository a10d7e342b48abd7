"""A driver and a room of our own, so that the expected messages depend on nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway import (
    DeviceOptions,
    DriverType,
    Finding,
    LinkEntry,
    LinkOptions,
    Localized,
    Point,
    Profile,
)
from gateway.room import Room, RoomContext, Running


class BusPoint(Point):
    at: int = Field(ge=0)


class BusProfile(Profile):
    points: Mapping[str, BusPoint]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        places: dict[int, str] = {}
        for code, point in self.points.items():
            if places.setdefault(point.at, code) != code:
                raise ValueError(f"points.{code}.at: {point.at} overlaps points.{places[point.at]}")
        return self


class BusLink(LinkOptions):
    timeout: float = Field(default=1.0, gt=0)


class BusDevice(DeviceOptions):
    unit: int = Field(ge=1, le=247)
    side: Literal["left", "right"] = "left"


class CloudLink(LinkOptions):
    host: str
    password: SecretStr | None = None
    port: int = 0

    def ports(self) -> Sequence[tuple[str, int]]:
        return (("127.0.0.1", self.port),)


class CloudProfile(Profile):
    points: Mapping[str, Point]


class Lamp(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    colour: Literal["red", "green"] = "red"


class Horn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["horn"] = "horn"
    volume: int = Field(ge=0)


class Voice(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["voice"] = "voice"
    speaker: str


class RoomOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sound: Annotated[Horn | Voice, Field(discriminator="type")] | None = None
    sounds: tuple[Annotated[Horn | Voice, Field(discriminator="type")], ...] = ()
    names: Mapping[str, Localized] = Field(default_factory=dict)

    port: int = 1883
    lamps: tuple[Lamp, ...] = ()

    def ports(self) -> Sequence[tuple[str, int]]:
        return (("127.0.0.1", self.port),)


def one_unit_each(links: Sequence[LinkEntry]) -> Iterable[Finding]:
    for link in links:
        seen: dict[int, str] = {}
        for device in link.devices:
            assert isinstance(device.options, BusDevice)
            unit = device.options.unit
            first = seen.setdefault(unit, device.id)
            if first != device.id:
                yield Finding(f"unit {unit} is '{first}' already", link.id, device.id, "unit")


def _never(link: LinkEntry) -> NoReturn:
    raise AssertionError(link)


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    yield Running()


HOME = Path(__file__).parent / "driver"

DRIVERS = {
    "bus": DriverType(
        name="bus",
        version="1",
        build=_never,
        home=HOME,
        profile=BusProfile,
        link=BusLink,
        device=BusDevice,
        transports=frozenset({"tcp", "serial"}),
        check=one_unit_each,
    ),
    "cloud": DriverType(
        name="cloud", version="1", build=_never, home=HOME / "none", profile=CloudProfile,
        link=CloudLink,
    ),
}  # fmt: skip
ROOMS = {"broker": Room("broker", _open, RoomOptions), "silent": Room("silent", _open)}
