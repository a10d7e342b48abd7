"""The log read backwards."""

from __future__ import annotations

from collections import deque

from gateway.model import DeviceEvent
from gateway.web import History

_READ = 500
_WIDER = 8


async def newest(
    history: History, *, before: int, count: int, device: str | None = None
) -> list[DeviceEvent]:
    """The last `count` events with a seq below `before`, newest first.

    Looks back over a span that grows until it holds enough.
    """
    span = count
    while True:
        after = max(0, before - 1 - span)
        found = await _last_between(history, after, before, count, device)
        if len(found) == count or after == 0:
            return found[::-1]
        span *= _WIDER


async def _last_between(
    history: History, after: int, before: int, count: int, device: str | None
) -> list[DeviceEvent]:
    kept: deque[DeviceEvent] = deque(maxlen=count)
    while True:
        page = await history.events(after=after, limit=_READ, device=device)
        kept.extend(event for event in page if event.seq < before)
        if len(page) < _READ or page[-1].seq >= before:
            return list(kept)
        after = page[-1].seq
