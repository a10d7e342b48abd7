"""Datasets of radiotherapy objects as plain values. Pure; the one place that touches pydicom."""

from tps_bridge.rt.angle import turn
from tps_bridge.rt.attribute import ATTRIBUTES, Attribute, Quantity, attribute, is_known
from tps_bridge.rt.canon import delivered_by, digest_of
from tps_bridge.rt.decode import Bounds, decode, greatest_pixel
from tps_bridge.rt.inherit import expanded
from tps_bridge.rt.item import EMPTY, Item, Value, key_of, keyed
from tps_bridge.rt.malformed import Malformed, within

__all__ = [
    "ATTRIBUTES",
    "EMPTY",
    "Attribute",
    "Bounds",
    "Item",
    "Malformed",
    "Quantity",
    "Value",
    "attribute",
    "decode",
    "delivered_by",
    "digest_of",
    "expanded",
    "greatest_pixel",
    "is_known",
    "key_of",
    "keyed",
    "turn",
    "within",
]
