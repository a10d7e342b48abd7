"""Small devices and profiles for the engine's tests."""

from __future__ import annotations

from gateway.driver import DeviceEntry, DeviceOptions, LinkEntry, LinkOptions
from gateway.errors import StoreError
from gateway.model import Kind, Retention
from gateway.profile import Grade, Point, Profile
from gateway.store import Batch, EventStore

PROFILE = Profile(
    profile="thermometer",
    driver="test",
    title="Thermometer",
    grade=Grade.DERIVED,
    source="these tests",
    points={
        "temperature": Point(unit="Cel", deadband=0.5, low=-40, high=120),
        "door": Point(kind=Kind.STATE, states={"0": "closed", "1": "open"}),
        "serial": Point(kind=Kind.STATE),
    },
)


def device(name: str, profile: Profile = PROFILE, interval: float = 1.0) -> DeviceEntry:
    return DeviceEntry(
        id=name,
        name=name,
        link="line",
        profile=profile,
        options=DeviceOptions(),
        interval=interval,
    )


def link(name: str, *devices: DeviceEntry, options: LinkOptions | None = None) -> LinkEntry:
    return LinkEntry(name, "test", options or LinkOptions(), None, devices)


async def settled(store: EventStore) -> bool:
    """Wait until everything queued before is decided; whether the store takes more."""
    try:
        await store.append(Batch(Retention.TELEMETRY))
    except StoreError:
        return False
    return True
