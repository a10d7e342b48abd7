"""The devices of the site as they stand now."""

from gateway.registry.registry import DeviceState, DeviceStatus, Registry

__all__ = ["DeviceState", "DeviceStatus", "Registry"]
