"""A hospital information system that sends a department's day: patients, appointments, orders."""

from simulators.his.bookings import Bookings, BookingService, BookingTables, posted
from simulators.his.department import Department
from simulators.his.sender import FAULTS, His, his

__all__ = [
    "FAULTS",
    "BookingService",
    "BookingTables",
    "Bookings",
    "Department",
    "His",
    "his",
    "posted",
]
"""`his` calls a port and sends; `Department` composes what it says."""
