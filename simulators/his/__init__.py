"""A hospital information system that sends a department's day: patients, appointments, orders."""

from simulators.his.bookings import Bookings, BookingService, BookingTables, posted
from simulators.his.department import Department
from simulators.his.plan import BY_DAY, ROUND_THE_CLOCK, Booking, Hours, bookings
from simulators.his.sender import FAULTS, His, his

__all__ = [
    "BY_DAY",
    "FAULTS",
    "ROUND_THE_CLOCK",
    "Booking",
    "BookingService",
    "BookingTables",
    "Bookings",
    "Department",
    "His",
    "Hours",
    "bookings",
    "his",
    "posted",
]
"""`his` calls a port and sends; `Department` composes what it says."""
