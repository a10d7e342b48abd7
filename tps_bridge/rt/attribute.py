"""What is known of the attributes of plans and records: the reviewed list `attributes.tsv`.

An attribute that is not in the list counts as one that changes delivery, and is compared exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType

from gateway import Localized
from tps_bridge.rt.item import KEYS


class Quantity(StrEnum):
    """How two values are compared. EXACT: any difference counts; the others by a limit."""

    EXACT = "exact"
    GANTRY = "gantry"
    COLLIMATOR = "collimator"
    COUCH_ANGLE = "couch-angle"
    COUCH = "couch"
    LIMITER = "limiter"
    ISOCENTER = "isocenter"
    LENGTH = "length"
    SSD = "ssd"
    METERSET = "meterset"
    WEIGHT = "weight"
    ENERGY = "energy"
    RATE = "rate"
    SPOT = "spot"
    SPOT_METERSET = "spot-meterset"
    SPOT_WEIGHT = "spot-weight"

    @property
    def is_angle(self) -> bool:
        """Whether values are on a circle of 360 degrees."""
        return self in (Quantity.GANTRY, Quantity.COLLIMATOR, Quantity.COUCH_ANGLE)

    @property
    def is_relative(self) -> bool:
        """Whether values are judged as a part of what was planned."""
        return self in (
            Quantity.METERSET,
            Quantity.WEIGHT,
            Quantity.SPOT_METERSET,
            Quantity.SPOT_WEIGHT,
        )


@dataclass(frozen=True, slots=True)
class Attribute:
    """`delivers` is whether another value means another treatment; else it only describes one."""

    keyword: str
    delivers: bool
    quantity: Quantity
    unit: str
    name: Localized


def _read() -> Mapping[str, Attribute]:
    text = (files("tps_bridge.rt") / "attributes.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return MappingProxyType({row[0]: _attribute(row) for row in rows})


def _attribute(row: list[str]) -> Attribute:
    keyword, judged, quantity, unit, english, chinese = row
    name = {"en": english, "zh-CN": chinese}
    return Attribute(keyword, judged == "delivers", Quantity(quantity), unit, name)


ATTRIBUTES = _read()


def is_known(sequence: str) -> bool:
    """Whether anybody has judged a sequence, or it identifies its items as those of a plan do."""
    return sequence in ATTRIBUTES or sequence in KEYS


def attribute(keyword: str) -> Attribute:
    """What is known of an attribute; of one that is not listed, that it may change delivery."""
    known = ATTRIBUTES.get(keyword)
    return known or Attribute(keyword, True, Quantity.EXACT, "", keyword)  # noqa: FBT003
