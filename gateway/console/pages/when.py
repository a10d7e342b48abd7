"""From times that people enter to places in the log."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.model import Instant, from_datetime
from gateway.web import History


def entered(text: str, zone: ZoneInfo) -> Instant | None:
    """A time as `datetime-local` and `date` fields write it, at the site; None for anything else.

    A time that the clock shows twice is the first of the two.
    """
    try:
        local = datetime.fromisoformat(text)
        return from_datetime(local.replace(tzinfo=zone)) if local.tzinfo is None else None
    except (ValueError, OverflowError):
        return None


async def seq_at(history: History, instant: Instant) -> int:
    """The last seq that was received before `instant`; 0 if there is none.

    Events are stored in the order in which they come in, so this looks at some tens of them.
    """
    low, high = 0, history.last_seq
    while low < high:
        middle = (low + high) // 2
        page = await history.events(after=middle, limit=1)
        if page and page[0].received_at < instant:
            low = page[0].seq
        else:
            high = middle
    return low
