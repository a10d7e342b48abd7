"""The driver kit: what a driver is given, what it gives back, and how it is found."""

from gateway.driver.analyzer import AnalyzerOptions, Senders, identify
from gateway.driver.delimited import field_part, labelled
from gateway.driver.entries import DeviceEntry, DeviceOptions, Finding, LinkEntry, LinkOptions
from gateway.driver.members import unique_members
from gateway.driver.part import UNKNOWN, Assemble, Explain, Part, Stretch, Whole
from gateway.driver.ports import Ports
from gateway.driver.protocol import Driver, Exchange, Poll, Poller, PollingDriver
from gateway.driver.quantity import Bytes, Months
from gateway.driver.type import ENTRY_POINT_GROUP, DriverType

__all__ = [
    "ENTRY_POINT_GROUP",
    "UNKNOWN",
    "AnalyzerOptions",
    "Assemble",
    "Bytes",
    "DeviceEntry",
    "DeviceOptions",
    "Driver",
    "DriverType",
    "Exchange",
    "Explain",
    "Finding",
    "LinkEntry",
    "LinkOptions",
    "Months",
    "Part",
    "Poll",
    "Poller",
    "PollingDriver",
    "Ports",
    "Senders",
    "Stretch",
    "Whole",
    "field_part",
    "identify",
    "labelled",
    "unique_members",
]
