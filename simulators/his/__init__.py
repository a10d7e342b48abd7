"""A hospital information system that sends a department's day: patients, appointments, orders."""

from simulators.his.bookings import Bookings, BookingService, BookingTables, posted
from simulators.his.department import Department
from simulators.his.plan import Booking, bookings
from simulators.his.sender import FAULTS, His, his

__all__ = [
    "FAULTS",
    "Booking",
    "BookingService",
    "BookingTables",
    "Bookings",
    "Department",
    "His",
    "bookings",
    "his",
    "posted",
]
"""`his` calls a port and sends; `Department` composes what it says."""
