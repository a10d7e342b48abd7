"""Work items over HTTP: how many there are in which state, and each as it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from dicom.services.workitems import WorkItem
from dicom.ups.part import UpsPart
from dicom.ups.terms import STATE, State
from gateway import to_datetime
from gateway.room import Permission, about, access, principal
from gateway.room.document import Document, Moment
from gateway.room.route import PREFIX, answer, route

_PATH = f"{PREFIX}/dicom/workitems"
_MOST = 1000


class WorkItemRow(Document):
    """A work item; `owner` is who claimed it, `keeper` the room that made it, '' for a peer's."""

    uid: str
    state: State
    owner: str
    keeper: str
    version: int
    changed: Moment


class WorkItemList(Document):
    """Counts are of all, by state."""

    counts: dict[str, int]
    items: list[WorkItemRow]


class WorkItemWhole(WorkItemRow):
    """With all its attributes, as DICOM JSON (PS3.18 F), and the AE titles of its subscribers."""

    attributes: dict[str, Any]
    subscribers: list[str]


class WorkItemsApi:
    """The routes of the engine. Nothing here tells what locks an item."""

    def __init__(self, part: UpsPart) -> None:
        self._engine, self._seen = part.engine, part.seen

    def routes(self) -> Iterable[BaseRoute]:
        return (
            route(_PATH, self.list, WorkItemList),
            route(f"{_PATH}/{{uid}}", self.one, WorkItemWhole, refusals=(404,)),
        )

    @access(Permission.READ_SCHEDULE)
    async def list(self, request: Request, state: State | None = None) -> Response:
        """At most 1000 items, of a `state` if one is asked for; counts of all by state.

        Whoever is limited to departments gets those that are shown to them, and counts of the
        first 1000 of these.
        """
        keys: dict[str, Any] = {STATE: {"vr": "CS", "Value": [state.value]}} if state else {}
        shown = partial(self._seen.sees, principal(request))
        items = await self._engine.matching(keys, _MOST, shown)
        if principal(request).departments:
            every = await self._engine.matching({}, _MOST, shown)
            counts = dict(Counter(each.state for each in every))
        else:
            counts = await self._engine.items.ask(lambda tables: tables.counts())
        return answer(WorkItemList(counts=counts, items=[_row(each) for each in items]))

    @access(Permission.READ_SCHEDULE)
    async def one(self, request: Request, uid: str) -> Response:
        """An item with all its attributes (DICOM JSON) and who is subscribed to it."""
        item = await self._engine.item(uid)
        if item is None or not self._seen.sees(principal(request), item):
            raise HTTPException(404, "no such work item")
        about(request, work_item=uid)
        receivers = await self._engine.items.ask(lambda tables: tables.receivers(uid))
        return answer(
            WorkItemWhole(
                **_row(item).model_dump(),
                attributes=dict(item.content),
                subscribers=[each.title for each in receivers],
            )
        )


def _row(item: WorkItem) -> WorkItemRow:
    return WorkItemRow(
        uid=item.uid,
        state=State(item.state),
        owner=item.owner,
        keeper=item.keeper,
        version=item.version,
        changed=to_datetime(item.changed).isoformat(),
    )
