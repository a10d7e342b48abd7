"""The vocabulary of the gateway: values without I/O, shared by every room."""

from gateway.model.event import Coding, DeviceEvent, Source, Subject, Value
from gateway.model.reading import TIME_OF, Publication, Reading, Receipt
from gateway.model.terms import (
    ClockQuality,
    Direction,
    Kind,
    Laterality,
    Operator,
    Quality,
    QuarantineReason,
    Retention,
    Status,
)
from gateway.model.text import Localized, localize
from gateway.model.time import Clock, Instant, Micros, SystemClock, from_datetime, to_datetime
from gateway.model.wire import Quarantined, RawId, WireRecord

__all__ = [
    "TIME_OF",
    "Clock",
    "ClockQuality",
    "Coding",
    "DeviceEvent",
    "Direction",
    "Instant",
    "Kind",
    "Laterality",
    "Localized",
    "Micros",
    "Operator",
    "Publication",
    "Quality",
    "QuarantineReason",
    "Quarantined",
    "RawId",
    "Reading",
    "Receipt",
    "Retention",
    "Source",
    "Status",
    "Subject",
    "SystemClock",
    "Value",
    "WireRecord",
    "from_datetime",
    "localize",
    "to_datetime",
]
