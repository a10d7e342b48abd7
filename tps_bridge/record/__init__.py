"""What machines say that they delivered. Pure."""

from tps_bridge.record.read import RECORD_CLASSES, read_record
from tps_bridge.record.record import DeliveredBeam, DoseGiven, Record, Segment

__all__ = ["RECORD_CLASSES", "DeliveredBeam", "DoseGiven", "Record", "Segment", "read_record"]
