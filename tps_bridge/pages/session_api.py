"""Treatment sessions by REST: a day of them, scheduling one, calling one off, ending one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import Permission, access, principal
from gateway.web import Refusal, json_response, rfc3339
from tps_bridge.pages.reason import reason_in
from tps_bridge.pages.task import beam_task
from tps_bridge.parts import Parts
from tps_bridge.session.desk import Standing


class SessionApi:
    """What the pages of sessions do, for programs and the command line."""

    def __init__(self, parts: Parts) -> None:
        self._desk = parts.sessions

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/api/v1/sessions", self.listed, methods=["GET"]),
            Route("/api/v1/sessions", self.made, methods=["POST"]),
            Route("/api/v1/sessions/{id}/cancel", self.cancel, methods=["POST"]),
            Route("/api/v1/sessions/{id}/end", self.end, methods=["POST"]),
        ]

    @access(Permission.READ_PLANS)
    async def listed(self, request: Request) -> Response:
        """The sessions of a day (`?day=2026-11-26`), each with what stands against it."""
        day = self._desk.day(request.query_params.get("day", ""))
        found = await self._desk.on(principal(request), day)
        return json_response(
            {"sessions": [_item(await self._desk.standing(each)) for each in found]}
        )

    @access(Permission.NOTE_FRACTIONS)
    async def made(self, request: Request) -> Response:
        """`{"plan", "group", "at", "appointment", "task"}`: a session for its next fraction."""
        said = await _body(request)
        plan, at = said.get("plan"), said.get("at")
        group, appointment = said.get("group", 1), said.get("appointment", "")
        if not (isinstance(plan, str) and isinstance(at, str) and isinstance(appointment, str)):
            raise _wanted()
        if not isinstance(group, int):
            raise _wanted()
        who, task = principal(request), said.get("task", "")
        if not isinstance(task, str):
            raise _wanted()
        moment, wanted = self._desk.moment(at), beam_task(task)
        session = await self._desk.schedule(
            who, plan, group, moment, appointment=appointment, task=wanted
        )
        return json_response(_item(await self._desk.standing(session)), 201)

    @access(Permission.NOTE_FRACTIONS)
    async def cancel(self, request: Request) -> Response:
        """`{"reason"}`: call off a session that has not begun."""
        why = reason_in(_texts(await _body(request)))
        await self._desk.cancel(principal(request), str(request.path_params["id"]), why)
        return await self._as_it_stands(request)

    @access(Permission.NOTE_FRACTIONS)
    async def end(self, request: Request) -> Response:
        """`{"reason"}`: end a session that its machine left in progress."""
        why = reason_in(_texts(await _body(request)))
        await self._desk.end(principal(request), str(request.path_params["id"]), why)
        return await self._as_it_stands(request)

    async def _as_it_stands(self, request: Request) -> Response:
        session = await self._desk.known(principal(request), str(request.path_params["id"]))
        return json_response(_item(await self._desk.standing(session)))


def _item(standing: Standing) -> Mapping[str, object]:
    session = standing.session
    return {
        "id": session.id,
        "plan": session.plan,
        "label": session.label,
        "fraction": session.fraction,
        "machine": session.machine,
        "task": session.task.value,
        "enforcement": standing.level.value,
        "due": rfc3339(session.at),
        "state": session.state.value,
        "shown": standing.shown,
        "blocked_by": [each.kind.value for each in standing.checks if each.blocks],
        "why": session.why,
        "performer": session.performer,
        "progress": session.progress,
        "work_item": session.item,
        "instruction": session.instruction,
        "appointment": session.appointment,
    }


def _texts(said: Mapping[str, object]) -> Mapping[str, str]:
    return {name: value for name, value in said.items() if isinstance(value, str)}


async def _body(request: Request) -> Mapping[str, object]:
    try:
        said = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise _wanted() from None
    if not isinstance(said, dict):
        raise _wanted()
    return said


def _wanted() -> Refusal:
    return Refusal(
        422,
        "Bad request",
        "A session needs {names}.",
        "Send a plan's UID, its fraction group, and when the session is due.",
        names="plan, group, at",
    )
