"""What the node does of itself: forwarding, watching its peers, removing what it need not keep."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute

from dicom.forward.api import ForwardApi
from dicom.forward.content import Contents
from dicom.forward.forwarding import Forwarding
from dicom.node import Node
from dicom.options import DicomOptions
from dicom.retention.api import RetentionApi
from dicom.retention.sweeper import Sweeper
from dicom.scu.api import AskingApi
from dicom.scu.asking import Asking
from dicom.storage.service import Private
from dicom.watch.watch import Watch
from dicom.web.server import servers_of
from gateway.room import PageKit, RoomContext


@dataclass(frozen=True, slots=True)
class Outward:
    """The open parts, for the room."""

    forwarding: Forwarding
    sweeper: Sweeper
    watch: Watch
    asking: Asking
    routes: Callable[[PageKit], Iterable[BaseRoute]]

    @property
    def jobs(self) -> Mapping[str, Callable[[], Coroutine[Any, Any, None]]]:
        return {
            "forward": self.forwarding.run,
            "watch": self.watch.run,
            "retention": self.sweeper.run,
        }


@asynccontextmanager
async def open_outward(
    options: DicomOptions, context: RoomContext, node: Node
) -> AsyncIterator[Outward]:
    """Open the queues; nothing is sent or asked before the jobs run."""
    with Contents.open(node.blobs, options.deid, context.clock) as contents:
        async with Forwarding.open(
            context,
            options.forward,
            node.peers,
            servers=servers_of(options),
            title=options.web.title or next(iter(options.titles)),
            contents=contents,
            limits=node.limits,
            reports=node.reports,
        ) as forwarding:
            sweeper = Sweeper(
                context, options.retention, node.index, node.blobs, node.storage.space, forwarding
            )

            def back(name: str) -> None:
                forwarding.hurry(name)
                node.keeping.reporter.hurry(name)

            watch = Watch(
                options.watch,
                node.peers,
                node.limits,
                site=context.site.id,
                clock=context.clock,
                ports=context.ports,
                back=back,
            )
            first = next(iter(options.titles.values()))
            storage = node.storage.service(Private(), first.undeclared_charset)
            asking = Asking(node.peer, node.limits, storage)
            queues = ForwardApi(node, forwarding, watch, context)
            retention = RetentionApi(sweeper, node.seen)
            questions = AskingApi(node, asking, context, options.peers)
            yield Outward(
                forwarding,
                sweeper,
                watch,
                asking,
                lambda kit: (*queues.routes(kit), *questions.routes(kit), *retention.routes()),
            )
