"""An application channel by channel: what a record tells of it, and what of the plan that is.

A part counts only where every channel of the plan is told, none that the plan has not, and each was
to take as much longer or shorter as the others with its source. Anything else is for people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from tps_bridge.ledger.fact import Given, GivenChannel, PlannedBeam, PlannedChannel
from tps_bridge.plan import Source
from tps_bridge.plan.decay import LEAST, ROUNDED, common, factors, is_other, isotope, slack

_ROUNDING = 0.02
"""Seconds that a machine loses by writing a time with two decimals."""

_MOST_SAID = 4

_Pair: TypeAlias = tuple[PlannedChannel, GivenChannel]
_Pairs: TypeAlias = Sequence[_Pair]


def fitting(beam: PlannedBeam, part: Given) -> Given:
    """The part; one that is not the plan's is as if it told no time, and says why.

    What people said is of the whole. One that was continued is for people anyway: its times are
    those of the rest.
    """
    continued = part.delivery == "CONTINUATION" and not part.is_placed
    if not beam.timed or part.by_people or continued:
        return part
    why = misfit(beam, part)
    return replace(part, start=None, end=None, unclear=why) if why else part


def by_channel(beam: PlannedBeam, part: Given) -> Given:
    """A part that fits in the time of the plan: the share that each channel gave of its own.

    Where a channel is not whole, the application isn't, whatever the others gave.
    """
    pairs = pairs_of(beam, part)
    normal = part.termination == "NORMAL"
    if all(_is_whole(each, normal=normal) for _, each in pairs):
        rounded = all(_is_whole(each, normal=False) for _, each in pairs)
        end = sum((one.time or 0.0) * share_of(other) for one, other in pairs)
        least = (beam.meterset or 0.0) if rounded else 0.0
        return replace(part, end=max(end, least))
    given = sum((one.time or 0.0) * min(1.0, share_of(other)) for one, other in pairs)
    return replace(part, end=given, termination="")


def pairs_of(beam: PlannedBeam, part: Given) -> _Pairs:
    """The channels that both have."""
    told = {each.number: each for each in part.channels}
    return [(each, told[each.number]) for each in beam.channels if each.number in told]


def share_of(channel: GivenChannel) -> float:
    """What it gave of what was specified, as a part of one; of one that fits.

    Pulses that were not given are not given, whether its times are of one pulse or of all.
    """
    if not channel.specified:
        return 1.0
    time = (channel.delivered or 0.0) / channel.specified
    pulses = _pulses(channel)
    return time if pulses == 1.0 else pulses


def misfit(beam: PlannedBeam, part: Given) -> str:
    """Why the channels of a part are not those of the plan; nothing where they are."""
    if not part.channels:
        return part.unclear or "it tells no channels"
    pairs = pairs_of(beam, part)
    found = list(dict.fromkeys((*_numbers(beam, part), *_of_channels(pairs))))
    found = found or list(_of_times(pairs, part.at or part.day))
    return "; ".join(found[:_MOST_SAID]) + ("; …" if len(found) > _MOST_SAID else "")


def _numbers(beam: PlannedBeam, part: Given) -> Iterator[str]:
    """Channels that only one of the two has."""
    counted = Counter(each.number for each in part.channels)
    planned = {each.number for each in beam.channels}
    for number, times in counted.items():
        if number is None:
            yield "a channel has no number"
        elif times > 1:
            yield f"channel {number} is told twice"
    for one in beam.channels:
        if one.number not in counted and one.time != 0:
            yield f"channel {one.number} of the plan is not told"
    for each in part.channels:
        if each.number is not None and each.number not in planned and is_used(each):
            yield f"channel {each.number} is not in the plan"


def is_used(channel: GivenChannel) -> bool:
    """Whether anybody asked for it: machines list channels with no time, too."""
    return channel.specified != 0 or channel.delivered != 0


def _of_channels(pairs: _Pairs) -> Iterator[str]:
    for one, other in pairs:
        yield from _of_channel(one, other)


def _of_channel(planned: PlannedChannel, told: GivenChannel) -> Iterator[str]:
    name = f"channel {planned.number}"
    if planned.time is None:
        yield f"the plan tells no time of {name}"
    if told.specified is None or told.delivered is None:
        yield f"{name} tells no time"
        return
    if planned.time and planned.time > LEAST and not told.specified:
        yield f"{name} was to give nothing, the plan has {planned.time:g} s"
    if told.delivered > told.specified + max(LEAST, ROUNDED * told.specified):
        yield f"{name} gave {told.delivered:g} s of {told.specified:g} s"
    if is_other(planned.source, told.source) and planned.source and told.source:
        theirs, ours = isotope(told.source.isotope), isotope(planned.source.isotope)
        yield f"the source of {name} is {theirs}, the plan's is {ours}"
    yield from _of_pulses(planned, told)


def _of_pulses(planned: PlannedChannel, told: GivenChannel) -> Iterator[str]:
    """One that names no pulses has one. Nobody tells whether a time is of one pulse or of all."""
    name = f"channel {planned.number}"
    wanted, given = told.wanted, told.pulses
    if (wanted is None) != (given is None) or (wanted is None and (planned.pulses or 1) > 1):
        yield f"{name} doesn't tell its pulses"
        return
    if wanted is None or given is None or not is_used(told):
        return
    if wanted != (planned.pulses or 1):
        yield f"{name} was to give {wanted} pulses, the plan has {planned.pulses or 1}"
    elif given > wanted:
        yield f"{name} gave {given} pulses of {wanted}"
    elif given < wanted:
        time = (told.delivered or 0.0) / (told.specified or 1.0)
        near = max(ROUNDED, _ROUNDING)
        if abs(time - 1.0) > near and abs(time - given / wanted) > near:
            yield (
                f"{name} gave {given} of {wanted} pulses and "
                f"{told.delivered:g} s of {told.specified:g} s"
            )


def _of_times(pairs: _Pairs, at: str) -> Iterator[str]:
    """Each source makes all its channels longer by one factor, which its decay tells."""
    for several in by_source(pairs):
        factor = factor_of(several)
        if factor is None:
            yield from (
                f"channel {each.number} was to give {each.specified:g} s, the plan has none"
                for _, each in several
                if each.specified
            )
            continue
        off = max(several, key=lambda pair: _off(pair, factor) - _slack(pair[0], factor))
        planned, told = off
        if _off(off, factor) > _slack(planned, factor):
            wanted = factor * (planned.time or 0.0)
            yield (
                f"channel {planned.number} was to give {told.specified:g} s, by the other channels "
                f"it is {wanted:.4g} s"
            )
        found = factors(planned.source, told.source, at)
        if not found.fits(factor):
            why = "the source makes it" if found.exact else "the source is not told, at most it is"
            yield (
                f"it was to take {factor:.3g} times as long as planned; {why} "
                f"{found.least:.3g} to {found.most:.3g} times"
            )


def by_source(pairs: _Pairs) -> Iterable[_Pairs]:
    """The channels that have one source in the plan, and one in the record."""
    found: dict[tuple[Source | None, Source | None], list[_Pair]] = {}
    for one, other in pairs:
        found.setdefault((one.source, other.source), []).append((one, other))
    return found.values()


def factor_of(pairs: _Pairs) -> float | None:
    """Specified over planned time of channels with one source; None where it can't be told."""
    return common(
        (one.time, other.specified)
        for one, other in pairs
        if one.time is not None and other.specified is not None
    )


def _off(pair: _Pair, factor: float) -> float:
    one, other = pair
    return abs((other.specified or 0.0) - factor * (one.time or 0.0))


def _slack(planned: PlannedChannel, factor: float) -> float:
    return slack(factor * (planned.time or 0.0), planned.stops)


def _pulses(channel: GivenChannel) -> float:
    if not channel.wanted or channel.pulses is None:
        return 1.0
    return channel.pulses / channel.wanted


def _is_whole(channel: GivenChannel, *, normal: bool) -> bool:
    """Whether it gave all that was specified; what ended normally, to its rounding."""
    wanted = channel.specified or 0.0
    rounding = max(LEAST, ROUNDED * wanted) if normal else _ROUNDING
    whole = (channel.delivered or 0.0) >= wanted - rounding
    return whole and _pulses(channel) == 1.0
