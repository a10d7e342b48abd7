"""Treatment sessions by REST: a day of them, scheduling one, calling one off, ending one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.room import Permission, access, principal
from gateway.room.document import Body, Document, Moment
from gateway.room.route import PREFIX, answer, route
from gateway.web import reason_in, rfc3339
from tps_bridge.block import BlockKind
from tps_bridge.pages.task import beam_task
from tps_bridge.parts import Parts
from tps_bridge.session import BeamTask, Level, SessionState
from tps_bridge.session.desk import Standing

_LOWEST, _HIGHEST = -(2**31), 2**31 - 1
"""What an IS holds (PS3.5 6.2)."""

_Day = Annotated[str, Query(description="as `2026-11-26`; today for anything else")]


class NewSession(Body):
    """A session for the next fraction of a plan's group."""

    plan: str = Field(description="its SOP Instance UID")
    group: int = Field(default=1, ge=_LOWEST, le=_HIGHEST)
    at: str = Field(description="when it is due, as `2026-11-26T14:05`, in the site's zone")
    appointment: str = ""
    task: str = Field(default="", json_schema_extra={"enum": ["", *BeamTask]})


class Cause(Body):
    """Why."""

    reason: str


class SessionItem(Document):
    """A session; `shown` is its state, or that it is blocked or withheld and by which checks."""

    id: str
    plan: str
    label: str
    fraction: int
    machine: str
    task: BeamTask
    enforcement: Level
    due: Moment
    state: SessionState
    shown: str
    blocked_by: list[BlockKind]
    why: str
    performer: str
    progress: float | None
    work_item: str
    instruction: str
    appointment: str


class SessionList(Document):
    sessions: list[SessionItem]


class SessionApi:
    """What the pages of sessions do, for programs and the command line."""

    def __init__(self, parts: Parts) -> None:
        self._desk = parts.sessions

    def routes(self) -> Iterable[BaseRoute]:
        path, post = f"{PREFIX}/sessions", "POST"
        one, refusals = f"{path}/{{id}}", (404, 409)
        return [
            route(path, self.listed, SessionList),
            route(path, self.made, SessionItem, method=post, status=201, refusals=refusals),
            route(f"{one}/cancel", self.cancel, SessionItem, method=post, refusals=refusals),
            route(f"{one}/end", self.end, SessionItem, method=post, refusals=refusals),
        ]

    @access(Permission.READ_PLANS)
    async def listed(self, request: Request, day: _Day = "") -> Response:
        """The sessions of a day, each with what stands against it."""
        found = await self._desk.on(principal(request), self._desk.day(day))
        items = [_item(await self._desk.standing(each)) for each in found]
        return answer(SessionList(sessions=items))

    @access(Permission.NOTE_FRACTIONS)
    async def made(self, request: Request, body: NewSession) -> Response:
        """Schedule a plan's next fraction."""
        moment, task = self._desk.moment(body.at), beam_task(body.task)
        session = await self._desk.schedule(
            principal(request),
            body.plan,
            body.group,
            moment,
            appointment=body.appointment,
            task=task,
        )
        return answer(_item(await self._desk.standing(session)), 201)

    @access(Permission.NOTE_FRACTIONS)
    async def cancel(self, request: Request, id: str, body: Cause) -> Response:  # noqa: A002 - a path parameter
        """Call off a session that has not begun."""
        await self._desk.cancel(principal(request), id, reason_in(body.model_dump()))
        return await self._as_it_stands(request, id)

    @access(Permission.NOTE_FRACTIONS)
    async def end(self, request: Request, id: str, body: Cause) -> Response:  # noqa: A002 - a path parameter
        """End a session that its machine left in progress."""
        await self._desk.end(principal(request), id, reason_in(body.model_dump()))
        return await self._as_it_stands(request, id)

    async def _as_it_stands(self, request: Request, id_: str) -> Response:
        session = await self._desk.known(principal(request), id_)
        return answer(_item(await self._desk.standing(session)))


def _item(standing: Standing) -> SessionItem:
    session = standing.session
    return SessionItem(
        id=session.id,
        plan=session.plan,
        label=session.label,
        fraction=session.fraction,
        machine=session.machine,
        task=session.task,
        enforcement=standing.level,
        due=rfc3339(session.at),
        state=session.state,
        shown=standing.shown,
        blocked_by=[each.kind for each in standing.checks if each.blocks],
        why=session.why,
        performer=session.performer,
        progress=session.progress,
        work_item=session.item,
        instruction=session.instruction,
        appointment=session.appointment,
    )
