"""The log read backwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gateway.model import DeviceEvent
from gateway.web import History

_READ = 500
_WIDER = 8


@dataclass(frozen=True, slots=True)
class Found:
    """Events, newest first. `reached` is the seq down to which was looked, 0 for the beginning."""

    events: list[DeviceEvent]
    reached: int


async def newest(
    history: History,
    *,
    before: int,
    count: int,
    device: str | None = None,
    wanted: Callable[[DeviceEvent], bool] | None = None,
    reach: int = 0,
) -> Found:
    """The last `count` events with a seq below `before` that are `wanted`.

    Looks back over spans that grow until they hold enough, or `reach` events far if it is set.
    """
    found: list[DeviceEvent] = []
    end, span = before, count
    lowest = max(0, before - 1 - reach) if reach else 0
    while True:
        after = max(lowest, end - 1 - span)
        part = await _last_between(history, (after, end), count - len(found), device, wanted)
        found += part
        if len(found) == count or after == lowest:
            return Found(found, found[-1].seq if len(found) == count else after)
        end, span = after + 1, span * _WIDER


async def _last_between(
    history: History,
    between: tuple[int, int],
    count: int,
    device: str | None,
    wanted: Callable[[DeviceEvent], bool] | None,
) -> list[DeviceEvent]:
    """The last of those whose seq lies between two, both left out."""
    after, before = between
    kept: deque[DeviceEvent] = deque(maxlen=count)
    while True:
        page = await history.events(after=after, limit=_READ, device=device)
        kept.extend(
            event for event in page if event.seq < before and (wanted is None or wanted(event))
        )
        if len(page) < _READ or page[-1].seq >= before - 1:
            return list(reversed(kept))
        after = page[-1].seq
