"""The gateway as one principal sees it: `gateway.room.sight` applied to all that is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from starlette.requests import HTTPConnection

from gateway.model import DeviceEvent, Instant, QuarantineReason, RawId, WireRecord
from gateway.registry import DeviceStatus, Registry
from gateway.room import Sight, principal
from gateway.room.sight import permission_for
from gateway.store import QuarantineEntry, RollupRow
from gateway.web.refusal import unknown_device
from gateway.web.view import GatewayView, History

if TYPE_CHECKING:
    from gateway.supervisor import LinkStatus

R = TypeVar("R")

_MOST_PAGES = 40
"""Pages that are read for one that is shown, before it is shown as far as it came."""


def seen(view: GatewayView, request: HTTPConnection) -> SeenView:
    """The view of whoever asks."""
    return SeenView(view, Sight.of(principal(request)))


class SeenView:
    """A `GatewayView` of which only what a sight opens is there; a device beside it is unknown."""

    def __init__(self, view: GatewayView, sight: Sight) -> None:
        self._view = view
        self.sight = sight
        self._sees_everything = sight.everything
        limited = bool(sight.departments)
        self.registry: Registry = view.registry.only(self._in_sight) if limited else view.registry
        self.store: SeenHistory = SeenHistory(view.store, self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def links(self) -> Sequence[LinkStatus]:
        """Links with a device that is seen."""
        links = self._view.links()
        if not self.sight.departments:
            return links
        known = {status.entry.link for status in self.registry}
        return [link for link in links if link.id in known]

    def device(self, device: str) -> DeviceStatus:
        """A device that is seen; Refusal 404 for one that is not, as if it did not exist."""
        status = self.registry.get(device)
        if status is None:
            raise unknown_device(device)
        return status

    def sees(self, event: DeviceEvent) -> bool:
        if self._sees_everything:
            return True
        if not self.sight.departments:
            return permission_for(event) in self.sight.opened
        status = self._view.registry.get(event.source.device)
        return self.sight.event(event, status.entry if status is not None else None)

    def sees_device(self, device: str) -> bool:
        """Whether what a device said is seen; `device` may be one that is no longer configured."""
        return not self.sight.departments or self.registry.get(device) is not None

    def sees_link(self, link: str) -> bool:
        """Whether the bytes of a link are seen: every device on it is."""
        every = (status for status in self._view.registry if status.entry.link == link)
        return all(map(self._in_sight, every))

    def _in_sight(self, status: DeviceStatus) -> bool:
        return self.sight.device(status.entry)


class SeenHistory:
    """A `gateway.web.History`. Pages hold fewer rows where much lies between that is not seen."""

    def __init__(self, history: History, view: SeenView) -> None:
        self._history, self._view = history, view

    def latest(self, device: str | None = None) -> Sequence[DeviceEvent]:
        return [event for event in self._history.latest(device) if self._view.sees(event)]

    @property
    def last_seq(self) -> int:
        return self._history.last_seq

    async def events(self, **asked: Any) -> Sequence[DeviceEvent]:
        """Those of one page of the log that are seen; where it ends is known to the log alone."""
        page = await self._history.events(**asked)
        return [event for event in page if self._view.sees(event)]

    async def seq_before(self, seq: int) -> int:
        """As the log knows it, seen or not."""
        return await self._history.seq_before(seq)

    async def event(self, seq: int) -> DeviceEvent | None:
        event = await self._history.event(seq)
        return event if event is not None and self._view.sees(event) else None

    async def record(self, raw_id: RawId) -> WireRecord | None:
        record = await self._history.record(raw_id)
        seen_ = record is not None and self._view.sees_device(record.device)
        return record if seen_ else None

    async def records(
        self,
        *,
        link: str | None = None,
        device: str | None = None,
        before: RawId | None = None,
        limit: int = 100,
    ) -> Sequence[WireRecord]:
        async def page(last: WireRecord | None) -> Sequence[WireRecord]:
            start = before if last is None else last.raw_id
            return await self._history.records(link=link, device=device, before=start, limit=limit)

        return await self._filled(page, lambda record: record.device, limit)

    async def quarantine(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        reason: QuarantineReason | None = None,
        device: str | None = None,
        open_only: bool = False,
    ) -> Sequence[QuarantineEntry]:
        async def page(last: QuarantineEntry | None) -> Sequence[QuarantineEntry]:
            start = after if last is None else last.id
            return await self._history.quarantine(
                after=start, limit=limit, reason=reason, device=device, open_only=open_only
            )

        return await self._filled(page, lambda entry: entry.entry.device, limit)

    async def rollup(
        self, device: str, code: str, start: Instant, end: Instant, bucket: Literal["5m", "1h"]
    ) -> Sequence[RollupRow]:
        if not self._view.sees_device(device):
            return ()
        return await self._history.rollup(device, code, start, end, bucket)

    async def follow(self, after: int) -> AsyncIterator[Sequence[DeviceEvent]]:
        async for events in self._history.follow(after):
            yield [event for event in events if self._view.sees(event)]

    async def _filled(
        self,
        page: Callable[[R | None], Awaitable[Sequence[R]]],
        device_of: Callable[[R], str],
        limit: int,
    ) -> Sequence[R]:
        """As many rows as one page holds, from as many pages as that takes."""
        if not self._view.sight.departments:
            return await page(None)
        found: list[R] = []
        last: R | None = None
        for _ in range(_MOST_PAGES):
            rows = await page(last)
            found += [row for row in rows if self._view.sees_device(device_of(row))]
            if len(found) >= limit or len(rows) < limit:
                break
            last = rows[-1]
        return found[:limit]
