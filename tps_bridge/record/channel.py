"""Channels of an application as they were delivered (PS3.3 C.8.8.22). Pure.

The module tells of control points where and when, and no weights: how long the source stayed at a
dwell is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tps_bridge.plan import Source, read_source
from tps_bridge.rt import Item, Malformed, within

POINTS = "BrachyControlPointDeliveredSequence"
_PULSES = "PulseSpecificBrachyControlPointDeliveredSequence"
_OF_PULSE = "BrachyPulseControlPointDeliveredSequence"
_CHANNELS, _SOURCES = "RecordedChannelSequence", "RecordedSourceSequence"


@dataclass(frozen=True, slots=True)
class Passed:
    """A control point that the source passed: `position` along the channel in mm."""

    index: int | None
    position: float | None


@dataclass(frozen=True, slots=True)
class RecordedChannel:
    """Times in seconds, of all control points of the channel; None where the record tells none.

    `wanted` and `pulses` are the pulses that were specified and that were delivered.
    """

    number: int | None
    specified: float | None
    delivered: float | None
    wanted: int | None = None
    pulses: int | None = None
    source: Source | None = None
    applicator: str = ""
    tube: int | None = None
    points: tuple[Passed, ...] = ()


def channels_of(record: Item, setup: Item) -> tuple[RecordedChannel, ...]:
    """Those of an application setup of a record; Malformed where a time is negative.

    The only source of a record is that of every channel that names none.
    """
    sources = _sources(record)
    if len(sources) == len(record.items(_SOURCES)) == 1:
        sources = {**sources, None: next(iter(sources.values()))}
    return tuple(_channel(each, sources) for each in setup.items(_CHANNELS))


def points_of(setup: Item) -> tuple[Item, ...]:
    """All control points that an application setup of a record passed, in every pulse."""
    return tuple(point for each in setup.items(_CHANNELS) for point in _points(each))


def total(times: Sequence[float | None]) -> float | None:
    """Their sum; None where one is not told."""
    known = [each for each in times if each is not None]
    return sum(known) if len(known) == len(times) else None


def _sources(record: Item) -> Mapping[int | None, Source]:
    """By number. One that two items describe is nobody's."""
    found: dict[int | None, Source] = {}
    twice = set()
    for each in record.items(_SOURCES):
        with within("recorded source"):
            source = read_source(each)
        if source.number in found:
            twice.add(source.number)
        found[source.number] = source
    return {number: each for number, each in found.items() if number not in twice}


def _channel(item: Item, sources: Mapping[int | None, Source]) -> RecordedChannel:
    number = item.integer("ChannelNumber")
    with within(f"channel {number}"):
        applicators = item.items("RecordedSourceApplicatorSequence")
        return RecordedChannel(
            number,
            _time(item, "SpecifiedChannelTotalTime"),
            _time(item, "DeliveredChannelTotalTime"),
            _pulses(item, "SpecifiedNumberOfPulses"),
            _pulses(item, "DeliveredNumberOfPulses"),
            sources.get(item.integer("ReferencedSourceNumber")),
            applicators[0].text("SourceApplicatorID") if len(applicators) == 1 else "",
            item.integer("TransferTubeNumber"),
            tuple(
                Passed(
                    each.integer("ReferencedControlPointIndex"),
                    each.number("ControlPointRelativePosition"),
                )
                for each in item.items(POINTS)
            ),
        )


def _time(item: Item, keyword: str) -> float | None:
    value = item.number(keyword)
    if value is not None and value < 0:
        raise Malformed(f"{keyword} is negative")
    return value


def _pulses(item: Item, keyword: str) -> int | None:
    value = item.integer(keyword)
    if value is not None and value < 0:
        raise Malformed(f"{keyword} is negative")
    return value


def _points(channel: Item) -> Iterator[Item]:
    yield from channel.items(POINTS)
    for pulse in channel.items(_PULSES):
        yield from pulse.items(_OF_PULSE)
