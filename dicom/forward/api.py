"""The queues over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from dicom.forward.chosen import chosen
from dicom.forward.document import (
    DeadLetters,
    Owed,
    PeerItem,
    PeerList,
    QueueEntries,
    QueueEntry,
    QueueItem,
    QueueList,
    WhatToSend,
)
from dicom.forward.entry import Entry, Queue, State
from dicom.forward.forwarding import Forwarding
from dicom.node import Node
from dicom.storage.object import StoredObject
from dicom.watch.watch import Watch, Watched
from gateway import ConfigError, Instant, to_datetime
from gateway.room import PageKit, Permission, RoomContext, about, access, principal
from gateway.room.route import PREFIX, answer, route

_PATH = f"{PREFIX}/dicom"
_MOST = 1000
_ALL = DeadLetters()


class ForwardApi:
    """Routes of the queues and the watched peers."""

    def __init__(
        self, node: Node, forwarding: Forwarding, watch: Watch, context: RoomContext
    ) -> None:
        self._node, self._forwarding, self._watch = node, forwarding, watch
        self._context = context

    def routes(self, _kit: PageKit) -> Iterable[BaseRoute]:
        post, queue = "POST", f"{_PATH}/queues/{{destination}}"
        refusals = (404,)
        return (
            route(f"{_PATH}/peers", self.peers, PeerList),
            route(f"{_PATH}/queues", self.queues, QueueList),
            route(queue, self.entries, QueueEntries),
            route(f"{queue}/send", self.send, Owed, method=post, status=202, refusals=refusals),
            route(f"{queue}/retry", self.retry, Owed, method=post, status=202, refusals=refusals),
            route(f"{queue}/drop", self.drop, Owed, method=post, status=202),
        )

    @access(Permission.READ_SITE)
    async def peers(self) -> Response:
        """Every peer and whether it answers."""
        return answer(PeerList(items=[_peer(each) for each in self._watch.peers()]))

    @access(Permission.READ_SITE)
    async def queues(self) -> Response:
        """Every destination and how its queue stands."""
        found = await self._forwarding.queues()
        return answer(QueueList(items=[_queue(each) for each in found]))

    @access(Permission.READ_IMAGES)
    async def entries(
        self, request: Request, destination: str, state: State = State.DEAD
    ) -> Response:
        """Entries of a queue in one state."""
        owed = await self._forwarding.entries(destination, state, _MOST)
        found = await self._node.seen.entries(principal(request), owed)
        return answer(QueueEntries(items=[_entry(each) for each in found]))

    @access(Permission.SEND_IMAGES)
    async def send(self, request: Request, destination: str, body: WhatToSend) -> Response:
        """Owe what is stored to a destination or peer."""
        objects = await self._node.seen.objects(principal(request), await self._wanted(body))
        if not objects:
            raise HTTPException(404, "no stored object has this UID")
        about(request, study=body.study or "", peer=destination)
        try:
            count = await self._forwarding.send(principal(request), destination, objects)
        except ConfigError as error:
            raise HTTPException(404, str(error)) from None
        return answer(Owed(objects=count), 202)

    @access(Permission.SEND_IMAGES)
    async def retry(self, request: Request, destination: str, body: DeadLetters = _ALL) -> Response:
        """Send dead letters again."""
        seqs = await self._chosen(request, destination, body)
        about(request, peer=destination)
        try:
            await self._forwarding.retry(principal(request), destination, seqs)
        except ConfigError as error:
            raise HTTPException(404, str(error)) from None
        return answer(Owed(objects=len(seqs)), 202)

    @access(Permission.SEND_IMAGES)
    async def drop(self, request: Request, destination: str, body: DeadLetters = _ALL) -> Response:
        """Never send dead letters."""
        seqs = await self._chosen(request, destination, body)
        about(request, peer=destination)
        await self._forwarding.drop(principal(request), destination, seqs)
        return answer(Owed(objects=len(seqs)), 202)

    async def _wanted(self, body: WhatToSend) -> Sequence[StoredObject]:
        index = self._node.index
        await index.reached(self._context.ports.last_seq)
        if body.study is not None:
            return await index.of_study(body.study)
        if body.series is not None:
            return await index.of_series(body.series)
        if body.instance is not None:
            found = await index.instance(body.instance)
            return [found] if found is not None else []
        raise HTTPException(422, "write study, series or instance, and its UID")

    async def _chosen(self, request: Request, destination: str, body: DeadLetters) -> Sequence[int]:
        seen = self._node.seen
        return await chosen(principal(request), seen, self._forwarding, destination, body.objects)


def _peer(each: Watched) -> PeerItem:
    return PeerItem(
        name=each.name,
        title=each.title,
        host=each.host,
        port=each.port,
        tls=each.tls,
        watched=each.watched,
        state=each.state,
        since=_time(each.since),
        checked=_time(each.checked),
        seconds=each.seconds,
        error=each.error,
    )


def _queue(each: Queue) -> QueueItem:
    counts = each.counts
    return QueueItem(
        destination=each.destination,
        peer=each.peer,
        configured=each.configured,
        waiting=counts.waiting,
        committing=counts.committing,
        done=counts.done,
        dead=counts.dead,
        dropped=counts.dropped,
        bytes=counts.bytes,
        oldest=_time(counts.oldest),
        sending=each.sending,
        failing=_time(each.failing),
        error=each.error,
        next_try=_time(each.next_try),
    )


def _entry(each: Entry) -> QueueEntry:
    return QueueEntry(
        object=each.seq,
        sop_instance=each.uid,
        sop_class=each.sop_class,
        study=each.study,
        modality=each.modality,
        bytes=each.blob.size,
        rule=each.rule,
        queued=_moment(each.queued_at),
        state=each.state,
        attempts=each.attempts,
        doubt=each.doubt,
        error=each.error,
        sent_as=each.sent_as,
        changed=_moment(each.changed_at),
    )


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else _moment(instant)


def _moment(instant: Instant) -> str:
    return to_datetime(instant).isoformat()
