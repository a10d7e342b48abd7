"""What is owed to a destination, dead letters, and sending a study there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.forward.chosen import chosen
from dicom.forward.entry import Queue, State
from dicom.forward.forwarding import Forwarding
from dicom.node import Node
from dicom.pages.names import size
from gateway.room import Auditor, PageKit, Permission, about, access, principal

_SHOWN = 200
_SHORTEST = 1
_LONGEST = 18


class QueuePages:
    """The page of a queue, and what people do with it."""

    def __init__(self, kit: PageKit, node: Node, forwarding: Forwarding, audit: Auditor) -> None:
        self._kit, self._node, self._forwarding = kit, node, forwarding
        self._audit = audit

    def routes(self) -> Iterable[BaseRoute]:
        queue = "/dicom/queues/{destination}"
        return [
            Route(queue, self.queue, methods=["GET"]),
            Route(f"{queue}/retry", self.retry, methods=["POST"]),
            Route(f"{queue}/drop", self.drop, methods=["POST"]),
            Route("/studies/{study}/send", self.send, methods=["POST"]),
        ]

    @access(Permission.READ_IMAGES)
    async def queue(self, request: Request) -> Response:
        """Entries of one state; dead letters first, as they need a person."""
        queue = await self._queue(request)
        counts = queue.counts
        default = State.DEAD if counts.dead else State.WAITING
        asked = request.query_params.get("state", default)
        state = State(asked) if asked in set(State) else default
        owed = await self._forwarding.entries(queue.destination, state, _SHOWN)
        entries = await self._node.seen.entries(principal(request), owed)
        return self._kit.page(
            request,
            "dicom/queue.html",
            queue=queue,
            entries=entries,
            state=state,
            counts={each: getattr(counts, each.value) for each in State},
            may_send=principal(request).may(Permission.SEND_IMAGES),
            size=size,
        )

    @access(Permission.SEND_IMAGES)
    async def retry(self, request: Request) -> Response:
        """One dead letter, by its number, or all of them."""
        queue = await self._queue(request)
        seqs = await self._chosen(request, queue.destination)
        await self._forwarding.retry(principal(request), queue.destination, seqs)
        return self._kit.done(
            request,
            f"/dicom/queues/{queue.destination}",
            "%(count)s objects are sent again.",
            count=len(seqs),
        )

    @access(Permission.SEND_IMAGES)
    async def drop(self, request: Request) -> Response:
        queue = await self._queue(request)
        seqs = await self._chosen(request, queue.destination)
        await self._forwarding.drop(principal(request), queue.destination, seqs)
        return self._kit.done(
            request,
            f"/dicom/queues/{queue.destination}",
            "%(count)s objects are not sent any more.",
            count=len(seqs),
        )

    @access(Permission.SEND_IMAGES)
    async def send(self, request: Request) -> Response:
        """Owe a study to a destination; it goes out by its queue."""
        uid = request.path_params["study"]
        destination = (await self._kit.form(request)).get("destination", "")
        if destination not in self._forwarding.senders:
            raise HTTPException(404, "no such destination in devices.yaml")
        objects = await self._node.seen.objects(
            principal(request), await self._node.index.of_study(uid)
        )
        if not objects:
            raise HTTPException(404, "no such study")
        first = objects[0].attributes
        subject = first.patient
        about(request, subject=subject, study=uid, peer=destination)
        await self._audit.record(
            "images.send",
            principal(request),
            subject=subject,
            objects={"study": uid, "peer": destination},
            detail=f"{len(objects)} objects",
        )
        count = await self._forwarding.send(principal(request), destination, objects)
        return self._kit.done(
            request,
            f"/studies/{uid}",
            "%(count)s objects stand in the queue to %(destination)s.",
            count=count,
            destination=destination,
        )

    async def _queue(self, request: Request) -> Queue:
        name = request.path_params["destination"]
        for each in await self._forwarding.queues():
            if each.destination == name:
                return each
        raise HTTPException(404, "nothing is owed to such a destination")

    async def _chosen(self, request: Request, destination: str) -> Sequence[int]:
        """The dead letter of the form, none if that is no number, all where it names none."""
        text = (await self._kit.form(request)).get("object", "")
        one = text.isascii() and text.isdigit() and _SHORTEST <= len(text) <= _LONGEST
        wanted = [int(text)] if one else [] if text else None
        seen = self._node.seen
        return await chosen(principal(request), seen, self._forwarding, destination, wanted)
