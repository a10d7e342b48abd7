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
) -> Found:
    """The last `count` events with a seq below `before` that the filters leave.

    Looks back over spans that grow until they hold enough, or `reach` events far if it is set.
    """
    found: list[DeviceEvent] = []
    end, span = before, count
    lowest = max(0, before - 1 - reach) if reach else 0
    while True:
        after = max(lowest, end - 1 - span)
        part = await _last_between(history, (after, end), count - len(found), filters)
        found += part
        if len(found) == count or after == lowest:
            return Found(found, found[-1].seq if len(found) == count else after)
        end, span = after + 1, span * _WIDER


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
