"""A hospital information system that sends a department's day: patients, appointments, orders."""

from simulators.his.department import Department
from simulators.his.sender import FAULTS, His, his

__all__ = ["FAULTS", "Department", "His", "his"]
"""`his` calls a port and sends; `Department` composes what it says."""
