"""Devices that send lines: scale, barcode reader, identity card reader."""

from simulators.line.devices import barcodes, cards, weights
from simulators.line.server import LineServer

__all__ = ["LineServer", "barcodes", "cards", "weights"]
