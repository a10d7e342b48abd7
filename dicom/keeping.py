"""What the node keeps for peers beside objects: work items, commitments, reports that it owes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute

from dicom.commitment import desk as commitment
from dicom.commitment.desk import Desk
from dicom.commitment.service import Commitment
from dicom.dimse import Peer, Service
from dicom.options import DicomOptions, TitleOptions
from dicom.reports import Reporter
from dicom.reports.api import ReportsApi
from dicom.seen import departments_of
from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from dicom.ups import part as ups_part
from dicom.ups.api import WorkItemsApi
from dicom.ups.part import UpsPart
from dicom.ups.seen import SeenItems
from dicom.ups.tending import Tending
from dicom.ups.web.server import UpsServer
from gateway.room import RoomContext, Subscriber

WEB = "/api/v1/dicomweb"


@dataclass(frozen=True, slots=True)
class Keeping:
    """The open parts, for the node and the room; None where no title serves one."""

    context: RoomContext
    title: str
    """The one of our titles in whose name things are done over HTTP."""
    reporter: Reporter
    ups: UpsPart | None
    commitment: Desk | None

    def of_title(self, options: TitleOptions) -> Iterable[Service]:
        """The services that a title has of these."""
        if self.ups is not None and "ups" in options.services:
            yield self.ups.service
        if self.commitment is not None and "commitment" in options.services:
            yield Commitment(self.commitment).service()

    @property
    def subscribers(self) -> Sequence[Subscriber]:
        items = [self.ups.engine.items] if self.ups is not None else []
        return [*items, *([self.commitment.transactions] if self.commitment is not None else [])]

    @property
    def services(self) -> Sequence[object]:
        return [self.ups.engine] if self.ups is not None else []

    @property
    def jobs(self) -> Mapping[str, Callable[[], Coroutine[Any, Any, None]]]:
        jobs = {"reports": self.reporter.run}
        if self.ups is not None:
            jobs["ups"] = Tending(self.ups.engine).run
        if self.commitment is not None:
            jobs["commitment"] = self.commitment.run
        return jobs

    def routes(self) -> Iterable[BaseRoute]:
        context = self.context
        yield from ReportsApi(self.reporter, context.ports.outbox, context.audit).routes()
        if self.ups is not None:
            yield from WorkItemsApi(self.ups).routes()
            yield from UpsServer(WEB, self.title, self.ups, context.audit).routes()


@asynccontextmanager
async def open_keeping(
    options: DicomOptions,
    context: RoomContext,
    peers: Mapping[str, Peer],
    index: Index,
    blobs: Blobs,
) -> AsyncIterator[Keeping]:
    """Open the tables; nothing is delivered before the jobs run. StoreError if it can't be."""
    async with AsyncExitStack() as stack:
        limits = options.limits.limits()
        reporter = Reporter(context.ports, context.clock, peers, limits)
        ups = None
        if options.serves("ups"):
            seen = SeenItems(departments_of(options.peers.values()), context.neighbours)
            opening = ups_part.opened(context, options.ups, reporter, seen)
            ups = await stack.enter_async_context(opening)
        desk = None
        if options.serves("commitment"):
            taking = commitment.opened(context, options.commitment, reporter, index, blobs)
            desk = await stack.enter_async_context(taking)
        title = options.web.title or next(iter(options.titles))
        yield Keeping(context, title, reporter, ups, desk)
