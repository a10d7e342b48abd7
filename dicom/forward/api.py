"""The queues over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.forward.chosen import chosen
from dicom.forward.entry import Entry, Queue, State
from dicom.forward.forwarding import Forwarding
from dicom.node import Node
from dicom.storage.object import StoredObject
from dicom.watch.watch import Watch, Watched
from gateway import ConfigError, Instant, to_datetime
from gateway.room import PageKit, Permission, RoomContext, about, access, principal

_PREFIX = "/api/v1/dicom"
_MOST = 1000


class ForwardApi:
    """Routes of the queues and the watched peers."""

    def __init__(
        self, node: Node, forwarding: Forwarding, watch: Watch, context: RoomContext
    ) -> None:
        self._node, self._forwarding, self._watch = node, forwarding, watch
        self._context = context

    def routes(self, _kit: PageKit) -> Iterable[BaseRoute]:
        queue = f"{_PREFIX}/queues/{{destination}}"
        return (
            Route(f"{_PREFIX}/peers", self.peers, methods=["GET"]),
            Route(f"{_PREFIX}/queues", self.queues, methods=["GET"]),
            Route(queue, self.entries, methods=["GET"]),
            Route(f"{queue}/send", self.send, methods=["POST"]),
            Route(f"{queue}/retry", self.retry, methods=["POST"]),
            Route(f"{queue}/drop", self.drop, methods=["POST"]),
        )

    @access(Permission.READ_SITE)
    async def peers(self, _request: Request) -> Response:
        """Every peer and whether it answers."""
        return _json({"items": [_peer(each) for each in self._watch.peers()]})

    @access(Permission.READ_SITE)
    async def queues(self, _request: Request) -> Response:
        """Every destination and how its queue stands."""
        return _json({"items": [_queue(each) for each in await self._forwarding.queues()]})

    @access(Permission.READ_IMAGES)
    async def entries(self, request: Request) -> Response:
        """Entries of a queue in one `state` (waiting, committing, dead, done, dropped)."""
        state = request.query_params.get("state", State.DEAD)
        if state not in set(State):
            raise HTTPException(422, f"state is one of {', '.join(State)}")
        destination = request.path_params["destination"]
        owed = await self._forwarding.entries(destination, State(state), _MOST)
        found = await self._node.seen.entries(principal(request), owed)
        return _json({"items": [_entry(each) for each in found]})

    @access(Permission.SEND_IMAGES)
    async def send(self, request: Request) -> Response:
        """Owe `study`, `series` or `instance` (a UID) to a destination or peer."""
        destination = request.path_params["destination"]
        said = await _body(request)
        objects = await self._node.seen.objects(principal(request), await self._wanted(said))
        if not objects:
            raise HTTPException(404, "no stored object has this UID")
        about(request, study=str(said.get("study", "")), peer=destination)
        try:
            count = await self._forwarding.send(principal(request), destination, objects)
        except ConfigError as error:
            raise HTTPException(404, str(error)) from None
        return _json({"objects": count}, 202)

    @access(Permission.SEND_IMAGES)
    async def retry(self, request: Request) -> Response:
        """Send dead letters again: `objects` are their numbers; without any, all."""
        destination = request.path_params["destination"]
        seqs = await self._chosen(request, destination)
        about(request, peer=destination)
        try:
            await self._forwarding.retry(principal(request), destination, seqs)
        except ConfigError as error:
            raise HTTPException(404, str(error)) from None
        return _json({"objects": len(seqs)}, 202)

    @access(Permission.SEND_IMAGES)
    async def drop(self, request: Request) -> Response:
        """Never send dead letters: `objects` are their numbers; without any, all."""
        destination = request.path_params["destination"]
        seqs = await self._chosen(request, destination)
        about(request, peer=destination)
        await self._forwarding.drop(principal(request), destination, seqs)
        return _json({"objects": len(seqs)}, 202)

    async def _wanted(self, said: Mapping[str, Any]) -> Sequence[StoredObject]:
        index = self._node.index
        await index.reached(self._context.ports.last_seq)
        match said:
            case {"study": str(uid)}:
                return await index.of_study(uid)
            case {"series": str(uid)}:
                return await index.of_series(uid)
            case {"instance": str(uid)}:
                found = await index.instance(uid)
                return [found] if found is not None else []
            case _:
                raise HTTPException(422, "write study, series or instance, and its UID")

    async def _chosen(self, request: Request, destination: str) -> Sequence[int]:
        said = await _body(request)
        match said.get("objects"):
            case None:
                wanted = None
            case list(seqs) if all(isinstance(each, int) for each in seqs):
                wanted = seqs
            case _:
                raise HTTPException(422, "objects is a list of numbers")
        seen = self._node.seen
        return await chosen(principal(request), seen, self._forwarding, destination, wanted)


async def _body(request: Request) -> Mapping[str, Any]:
    content = await request.body()
    try:
        said = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError as error:
        raise HTTPException(422, f"the body is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise HTTPException(422, "the body is a JSON object")
    return said


def _peer(each: Watched) -> dict[str, Any]:
    return {
        "name": each.name,
        "title": each.title,
        "host": each.host,
        "port": each.port,
        "tls": each.tls,
        "watched": each.watched,
        "state": each.state,
        "since": _time(each.since),
        "checked": _time(each.checked),
        "seconds": each.seconds,
        "error": each.error,
    }


def _queue(each: Queue) -> dict[str, Any]:
    counts = each.counts
    return {
        "destination": each.destination,
        "peer": each.peer,
        "configured": each.configured,
        "waiting": counts.waiting,
        "committing": counts.committing,
        "done": counts.done,
        "dead": counts.dead,
        "dropped": counts.dropped,
        "bytes": counts.bytes,
        "oldest": _time(counts.oldest),
        "sending": each.sending,
        "failing": _time(each.failing),
        "error": each.error,
        "next_try": _time(each.next_try),
    }


def _entry(each: Entry) -> dict[str, Any]:
    return {
        "object": each.seq,
        "sop_instance": each.uid,
        "sop_class": each.sop_class,
        "study": each.study,
        "modality": each.modality,
        "bytes": each.blob.size,
        "rule": each.rule,
        "queued": _time(each.queued_at),
        "state": each.state,
        "attempts": each.attempts,
        "doubt": each.doubt,
        "error": each.error,
        "sent_as": each.sent_as,
        "changed": _time(each.changed_at),
    }


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else to_datetime(instant).isoformat()


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
