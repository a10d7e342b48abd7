"""What an event came from, what replaced it, and what followed from it, one after another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from gateway.console.pages.newest import Filters, newest
from gateway.console.pages.told import told
from gateway.console.text.reader import Reader
from gateway.model import DeviceEvent
from gateway.room import Level, Step
from gateway.web import History, SeenView

_BACK = 20_000
_AHEAD = 2_000
_LONGEST = 50
_READ = 500


async def chain(event: DeviceEvent, history: History, view: SeenView, reader: Reader) -> list[Step]:
    """The event between those that it is tied to, in order of seq; itself alone if to none.

    Looks some thousands of events back and ahead: ties are made soon, as a rule at once.
    """
    found = {event.seq: event}
    await _earlier(event, history, view, found)
    await _later(event, history, view, found)
    return [_step(each, event, view, reader) for _, each in sorted(found.items())]


async def _earlier(
    event: DeviceEvent, history: History, view: SeenView, found: dict[int, DeviceEvent]
) -> None:
    """What it replaced or was caused by, and so on backwards."""
    ids = _ties(event)
    before = event.seq
    while ids and len(found) < _LONGEST:
        page = await newest(
            history, before=before, count=1, filters=Filters(wanted=_one_of(ids, view)), reach=_BACK
        )
        if not page.events:
            return
        (cause,) = page.events
        found[cause.seq] = cause
        ids = (ids - {cause.id}) | _ties(cause)
        before = cause.seq


async def _later(
    event: DeviceEvent, history: History, view: SeenView, found: dict[int, DeviceEvent]
) -> None:
    """What names it or one of its followers."""
    known = {each.id for each in found.values()}
    after = min(found)
    last = event.seq + _AHEAD
    while after < last and len(found) < _LONGEST:
        page = await history.events(after=after, limit=_READ)
        for each in page:
            if _ties(each) & known and view.sees(each):
                known.add(each.id)
                found[each.seq] = each
        if len(page) < _READ:
            return
        after = page[-1].seq


def _one_of(ids: Collection[bytes], view: SeenView) -> Callable[[DeviceEvent], bool]:
    return lambda event: event.id in ids and view.sees(event)


def _ties(event: DeviceEvent) -> set[bytes]:
    return {tie for tie in (event.caused_by, event.supersedes) if tie}


def _step(each: DeviceEvent, event: DeviceEvent, view: SeenView, reader: Reader) -> Step:
    line = told(each, view, reader)
    value = " ".join(part for part in (line.value, line.unit) if part)
    words = reader.words
    notes: Iterable[str] = (
        line.device,
        words.pgettext("status", each.status),
        words.gettext("this event") if each.seq == event.seq else "",
    )
    return Step(
        each.received_at,
        f"{line.what}: {value}" if value else line.what,
        " · ".join(note for note in notes if note),
        each.actor,
        line.path if each.seq != event.seq else "",
        Level.CALM,
    )
