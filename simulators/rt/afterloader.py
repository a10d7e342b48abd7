"""An afterloader: it delivers application setups and writes RT Brachy Treatment Records.

It makes the times of a plan longer by the decay of its source (PS3.3 C.8.8.22).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset

from simulators.rt.compose import item
from simulators.rt.machine import Machine, session

RT_BRACHY_RECORD = "1.2.840.10008.5.1.4.1.1.481.6"
_DAY = timedelta(days=1)
_ROUNDING = 1e-6
_SOURCE = (
    "SourceNumber",
    "SourceType",
    "SourceIsotopeName",
    "SourceIsotopeHalfLife",
    "ReferenceAirKermaRate",
    "SourceStrengthReferenceDate",
    "SourceStrengthReferenceTime",
)
_APPLICATOR = (
    "SourceApplicatorID",
    "SourceApplicatorType",
    "SourceApplicatorLength",
    "SourceApplicatorStepSize",
)
_COPIED = (
    "ChannelLength",
    "SourceMovementType",
    "TransferTubeNumber",
    "TransferTubeLength",
    "ReferencedSourceNumber",
    "NumberOfControlPoints",
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A channel as it ran, in seconds; None is the planned time with the decay, and all of it.

    `pulses` are those delivered of a pulsed one; None is all of them.
    """

    channel: int
    specified: float | None = None
    delivered: float | None = None
    pulses: int | None = None


def brachy_record(
    plan: Dataset,
    fraction: int,
    ran: Sequence[Ran] | None = None,
    *,
    at: datetime = datetime(2025, 6, 9, 9, 0),  # noqa: DTZ001 - DICOM times have no zone
    factor: float | None = None,
    termination: str = "NORMAL",
    delivery: str = "TREATMENT",
    machine: Machine | None = None,
    **values: Any,
) -> Dataset:
    """A record of the first application of a plan: these channels, or all of them.

    `factor` is specified over planned time, by the source of the plan where it is None.
    """
    setup = plan.ApplicationSetupSequence[0]
    numbers = [int(each.ChannelNumber) for each in setup.ChannelSequence]
    made = session(plan, fraction, RT_BRACHY_RECORD, at, machine or Machine("HDR1", "SN-9"))
    longer = decay(plan, at) if factor is None else factor
    several = list(ran if ran is not None else map(Ran, numbers))
    channels = [_channel(setup, each, at, longer) for each in several]
    made.BrachyTreatmentTechnique = plan.BrachyTreatmentTechnique
    made.BrachyTreatmentType = plan.BrachyTreatmentType
    made.RecordedSourceSequence = [_source(each) for each in plan.SourceSequence]
    made.TreatmentSessionApplicationSetupSequence = [
        item(
            ApplicationSetupType=setup.ApplicationSetupType,
            ReferencedBrachyApplicationSetupNumber=setup.ApplicationSetupNumber,
            TotalReferenceAirKerma=setup.TotalReferenceAirKerma,
            CurrentFractionNumber=fraction,
            TreatmentDeliveryType=delivery,
            TreatmentTerminationStatus=termination,
            TreatmentVerificationStatus="",
            RecordedChannelSequence=channels,
        )
    ]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def decay(plan: Dataset, at: datetime) -> float:
    """How much longer the source of a plan takes at a moment than at its reference date."""
    source = plan.SourceSequence[0]
    since = f"{source.SourceStrengthReferenceDate}{source.SourceStrengthReferenceTime}"
    then = datetime.strptime(since, "%Y%m%d%H%M%S")  # noqa: DTZ007 - DICOM times have no zone
    days = (at - then) / _DAY
    return float(2.0 ** (days / float(source.SourceIsotopeHalfLife)))


def _source(planned: Dataset) -> Dataset:
    copied = {name: planned.get(name) for name in _SOURCE if name in planned}
    return item(**copied, SourceManufacturer="Isogate simulators", SourceSerialNumber="Q-17")


def _channel(setup: Dataset, ran: Ran, at: datetime, longer: float) -> Dataset:
    """One that the plan has not has the dwells of its first one."""
    several = {int(each.ChannelNumber): each for each in setup.ChannelSequence}
    planned = several.get(ran.channel, setup.ChannelSequence[0])
    whole = round(float(planned.ChannelTotalTime) * longer, 1)
    specified = whole if ran.specified is None else ran.specified
    delivered = specified if ran.delivered is None else ran.delivered
    made = item(
        ChannelNumber=ran.channel,
        SpecifiedChannelTotalTime=specified,
        DeliveredChannelTotalTime=delivered,
        RecordedSourceApplicatorSequence=[
            item(
                ReferencedSourceApplicatorNumber=planned.SourceApplicatorNumber,
                **{name: planned.get(name) for name in _APPLICATOR if name in planned},
            )
        ],
        **{name: planned.get(name) for name in _COPIED if name in planned},
    )
    if "NumberOfPulses" in planned:
        wanted = int(planned.NumberOfPulses)
        made.SpecifiedNumberOfPulses = wanted
        made.DeliveredNumberOfPulses = wanted if ran.pulses is None else ran.pulses
        interval = planned.get("PulseRepetitionInterval", 3600)
        made.SpecifiedPulseRepetitionInterval = interval
        made.DeliveredPulseRepetitionInterval = interval
    if delivered:
        made.SafePositionExitDate, made.SafePositionExitTime = f"{at:%Y%m%d}", f"{at:%H%M%S}"
        back = at + timedelta(seconds=delivered)
        made.SafePositionReturnDate = f"{back:%Y%m%d}"
        made.SafePositionReturnTime = f"{back:%H%M%S}"
    made.BrachyControlPointDeliveredSequence = [
        _point(each, at, specified, planned)
        for each in planned.BrachyControlPointSequence
        if _passed(each, planned, specified) <= delivered + _ROUNDING
    ]
    made.NumberOfControlPoints = len(made.BrachyControlPointDeliveredSequence)
    return made


def _passed(point: Dataset, planned: Dataset, specified: float) -> float:
    """When the source is there, in seconds after the first control point."""
    whole = float(planned.FinalCumulativeTimeWeight) or 1.0
    return specified * float(point.CumulativeTimeWeight) / whole


def _point(planned: Dataset, at: datetime, specified: float, channel: Dataset) -> Dataset:
    then = at + timedelta(seconds=_passed(planned, channel, specified))
    return item(
        ReferencedControlPointIndex=planned.ControlPointIndex,
        TreatmentControlPointDate=f"{then:%Y%m%d}",
        TreatmentControlPointTime=f"{then:%H%M%S}",
        ControlPointRelativePosition=planned.ControlPointRelativePosition,
    )
