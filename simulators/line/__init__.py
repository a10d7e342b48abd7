"""Devices that send lines: scale, barcode reader, identity card reader, framed analyzer."""

from simulators.line.confirmed import ConfirmedLine, framed
from simulators.line.devices import barcodes, cards, weights
from simulators.line.server import FAULTS, LineServer

__all__ = ["FAULTS", "ConfirmedLine", "LineServer", "barcodes", "cards", "framed", "weights"]
