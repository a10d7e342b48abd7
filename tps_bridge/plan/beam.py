"""Beams of photons, electrons and ions with all their control points (PS3.3 C.8.8.14, C.8.8.25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tps_bridge.rt import Item, Malformed, keyed, within

TREATING = frozenset({"TREATMENT", "CONTINUATION", ""})
"""Treatment Delivery Types of beams whose dose counts (PS3.3 C.8.8.14, C.8.8.21)."""
IMAGING = frozenset({"SETUP", "OPEN_PORTFILM", "TRMT_PORTFILM"})
"""Those of beams that only set up or take an image: their dose counts for nothing."""
_ENERGY = {"PHOTON": "MV", "ELECTRON": "MeV", "PROTON": "MeV/u", "ION": "MeV/u"}
PARTICLES = 1e-6
"""As a part of a meterset, what machines lose of one that counts particles: seven digits."""
_PLACES = 3
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Limiter:
    """Jaws or leaves: `X`, `ASYMX`, `MLCX` …; `boundaries` of leaves in mm at the isocenter."""

    kind: str
    pairs: int
    boundaries: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """Settings at a control point, inherited ones written out; None where the plan gives none.

    Angles in degrees (IEC 61217), lengths in mm, `energy` as `energy_unit` says, `rate` a minute in
    the unit of the meterset.
    `weight` is cumulative, in the unit of the beam's final weight; None of a beam that only sets up
    and tells neither. `positions` are those of jaws
    and leaves at the isocenter by kind: first all of side 1, then all of side 2.
    """

    index: int
    weight: float | None
    energy: float | None = None
    rate: float | None = None
    gantry: float | None = None
    gantry_direction: str = ""
    collimator: float | None = None
    couch: float | None = None
    isocenter: tuple[float, ...] = ()
    ssd: float | None = None
    couch_vertical: float | None = None
    couch_longitudinal: float | None = None
    couch_lateral: float | None = None
    spots: int | None = None
    positions: Mapping[str, tuple[float, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Beam:
    """`meterset` is that of one fraction in `unit`; None where no fraction group gives one."""

    number: int
    name: str
    kind: str
    radiation: str
    delivery: str
    machine: str
    unit: str
    meterset: float | None
    dose: float | None
    final_weight: float | None
    limiters: tuple[Limiter, ...]
    points: tuple[ControlPoint, ...]
    fluence: str = ""
    tolerance_table: int | None = None
    wedges: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    applicator: str = ""
    boli: tuple[str, ...] = ()
    scan_mode: str = ""

    @property
    def is_setup(self) -> bool:
        """Whether it takes an image or a position and gives no dose that counts.

        By the word that a record of it has as well (PS3.3 C.8.8.14, C.8.8.21).
        """
        return self.delivery in IMAGING

    @property
    def energy_unit(self) -> str:
        """That of its control points' energies."""
        return energy_unit(self.radiation)

    def meterset_at(self, point: ControlPoint) -> float | None:
        """The cumulative meterset at a control point (PS3.3 C.8.8.14.1)."""
        if self.meterset is None or point.weight is None or not self.final_weight:
            return None
        return self.meterset * point.weight / self.final_weight


def energy_unit(radiation: str) -> str:
    """The unit of Nominal Beam Energy by Radiation Type (PS3.3 C.8.8.14, C.8.8.25), if it has one.

    That of protons and ions is per nucleon.
    """
    return _ENERGY.get(radiation, "")


def read_beam(item: Item, meterset: float | None, dose: float | None) -> Beam:
    """A beam of an expanded plan; Malformed says what is wrong with it."""
    limiters = _limiters(item)
    points = _points(item, limiters)
    final = item.number("FinalCumulativeMetersetWeight")
    delivery = item.text("TreatmentDeliveryType")
    _check_weights(points, final, bare=delivery in IMAGING and not meterset)
    if delivery not in TREATING | IMAGING:
        # Taken for a treatment it would be given; taken for none its dose would be left out.
        raise Malformed(
            f"nobody knows whether the dose of a TreatmentDeliveryType {delivery} counts"
        )
    accessories = _Accessories(item)
    return Beam(
        number=item.count("BeamNumber"),
        name=item.text("BeamName"),
        kind=item.text("BeamType"),
        radiation=item.text("RadiationType"),
        delivery=delivery,
        machine=item.text("TreatmentMachineName"),
        unit=item.text("PrimaryDosimeterUnit"),
        meterset=meterset,
        dose=dose,
        final_weight=final,
        limiters=limiters,
        points=points,
        fluence=accessories.fluence(),
        tolerance_table=item.integer("ReferencedToleranceTableNumber"),
        wedges=accessories.of("WedgeSequence", "IonWedgeSequence", name="WedgeID"),
        blocks=accessories.of("BlockSequence", "IonBlockSequence", name="BlockName"),
        applicator=item.one("ApplicatorSequence").text("ApplicatorID"),
        boli=accessories.of("ReferencedBolusSequence", name="BolusID"),
        scan_mode=item.text("ScanMode"),
    )


class _Accessories:
    def __init__(self, beam: Item) -> None:
        self._beam = beam

    def of(self, *sequences: str, name: str) -> tuple[str, ...]:
        """What they are called, or their numbers in order."""
        items = self._beam.items(*sequences)
        return tuple(each.text(name) or str(place) for place, each in enumerate(items, 1))

    def fluence(self) -> str:
        mode = self._beam.one("PrimaryFluenceModeSequence")
        return mode.text("FluenceModeID") or mode.text("FluenceMode")


def _limiters(item: Item) -> tuple[Limiter, ...]:
    found = []
    for each in item.items("BeamLimitingDeviceSequence", "IonBeamLimitingDeviceSequence"):
        kind, pairs = each.text("RTBeamLimitingDeviceType"), each.count("NumberOfLeafJawPairs")
        boundaries = each.numbers("LeafPositionBoundaries")
        with within(kind or "beam limiting device"):
            if boundaries and len(boundaries) != pairs + 1:
                raise Malformed(f"{pairs} leaf pairs have {len(boundaries)} boundaries")
            found.append(Limiter(kind, pairs, boundaries))
    return tuple(found)


def _points(item: Item, limiters: Sequence[Limiter]) -> tuple[ControlPoint, ...]:
    items = item.items("ControlPointSequence", "IonControlPointSequence")
    said = item.integer("NumberOfControlPoints")
    if not items or (said is not None and said != len(items)):
        raise Malformed(f"it has {len(items)} control points and says {said}")
    pairs = {each.kind: each.pairs for each in limiters}
    return tuple(_point(each, place, pairs) for place, each in enumerate(items))


def _check_weights(points: Sequence[ControlPoint], final: float | None, *, bare: bool) -> None:
    """They go from 0 to the final weight; a beam that gives nothing (`bare`) may tell none."""
    told = [(each.index, each.weight) for each in points if each.weight is not None]
    if bare and not final and not told:
        return
    if len(told) < len(points):
        missing = next(each.index for each in points if each.weight is None)
        raise Malformed("CumulativeMetersetWeight is missing", f"control point {missing}")
    (_, first), (_, last) = told[0], told[-1]
    if first != 0:
        raise Malformed(f"the first control point has the weight {first:g}")
    for (_, before), (index, after) in pairwise(told):
        if after < before:
            raise Malformed("the meterset weight falls", f"control point {index}")
    if final is not None and abs(final - last) > _SLACK * max(1.0, abs(final)):
        raise Malformed(f"the last control point has the weight {last:g}, the beam says {final:g}")


def _point(item: Item, place: int, pairs: Mapping[str, int]) -> ControlPoint:
    with within(f"control point {place}"):
        if item.count("ControlPointIndex") != place:
            raise Malformed(f"its index is {item.count('ControlPointIndex')}")
        isocenter = item.numbers("IsocenterPosition")
        if len(isocenter) not in (0, _PLACES):
            raise Malformed(f"the isocenter has {len(isocenter)} coordinates")
        return ControlPoint(
            index=place,
            weight=item.number("CumulativeMetersetWeight"),
            energy=item.number("NominalBeamEnergy"),
            rate=item.number("DoseRateSet")
            if "DoseRateSet" in item.values
            else item.number("MetersetRate"),
            gantry=item.number("GantryAngle"),
            gantry_direction=item.text("GantryRotationDirection"),
            collimator=item.number("BeamLimitingDeviceAngle"),
            couch=item.number("PatientSupportAngle"),
            isocenter=isocenter,
            ssd=item.number("SourceToSurfaceDistance"),
            couch_vertical=item.number("TableTopVerticalPosition"),
            couch_longitudinal=item.number("TableTopLongitudinalPosition"),
            couch_lateral=item.number("TableTopLateralPosition"),
            spots=item.integer("NumberOfScanSpotPositions"),
            positions=positions_of(item, pairs),
        )


def positions_of(item: Item, pairs: Mapping[str, int]) -> Mapping[str, tuple[float, ...]]:
    """Positions of jaws and leaves of a control point; Malformed where their number is wrong."""
    name = "BeamLimitingDevicePositionSequence"
    found = {}
    for kind, each in keyed(name, item.items(name)).items():
        given = each.numbers("LeafJawPositions")
        wanted = 2 * pairs.get(kind, len(given) // 2)
        if len(given) != wanted or (pairs and kind not in pairs):
            raise Malformed(f"{kind} has {len(given)} positions, the beam {wanted} leaves or jaws")
        found[kind] = given
    return found
