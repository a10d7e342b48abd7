"""Work items over HTTP: how many there are in which state, and each as it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.services.workitems import WorkItem
from dicom.ups.part import UpsPart
from dicom.ups.terms import STATE, State
from gateway import to_datetime
from gateway.room import Permission, about, access, principal

_PREFIX = "/api/v1/dicom/workitems"
_MOST = 1000


class WorkItemsApi:
    """The routes of the engine. Nothing here tells what locks an item."""

    def __init__(self, part: UpsPart) -> None:
        self._engine, self._seen = part.engine, part.seen

    def routes(self) -> Iterable[BaseRoute]:
        return (
            Route(_PREFIX, self.list, methods=["GET"]),
            Route(f"{_PREFIX}/{{uid}}", self.one, methods=["GET"]),
        )

    @access(Permission.READ_SCHEDULE)
    async def list(self, request: Request) -> Response:
        """At most 1000 items, of a `state` if one is asked for; counts of all by state.

        Whoever is limited to departments gets those that are shown to them, and counts of the
        first 1000 of these.
        """
        state = request.query_params.get("state", "")
        if state and state not in tuple(State):
            raise HTTPException(422, f"no state {state[:20]!r}: {', '.join(State)}")
        keys: dict[str, Any] = {STATE: {"vr": "CS", "Value": [state]}} if state else {}
        shown = partial(self._seen.sees, principal(request))
        items = await self._engine.matching(keys, _MOST, shown)
        if principal(request).departments:
            every = await self._engine.matching({}, _MOST, shown)
            counts = dict(Counter(each.state for each in every))
        else:
            counts = await self._engine.items.ask(lambda tables: tables.counts())
        return _json({"counts": counts, "items": [_short(each) for each in items]})

    @access(Permission.READ_SCHEDULE)
    async def one(self, request: Request) -> Response:
        """An item with all its attributes (DICOM JSON) and who is subscribed to it."""
        uid = request.path_params["uid"]
        item = await self._engine.item(uid)
        if item is None or not self._seen.sees(principal(request), item):
            raise HTTPException(404, "no such work item")
        about(request, work_item=uid)
        receivers = await self._engine.items.ask(lambda tables: tables.receivers(uid))
        told = {"attributes": item.content, "subscribers": [each.title for each in receivers]}
        return _json(_short(item) | told)


def _short(item: WorkItem) -> dict[str, Any]:
    return {
        "uid": item.uid,
        "state": item.state,
        "owner": item.owner,
        "keeper": item.keeper,
        "version": item.version,
        "changed": to_datetime(item.changed).isoformat(),
    }


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
