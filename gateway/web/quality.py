"""How far a last value can be trusted now."""

from __future__ import annotations

from gateway.model import DeviceEvent, Kind, Quality
from gateway.registry import DeviceState, DeviceStatus

_AGEING = frozenset({Kind.MEASUREMENT, Kind.STATE})


def shown_quality(event: DeviceEvent, status: DeviceStatus | None) -> Quality:
    """The event's own quality, but never good while its device is silent."""
    offline = status is not None and status.state is DeviceState.OFFLINE
    ageing = offline and event.kind in _AGEING and event.quality is not Quality.BAD
    return Quality.STALE if ageing else event.quality
