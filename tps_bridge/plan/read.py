"""An RT Plan or RT Ion Plan as a `Plan`; Malformed refuses what can't be one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tps_bridge.plan.beam import Beam, read_beam
from tps_bridge.plan.brachy import Application, Source, read_application, read_source
from tps_bridge.plan.identity import identity_of
from tps_bridge.plan.plan import (
    Approval,
    DoseReference,
    FractionGroup,
    GroupBeam,
    Plan,
    PlanKind,
    Prescribed,
    Related,
)
from tps_bridge.rt import Item, Malformed, delivered_by, digest_of, expanded, keyed, within

RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"
RT_ION_PLAN = "1.2.840.10008.5.1.4.1.1.481.8"
PLAN_CLASSES = frozenset({RT_PLAN, RT_ION_PLAN})

_KINDS: Mapping[str, PlanKind] = MappingProxyType(
    {
        "PHOTON": PlanKind.PHOTON,
        "ELECTRON": PlanKind.ELECTRON,
        "PROTON": PlanKind.ION,
        "ION": PlanKind.ION,
    }
)
_MOST = 1000
"""Fractions of a group: a slip of the keyboard is more, and the ledger has a line for each."""
_BEAMS = ("BeamSequence", "IonBeamSequence")


def read_plan(item: Item) -> Plan:
    """The plan that a decoded object is."""
    sop_class = item.text("SOPClassUID")
    if sop_class not in PLAN_CLASSES:
        raise Malformed(f"SOP class {sop_class or 'none'} is no plan")
    tree = expanded(item)
    groups = tuple(_groups(tree))
    beams = tuple(_beams(tree, groups))
    applications = tuple(_applications(tree))
    if not beams and not applications:
        raise Malformed("it has neither beams nor application setups")
    _check_groups(groups, beams, applications)
    delivers = delivered_by(tree)
    return Plan(
        uid=_needed(item, "SOPInstanceUID"),
        sop_class=sop_class,
        kind=_kind(beams, applications),
        label=item.text("RTPlanLabel"),
        name=item.text("RTPlanName"),
        made=item.text("RTPlanDate") + item.text("RTPlanTime"),
        intent=item.text("PlanIntent"),
        approval=_approval(item.text("ApprovalStatus")),
        reviewer=item.text("ReviewerName"),
        reviewed=item.text("ReviewDate") + item.text("ReviewTime"),
        identity=identity_of(item),
        study=item.text("StudyInstanceUID"),
        series=item.text("SeriesInstanceUID"),
        frame_of_reference=item.text("FrameOfReferenceUID"),
        structure_set=item.one("ReferencedStructureSetSequence").text("ReferencedSOPInstanceUID"),
        related=tuple(_related(item)),
        references=tuple(_references(item)),
        groups=groups,
        beams=beams,
        applications=applications,
        digest=digest_of(delivers),
        delivers=delivers,
        tree=tree,
        private=item.private,
        sources=tuple(_sources(tree)),
    )


def _needed(item: Item, keyword: str) -> str:
    text = item.text(keyword)
    if not text:
        raise Malformed(f"{keyword} is missing")
    return text


def _approval(text: str) -> Approval:
    return Approval(text) if text in set(Approval) else Approval.UNSAID


def _kind(beams: tuple[Beam, ...], applications: tuple[Application, ...]) -> PlanKind:
    if not beams:
        return PlanKind.BRACHY
    treating = [each for each in beams if not each.is_setup] or list(beams)
    kinds = {_KINDS.get(each.radiation, PlanKind.MIXED) for each in treating}
    if applications or len(kinds) > 1:
        return PlanKind.MIXED
    return kinds.pop()


def _related(item: Item) -> Iterator[Related]:
    for each in item.items("ReferencedRTPlanSequence"):
        yield Related(each.text("ReferencedSOPInstanceUID"), each.text("RTPlanRelationship"))


def _references(item: Item) -> Iterator[DoseReference]:
    for key, each in keyed("DoseReferenceSequence", item.items("DoseReferenceSequence")).items():
        with within(f"dose reference {key}"):
            yield DoseReference(
                number=each.count("DoseReferenceNumber"),
                kind=each.text("DoseReferenceType"),
                name=each.text("DoseReferenceDescription"),
                structure=each.integer("ReferencedROINumber"),
                prescribed=_dose(each, "TargetPrescriptionDose"),
                maximum=_dose(each, "DeliveryMaximumDose"),
                limit=_dose(each, "OrganAtRiskLimitDose"),
                uid=each.text("DoseReferenceUID"),
            )


def _dose(item: Item, keyword: str) -> float | None:
    dose = item.number(keyword)
    if dose is not None and dose < 0:
        raise Malformed(f"{keyword} is negative")
    return dose


def _groups(item: Item) -> Iterator[FractionGroup]:
    for key, each in keyed("FractionGroupSequence", item.items("FractionGroupSequence")).items():
        with within(f"fraction group {key}"):
            yield _group(each)


def _group(item: Item) -> FractionGroup:
    fractions = item.integer("NumberOfFractionsPlanned")
    if fractions is not None and not 1 <= fractions <= _MOST:
        raise Malformed(f"{fractions} fractions are planned")
    beams = tuple(_group_beams(item, "ReferencedBeamSequence", "ReferencedBeamNumber", "Beam"))
    setups = "ReferencedBrachyApplicationSetupSequence"
    number = "ReferencedBrachyApplicationSetupNumber"
    return FractionGroup(
        number=item.count("FractionGroupNumber"),
        fractions=fractions,
        beams=beams,
        applications=tuple(_group_beams(item, setups, number, "BrachyApplicationSetup")),
        prescribed=tuple(
            Prescribed(
                each.count("ReferencedDoseReferenceNumber"), _dose(each, "TargetPrescriptionDose")
            )
            for each in item.items("ReferencedDoseReferenceSequence")
        ),
        a_day=_a_day(item),
    )


def _group_beams(item: Item, sequence: str, number: str, prefix: str) -> Iterator[GroupBeam]:
    for key, each in keyed(sequence, item.items(sequence)).items():
        with within(f"{prefix.lower()} {key}"):
            meterset = each.number("BeamMeterset")
            if meterset is not None and meterset < 0:
                raise Malformed("BeamMeterset is negative")
            yield GroupBeam(each.count(number), meterset, _dose(each, f"{prefix}Dose"))


def _a_day(item: Item) -> int | None:
    """The most fractions on one day of the pattern (PS3.3 C.8.8.13: digits of 0 and 1)."""
    pattern, digits = (
        item.text("FractionPattern"),
        item.integer("NumberOfFractionPatternDigitsPerDay"),
    )
    if not pattern or not digits or digits < 1:
        return None
    days = [pattern[start : start + digits] for start in range(0, len(pattern), digits)]
    return max((day.count("1") for day in days), default=0) or None


def _beams(tree: Item, groups: tuple[FractionGroup, ...]) -> Iterator[Beam]:
    for name in _BEAMS:
        for key, each in keyed(name, tree.items(name)).items():
            with within(f"beam {key}"):
                given = _given(groups, each.count("BeamNumber"))
                yield read_beam(each, given.meterset, given.dose)


def _applications(tree: Item) -> Iterator[Application]:
    name = "ApplicationSetupSequence"
    for each in keyed(name, tree.items(name)).values():
        yield read_application(each)


def _sources(tree: Item) -> Iterator[Source]:
    for key, each in keyed("SourceSequence", tree.items("SourceSequence")).items():
        with within(f"source {key}"):
            yield read_source(each)


def _given(groups: tuple[FractionGroup, ...], number: int) -> GroupBeam:
    """What the fraction groups give a beam; nothing where two of them give it differently."""
    found = {each for group in groups for each in group.beams if each.number == number}
    return found.pop() if len(found) == 1 else GroupBeam(number, None, None)


def _check_groups(
    groups: tuple[FractionGroup, ...],
    beams: tuple[Beam, ...],
    applications: tuple[Application, ...],
) -> None:
    known = {each.number for each in beams}
    setups = {each.number for each in applications}
    for group in groups:
        missing = [each.number for each in group.beams if each.number not in known]
        gone = [each.number for each in group.applications if each.number not in setups]
        if missing or gone:
            what = f"beam {missing[0]}" if missing else f"application setup {gone[0]}"
            raise Malformed(f"{what} is not in the plan", f"fraction group {group.number}")
