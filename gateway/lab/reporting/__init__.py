"""Critical values and who was told of them: open where devices.yaml has `critical_values`."""

from gateway.lab.reporting.room import room

__all__ = ["room"]
