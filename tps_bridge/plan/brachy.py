"""Brachytherapy: application setups, channels, dwell positions and sources (PS3.3 C.8.8.15)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tps_bridge.rt import Item, Malformed, keyed, within

SECONDS = "s"
"""The unit of channel times, which are to an application what a meterset is to a beam."""

AIR_KERMA = "uGy/h at 1 m"
_SLACK = 1e-3
_DAY, _TIME = 8, 6
"""Digits of a day, and of a time."""


@dataclass(frozen=True, slots=True)
class Source:
    """`strength` in `unit` at the moment `since`, YYYYMMDDHHMMSS or a day; `half_life` in days.

    What is not told is None or nothing; a strength without its day is none.
    """

    number: int | None
    isotope: str = ""
    half_life: float | None = None
    strength: float | None = None
    unit: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Dwell:
    """A control point of a channel: `position` along it in mm, `weight` cumulative in time."""

    index: int
    weight: float
    position: float | None


@dataclass(frozen=True, slots=True)
class Channel:
    """`time` is that of the whole channel in seconds; `final` the weight at which it ends.

    `pulses` are those of a fraction, where it is pulsed.
    """

    number: int
    time: float | None
    length: float | None
    source: int | None
    dwells: tuple[Dwell, ...]
    final: float | None = None
    pulses: int | None = None
    interval: float | None = None
    applicator: str = ""
    tube: int | None = None

    @property
    def stops(self) -> int:
        """At how many dwells the source stays."""
        return sum(after.weight > before.weight for before, after in pairwise(self.dwells))


@dataclass(frozen=True, slots=True)
class Application:
    """`reference_kerma` is the total reference air kerma in uGy at 1 m."""

    number: int
    kind: str
    name: str
    reference_kerma: float | None
    channels: tuple[Channel, ...]


def read_application(item: Item) -> Application:
    """Malformed says what is wrong with it."""
    number = item.count("ApplicationSetupNumber")
    with within(f"application setup {number}"):
        channels = keyed("ChannelSequence", item.items("ChannelSequence"))
        return Application(
            number=number,
            kind=item.text("ApplicationSetupType"),
            name=item.text("ApplicationSetupName"),
            reference_kerma=item.number("TotalReferenceAirKerma"),
            channels=tuple(_channel(each) for each in channels.values()),
        )


def read_source(item: Item) -> Source:
    """Of a plan or a record: both write it with the same attributes (PS3.3 C.8.8.15, C.8.8.22).

    The air kerma rate of a source that gives no gamma rays is 0; its strength stands elsewhere.
    """
    day = item.text("SourceStrengthReferenceDate")
    strength, unit = _not_negative(item, "ReferenceAirKermaRate"), AIR_KERMA
    if not strength:
        strength, unit = _not_negative(item, "SourceStrength"), item.text("SourceStrengthUnits")
    told = bool(strength and unit and len(day) == _DAY and day.isdigit())
    half_life = _not_negative(item, "SourceIsotopeHalfLife")
    return Source(
        item.integer("SourceNumber"),
        item.text("SourceIsotopeName"),
        half_life or None,
        strength if told else None,
        unit if told else "",
        day + _clock(item.text("SourceStrengthReferenceTime")) if told else "",
    )


def _clock(time: str) -> str:
    """HHMMSS of a time, or nothing: one that is cut short is that of its beginning (PS3.5 6.2)."""
    digits = time.partition(".")[0]
    return digits.ljust(_TIME, "0") if digits.isdigit() and len(digits) <= _TIME else ""


def _channel(item: Item) -> Channel:
    number = item.count("ChannelNumber")
    with within(f"channel {number}"):
        pulses = item.integer("NumberOfPulses")
        if pulses is not None and pulses < 0:
            raise Malformed("NumberOfPulses is negative")
        dwells = _dwells(item)
        return Channel(
            number,
            _not_negative(item, "ChannelTotalTime"),
            item.number("ChannelLength"),
            item.integer("ReferencedSourceNumber"),
            dwells,
            item.number("FinalCumulativeTimeWeight"),
            pulses,
            item.number("PulseRepetitionInterval"),
            item.text("SourceApplicatorID"),
            item.integer("TransferTubeNumber"),
        )


def _dwells(item: Item) -> tuple[Dwell, ...]:
    dwells = tuple(
        Dwell(
            each.count("ControlPointIndex"),
            each.needed("CumulativeTimeWeight"),
            each.number("ControlPointRelativePosition"),
        )
        for each in item.items("BrachyControlPointSequence")
    )
    said = item.integer("NumberOfControlPoints")
    if said is not None and said != len(dwells):
        raise Malformed(f"it has {len(dwells)} control points and says {said}")
    if any(after.weight < before.weight for before, after in pairwise(dwells)):
        raise Malformed("the time weight falls")
    final, last = item.number("FinalCumulativeTimeWeight"), dwells[-1].weight if dwells else 0.0
    if dwells and final is not None and abs(final - last) > _SLACK * max(1.0, abs(final)):
        raise Malformed(
            f"the last control point has the weight {last:g}, the channel says {final:g}"
        )
    return dwells


def _not_negative(item: Item, keyword: str) -> float | None:
    value = item.number(keyword)
    if value is not None and value < 0:
        raise Malformed(f"{keyword} is negative")
    return value
