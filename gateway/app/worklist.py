"""Works off the quarantine after a mapping was mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.driver import AnalyzerOptions, DriverType, LinkEntry
from gateway.model import sentence
from gateway.store import EventStore, QuarantineEntry
from gateway.supervisor import Again, Outcome, Selection, Trial

_PAGE = 200


class Worklist:
    """The open entries of the quarantine, over links as they are understood now."""

    def __init__(
        self,
        site: str,
        store: EventStore,
        links: Sequence[LinkEntry],
        drivers: Mapping[str, DriverType],
    ) -> None:
        self._store = store
        self._again = Again(site, store)
        self._links = {link.id: link for link in links}
        self._drivers = drivers

    async def interpret(
        self, wanted: Selection, actor: str, from_device: str = ""
    ) -> Mapping[str, Any]:
        """Read every entry that fits once more; what became of them, for JSON.

        `resolved` and `events` count, `waiting` says for each reason in words how many still
        wait. `from_device` says whose messages these are, whatever they name as their sender.
        """
        resolved = events = moved = 0
        waiting: Counter[str] = Counter()
        async for entry in self._entries(wanted):
            outcome = await self._read(entry, actor, from_device)
            resolved += not outcome.waits
            events += outcome.events
            moved += outcome.moved
            waiting.update([outcome.waits] if outcome.waits else [])
        return {
            "resolved": resolved,
            "events": events,
            "moved": moved,
            "waiting": dict(waiting.most_common()),
        }

    async def preview(
        self,
        wanted: Selection,
        overlay: Callable[[LinkEntry], LinkEntry],
        *,
        from_device: str = "",
        limit: int,
    ) -> Sequence[Trial]:
        """What entries that fit, the oldest first, would become with an overlay over the links.

        Of their events only those that the same message does not give without it.
        """
        trials: list[Trial] = []
        async for entry in self._entries(wanted):
            link = self._links.get(entry.entry.link)
            if link is None:
                trials.append(Trial(entry, waits=_no_link(entry)))
            else:
                driver = self._drivers[link.driver]
                now = await self._again.preview(entry, link, driver)
                then = await self._again.preview(entry, _from(overlay(link), from_device), driver)
                known = {event.id for event in now.events}
                fresh = tuple(event for event in then.events if event.id not in known)
                trials.append(replace(then, events=fresh))
            if len(trials) == limit:
                break
        return trials

    async def set_aside(self, wanted: Selection, actor: str, reason: str) -> int:
        """Note that nobody need look at what fits, and why; how many entries these were."""
        count = 0
        async for entry in self._entries(wanted):
            await self._store.resolve(entry.id, actor=actor, note=reason)
            count += 1
        return count

    async def _read(self, entry: QuarantineEntry, actor: str, from_device: str) -> Outcome:
        link = self._links.get(entry.entry.link)
        if link is None:
            return Outcome(entry, waits=_no_link(entry))
        driver = self._drivers[link.driver]
        return await self._again.read(entry, _from(link, from_device), driver, actor)

    async def _entries(self, wanted: Selection) -> AsyncIterator[QuarantineEntry]:
        after = 0
        while entries := await self._store.quarantine(
            after=after, limit=_PAGE, reason=wanted.reason, device=wanted.device, open_only=True
        ):
            after = entries[-1].id
            for entry in entries:
                if wanted.fits(entry):
                    yield entry


def _from(link: LinkEntry, device: str) -> LinkEntry:
    """The link as if only one device were on it, under whatever name; as it is without one."""
    if not device:
        return link
    nameless = {"sender": "", "sender_pattern": ""}
    devices = tuple(
        replace(entry, options=entry.options.model_copy(update=nameless))
        if isinstance(entry.options, AnalyzerOptions)
        else entry
        for entry in link.devices
        if entry.id == device
    )
    return replace(link, devices=devices)


def _no_link(entry: QuarantineEntry) -> str:
    return sentence("devices.yaml has no link {link} any more", link=entry.entry.link)
