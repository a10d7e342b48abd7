"""The log read backwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gateway.model import DeviceEvent, Kind
from gateway.web import History

_READ = 500
_WIDER = 8


@dataclass(frozen=True, slots=True)
class Found:
    """Events, newest first. `reached` is the seq down to which was looked, 0 for the beginning."""

    events: list[DeviceEvent]
    reached: int


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events are wanted; None and empty leave a property open."""

    device: str | None = None
    kinds: frozenset[Kind] = frozenset()
    code: str | None = None
    wanted: Callable[[DeviceEvent], bool] | None = None


_ANY = Filters()


async def newest(
    history: History,
    *,
    before: int,
    count: int,
    filters: Filters = _ANY,
    reach: int = 0,
    lowest: int = 0,
) -> Found:
    """The last `count` events with a seq below `before` and above `lowest` that the filters leave.

    Looks back over spans that grow until they hold enough, or `reach` events far if it is set; what
    a restore left out between seqs is jumped over.
    """
    found: list[DeviceEvent] = []
    end, span, left = before, count, reach or before
    while (last := await history.seq_before(end)) > lowest:
        after = max(lowest, last - min(span, left))
        found += await _last_between(history, (after, last + 1), count - len(found), filters)
        left -= last - after
        if len(found) == count:
            return Found(found, found[-1].seq)
        if left <= 0:
            return Found(found, after)
        end, span = after + 1, span * _WIDER
    return Found(found, lowest)


async def _last_between(
    history: History,
    between: tuple[int, int],
    count: int,
    filters: Filters,
) -> list[DeviceEvent]:
    """The last of those whose seq lies between two, both left out."""
    after, before = between
    kept: deque[DeviceEvent] = deque(maxlen=count)
    while True:
        page = await history.events(
            after=after,
            limit=_READ,
            device=filters.device,
            kinds=filters.kinds,
            code=filters.code,
            upto=before - 1,
        )
        wanted = filters.wanted
        kept.extend(event for event in page if wanted is None or wanted(event))
        if len(page) < _READ:
            return list(reversed(kept))
        after = page[-1].seq
