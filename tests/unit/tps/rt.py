"""Plans and records of the simulators, read by us."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from simulators.rt import encoded
from tps_bridge.plan import Plan, read_plan
from tps_bridge.record import Record, read_record
from tps_bridge.rt import Item, decode


def item_of(made: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> Item:
    return decode(encoded(made, transfer_syntax), transfer_syntax)


def plan_of(made: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> Plan:
    return read_plan(item_of(made, transfer_syntax))


def record_of(made: Dataset) -> Record:
    return read_record(item_of(made))
