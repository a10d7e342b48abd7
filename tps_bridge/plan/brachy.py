"""Brachytherapy: application setups, channels and dwell positions (PS3.3 C.8.8.15)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tps_bridge.rt import Item, Malformed, within

SECONDS = "s"
"""The unit of channel times, which are to an application what a meterset is to a beam."""


@dataclass(frozen=True, slots=True)
class Dwell:
    """A control point of a channel: `position` along it in mm, `weight` cumulative in time."""

    index: int
    weight: float
    position: float | None


@dataclass(frozen=True, slots=True)
class Channel:
    """`time` is that of the whole channel in seconds."""

    number: int
    time: float | None
    length: float | None
    source: int | None
    dwells: tuple[Dwell, ...]


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
        return Application(
            number=number,
            kind=item.text("ApplicationSetupType"),
            name=item.text("ApplicationSetupName"),
            reference_kerma=item.number("TotalReferenceAirKerma"),
            channels=tuple(_channel(each) for each in item.items("ChannelSequence")),
        )


def _channel(item: Item) -> Channel:
    number = item.count("ChannelNumber")
    with within(f"channel {number}"):
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
        return Channel(
            number,
            item.number("ChannelTotalTime"),
            item.number("ChannelLength"),
            item.integer("ReferencedSourceNumber"),
            dwells,
        )
