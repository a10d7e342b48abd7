"""How far two values may be apart, and who says so: the plan's tolerance table, else the site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gateway import Localized
from tps_bridge.rt import Item, Quantity, attribute, keyed


@dataclass(frozen=True, slots=True)
class Limit:
    """Beyond `warn` is a warning, beyond `alarm` an alarm; None never is.

    In the attribute's unit; metersets as a part of one.
    """

    warn: float | None
    alarm: float | None
    source: Localized


DEFAULT: Localized = {"en": "Isogate's default", "zh-CN": "Isogate 默认值"}
SITE: Localized = {"en": "devices.yaml", "zh-CN": "devices.yaml"}
NEVER: Localized = {"en": "any difference counts", "zh-CN": "任何差异均计入"}


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What holds where a plan has no tolerance table. Angles in degrees, lengths in mm."""

    angle: float = 1.0
    length: float = 2.0
    couch: float = 10.0
    meterset_warn: float = 0.01
    meterset_alarm: float = 0.02
    energy: float = 0.0
    source: Localized = field(default_factory=lambda: DEFAULT)


_OF_TABLE: Mapping[str, str] = MappingProxyType(
    {
        "BeamLimitingDeviceAngle": "BeamLimitingDeviceAngleTolerance",
        "GantryAngle": "GantryAngleTolerance",
        "GantryPitchAngle": "GantryPitchAngleTolerance",
        "HeadFixationAngle": "HeadFixationAngleTolerance",
        "PatientSupportAngle": "PatientSupportAngleTolerance",
        "SnoutPosition": "SnoutPositionTolerance",
        "TableTopEccentricAngle": "TableTopEccentricAngleTolerance",
        "TableTopLateralPosition": "TableTopLateralPositionTolerance",
        "TableTopLongitudinalPosition": "TableTopLongitudinalPositionTolerance",
        "TableTopPitchAngle": "TableTopPitchAngleTolerance",
        "TableTopRollAngle": "TableTopRollAngleTolerance",
        "TableTopVerticalPosition": "TableTopVerticalPositionTolerance",
    }
)
_LIMITERS = "BeamLimitingDeviceToleranceSequence"
_TABLES = ("ToleranceTableSequence", "IonToleranceTableSequence")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one beam; `table` is its tolerance table, empty where it has none.

    `whole` is its meterset, of which those at its control points are judged as a part.
    """

    tolerances: Tolerances
    table: Item = field(default_factory=Item)
    exact: bool = False
    whole: float | None = None

    def of(self, keyword: str, kind: str = "") -> Limit:
        """The limit of an attribute; `kind` is that of the jaws or leaves."""
        if self.exact:
            return Limit(None, 0.0, NEVER)
        return self._of_table(keyword, kind) or self._usual(attribute(keyword).quantity)

    def _of_table(self, keyword: str, kind: str) -> Limit | None:
        if keyword == "LeafJawPositions":
            of_kind = keyed(_LIMITERS, self.table.items(_LIMITERS)).get(kind, Item())
            value = of_kind.number("BeamLimitingDevicePositionTolerance")
        else:
            value = self.table.number(_OF_TABLE.get(keyword, ""))
        if value is None:
            return None
        number = self.table.text("ToleranceTableNumber")
        source = {
            "en": f"tolerance table {number} of the plan",
            "zh-CN": f"计划容差表 {number}",
        }
        return Limit(None, value, source)

    def _usual(self, quantity: Quantity) -> Limit:
        given, source = self.tolerances, self.tolerances.source
        if quantity is Quantity.EXACT:
            return Limit(None, 0.0, NEVER)
        if quantity is Quantity.RATE:
            return Limit(0.0, None, source)
        if quantity.is_relative:
            return Limit(given.meterset_warn, given.meterset_alarm, source)
        usual = given.angle if quantity.is_angle else given.length
        own = {Quantity.ENERGY: given.energy, Quantity.COUCH: given.couch}
        return Limit(None, own.get(quantity, usual), source)


def of_plan(plan: Item, beam: Item, tolerances: Tolerances) -> Limits:
    """The limits of a beam of a plan."""
    number = beam.text("ReferencedToleranceTableNumber")
    name = next((each for each in _TABLES if each in plan.parts), _TABLES[0])
    tables = keyed(name, plan.items(name))
    return Limits(tolerances, tables.get(number, Item()) if number else Item())
