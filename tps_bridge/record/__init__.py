"""What machines say that they delivered. Pure."""

from tps_bridge.record.channel import RecordedChannel
from tps_bridge.record.read import BRACHY, RECORD_CLASSES, read_record
from tps_bridge.record.record import (
    DeliveredBeam,
    DoseGiven,
    Record,
    Segment,
    Verification,
    worst,
)
from tps_bridge.record.summary import SUMMARY, Course, Summary, read_summary

__all__ = [
    "BRACHY",
    "RECORD_CLASSES",
    "SUMMARY",
    "Course",
    "DeliveredBeam",
    "DoseGiven",
    "Record",
    "RecordedChannel",
    "Segment",
    "Summary",
    "Verification",
    "read_record",
    "read_summary",
    "worst",
]
