"""An application of brachytherapy as it was delivered, beside the same one as it was planned.

Times are compared by what the source's decay makes of the planned ones. A record tells where the
source stayed and not how long, so that is never compared, and said to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tps_bridge.compare.difference import Difference, Severity, Step
from tps_bridge.compare.limit import Limit, Limits, Tolerances
from tps_bridge.compare.walk import compare
from tps_bridge.ledger.channel import by_source, factor_of, is_used
from tps_bridge.ledger.fact import GivenChannel, PlannedChannel, given_channel, planned_channels
from tps_bridge.plan import Application, Channel, Plan, Source
from tps_bridge.plan.decay import APART, LEAST, ROUNDED, factors, is_other, isotope, slack
from tps_bridge.record import DeliveredBeam, Record, RecordedChannel
from tps_bridge.rt import Item, Value

_SETUPS = "TreatmentSessionApplicationSetupSequence"
_APPLICATOR = "RecordedSourceApplicatorSequence"
_POINTS = "BrachyControlPointSequence"
_POSITION, _INDEX = "ControlPointRelativePosition", "ControlPointIndex"
_SPECIFIED, _DELIVERED = "SpecifiedChannelTotalTime", "DeliveredChannelTotalTime"
_PULSES, _STRENGTH, _ISOTOPE = (
    "DeliveredNumberOfPulses",
    "ReferenceAirKermaRate",
    "SourceIsotopeName",
)
_CHANNEL = ("ChannelLength", "SourceMovementType", "TransferTubeNumber", "TransferTubeLength")
_OF_APPLICATOR = (
    "SourceApplicatorID",
    "SourceApplicatorType",
    "SourceApplicatorLength",
    "SourceApplicatorStepSize",
)
_RENAMED = {
    "SpecifiedNumberOfPulses": "NumberOfPulses",
    "SpecifiedPulseRepetitionInterval": "PulseRepetitionInterval",
}
_ASKED = ("SourceApplicatorID", "TransferTubeNumber")
_DECAY = {"en": "the decay of the source", "zh-CN": "放射源衰变"}


@dataclass(frozen=True, slots=True)
class _Pair:
    """A channel that both have: as planned and as recorded, in whole and for the ledger."""

    planned: Channel
    told: RecordedChannel
    ours: Item
    theirs: Item
    fact: PlannedChannel
    given: GivenChannel


def compare_application(
    plan: Plan, record: Record, place: int, tolerances: Tolerances
) -> tuple[Difference, ...]:
    """Where the application at a place of an expanded record is not as its plan has it."""
    delivered = record.beams[place]
    setup = record.tree.items(_SETUPS)[place]
    key = "?" if delivered.number is None else str(delivered.number)
    path = (Step("ApplicationSetupSequence", key),)
    planned = next((each for each in plan.applications if each.number == delivered.number), None)
    if planned is None:
        return (Difference(path, "", None, key, Severity.ALARM),)
    pairs = list(_pairs(plan, planned, delivered, setup))
    return (
        *compare(plan.tree, _general(record.tree), Limits(tolerances), (), as_said=True),
        *_channels(plan, planned, delivered, pairs, path),
        *(each for pair in pairs for each in _of_channel(pair, delivered, tolerances, path)),
        *_times(pairs, delivered, record.day, path),
        *_untold(pairs, path),
    )


def _general(record: Item) -> Item:
    names = ("BrachyTreatmentTechnique", "BrachyTreatmentType")
    return Item({name: record.values[name] for name in names if name in record.values})


def _pairs(
    plan: Plan, planned: Application, delivered: DeliveredBeam, setup: Item
) -> Iterator[_Pair]:
    """The first one that has the number, where several have it: the ledger says that."""
    tree = next(
        each
        for each in plan.tree.items("ApplicationSetupSequence")
        if each.number("ApplicationSetupNumber") == planned.number
    )
    ours = {each.integer("ChannelNumber"): each for each in tree.items("ChannelSequence")}
    items = setup.items("RecordedChannelSequence")
    theirs: dict[int | None, tuple[RecordedChannel, Item]] = {}
    for each, item in zip(delivered.channels, items, strict=True):
        theirs.setdefault(each.number, (each, item))
    facts = planned_channels(plan, planned)
    for channel, fact in zip(planned.channels, facts, strict=True):
        found = theirs.get(channel.number)
        if found is not None:
            told, item = found
            yield _Pair(channel, told, ours[channel.number], item, fact, given_channel(told))


def _channels(
    plan: Plan,
    planned: Application,
    delivered: DeliveredBeam,
    pairs: Sequence[_Pair],
    path: tuple[Step, ...],
) -> Iterator[Difference]:
    """Channels that only one of the two has; what is left of an application may lie in some."""
    both = {each.planned.number for each in pairs}
    for one in planned_channels(plan, planned):
        key = str(one.number)
        if one.number not in both and one.time != 0 and delivered.delivery != "CONTINUATION":
            yield Difference((*path, Step("ChannelSequence", key)), "", key, None, Severity.ALARM)
    for each in delivered.channels:
        if each.number not in both and is_used(given_channel(each)):
            key = "?" if each.number is None else str(each.number)
            yield Difference((*path, Step("ChannelSequence", key)), "", None, key, Severity.ALARM)


def _of_channel(
    pair: _Pair, delivered: DeliveredBeam, tolerances: Tolerances, path: tuple[Step, ...]
) -> Iterator[Difference]:
    ours, theirs = _given(pair, delivered)
    values = {**_scalars(pair.theirs), **theirs}
    place = (*path, Step("ChannelSequence", str(pair.planned.number)))
    asked = {**pair.ours.values, **ours}
    limits = Limits(tolerances)
    yield from compare(
        Item(asked, {_POINTS: _dwells(pair, delivered)}),
        Item(values, {_POINTS: _passed(pair)}),
        limits,
        place,
        as_said=True,
    )


def _scalars(channel: Item) -> dict[str, Value]:
    """What a record tells of a channel in the words of a plan."""
    found = {name: channel.values[name] for name in _CHANNEL if name in channel.values}
    for name, own in _RENAMED.items():
        if name in channel.values:
            found[own] = channel.values[name]
    several = channel.items(_APPLICATOR)
    if len(several) == 1:
        told = several[0].values
        found |= {name: told[name] for name in _OF_APPLICATOR if name in told}
        if "ReferencedSourceApplicatorNumber" in told:
            found["SourceApplicatorNumber"] = told["ReferencedSourceApplicatorNumber"]
    return found


def _given(pair: _Pair, delivered: DeliveredBeam) -> tuple[dict[str, Value], dict[str, Value]]:
    """Times and pulses as they were specified, and as they were given where that is a difference.

    What was interrupted gave less, which the ledger tells.
    """
    told, ours, theirs = pair.given, dict[str, Value](), dict[str, Value]()
    normal = delivered.termination == "NORMAL"
    if told.specified is not None and told.delivered is not None:
        off = told.delivered - told.specified
        if abs(off) > max(LEAST, ROUNDED * told.specified) and (normal or off > 0):
            ours[_DELIVERED], theirs[_DELIVERED] = told.specified, told.delivered
    if told.wanted is not None and told.pulses is not None:
        less = told.pulses - told.wanted
        if less and (normal or less > 0):
            ours[_PULSES], theirs[_PULSES] = float(told.wanted), float(told.pulses)
    return ours, theirs


def _is_whole(pair: _Pair, delivered: DeliveredBeam) -> bool:
    told = pair.told
    if delivered.termination != "NORMAL" or told.specified is None or told.delivered is None:
        return False
    return told.delivered >= told.specified - max(LEAST, ROUNDED * told.specified)


def _positions(pair: _Pair) -> Mapping[int, float]:
    """By control point; of several pulses that which is farthest from the plan.

    Nothing where a control point doesn't say which one it is.
    """
    planned = {each.index: each.position for each in pair.planned.dwells}
    found: dict[int, float] = {}
    for each in pair.told.points:
        if each.index is None or each.position is None:
            return {}
        wanted = planned.get(each.index) or 0.0
        before = found.get(each.index, wanted)
        if abs(each.position - wanted) >= abs(before - wanted):
            found[each.index] = each.position
    return found


def _passed(pair: _Pair) -> tuple[Item, ...]:
    return tuple(_dwell(index, position) for index, position in _positions(pair).items())


def _dwells(pair: _Pair, delivered: DeliveredBeam) -> tuple[Item, ...]:
    """Those of the plan that the source had to pass: all, where the channel is whole."""
    told, whole = _positions(pair), _is_whole(pair, delivered)
    if not told:
        return ()
    return tuple(
        _dwell(each.index, each.position)
        for each in pair.planned.dwells
        if whole or each.index in told
    )


def _dwell(index: int, position: float | None) -> Item:
    values: dict[str, Value] = {_INDEX: float(index)}
    return Item(values if position is None else {**values, _POSITION: position})


def _times(
    pairs: Sequence[_Pair], delivered: DeliveredBeam, day: str, path: tuple[Step, ...]
) -> Iterator[Difference]:
    """What was specified, by the factor of each source, and whether its decay makes that."""
    if delivered.delivery == "CONTINUATION":
        return
    several = [(each.fact, each.given) for each in pairs]
    for group in by_source(several):
        planned, told = group[0]
        number = planned.source.number if planned.source else None
        place = path if number is None else (*path, Step("SourceSequence", str(number)))
        if is_other(planned.source, told.source) and planned.source and told.source:
            ours, theirs = isotope(planned.source.isotope), isotope(told.source.isotope)
            yield Difference(place, _ISOTOPE, ours, theirs, Severity.ALARM)
        factor = factor_of(group)
        if factor is None:
            continue
        yield from _decay(group, factor, delivered.at or day, place)
        for one, other in group:
            yield from _specified(one, other, factor, path)


def _decay(
    group: Sequence[tuple[PlannedChannel, GivenChannel]],
    factor: float,
    at: str,
    place: tuple[Step, ...],
) -> Iterator[Difference]:
    """The times together: the plan's are of its source on its reference date, as far as told."""
    planned, told = group[0]
    found = factors(planned.source, told.source, at)
    off = factor / found.reference - 1.0
    if found.fits(factor) and (abs(off) <= APART or not found.exact):
        return
    whole = sum(one.time or 0.0 for one, _ in group)
    severity = Severity.WARN if found.fits(factor) else Severity.ALARM
    limit = Limit(APART, None, _DECAY)
    yield Difference(
        place,
        _SPECIFIED,
        whole * found.reference,
        whole * factor,
        severity,
        abs(off),
        limit,
    )


def _specified(
    one: PlannedChannel, other: GivenChannel, factor: float, path: tuple[Step, ...]
) -> Iterator[Difference]:
    if one.time is None or other.specified is None:
        return
    wanted = factor * one.time
    off = abs(other.specified - wanted)
    if off > slack(wanted, one.stops):
        yield Difference(
            (*path, Step("ChannelSequence", str(one.number))),
            _SPECIFIED,
            wanted,
            other.specified,
            Severity.ALARM,
            off / wanted if wanted else None,
            Limit(None, slack(wanted, one.stops) / wanted, _DECAY) if wanted else None,
        )


def _untold(pairs: Sequence[_Pair], path: tuple[Step, ...]) -> Iterator[Difference]:
    """What the plan tells and a channel of the record doesn't."""
    absent: Mapping[str, Callable[[_Pair], bool]] = {
        _SPECIFIED: lambda each: each.given.specified is None,
        _DELIVERED: lambda each: each.given.delivered is None,
        _ISOTOPE: lambda each: not (each.given.source and each.given.source.isotope),
        _STRENGTH: lambda each: not (_decays(each.fact.source) and _decays(each.given.source)),
        "NumberOfPulses": lambda each: each.planned.pulses is not None and each.told.wanted is None,
        _POSITION: lambda each: bool(each.planned.dwells) and not _positions(each),
        "CumulativeTimeWeight": lambda each: each.planned.stops > 1,
    }
    for keyword in _ASKED:
        channels = [
            each
            for each in pairs
            if keyword in each.ours.values and keyword not in _scalars(each.theirs)
        ]
        yield from _not_told(keyword, channels, path)
    for keyword, lacks in absent.items():
        yield from _not_told(keyword, [each for each in pairs if lacks(each)], path)


def _decays(source: Source | None) -> bool:
    """Whether it is told how strong it was, and how it decays."""
    return bool(source and source.strength and source.half_life)


def _not_told(
    keyword: str, channels: Iterable[_Pair], path: tuple[Step, ...]
) -> Iterator[Difference]:
    numbers = ", ".join(str(each.planned.number) for each in channels)
    if numbers:
        yield Difference(path, keyword, None, numbers, Severity.UNTOLD)
