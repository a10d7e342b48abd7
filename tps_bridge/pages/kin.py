"""What people say of a plan in its course: its relation to another plan, and that it is urgent."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import PageKit, Permission, access, principal
from gateway.web import Refusal, reason_in
from tps_bridge.course_desk import CourseDesk
from tps_bridge.parts import Parts

_ROLE = 80


class KinPages:
    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._desk = kit, CourseDesk(parts.book, parts.options, parts.desk)

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/plans/{uid}/relate", self.relate, methods=["POST"]),
            Route("/plans/{uid}/emergency", self.emergency, methods=["POST"]),
        ]

    @access(Permission.APPROVE_PLANS)
    async def relate(self, request: Request) -> Response:
        """Say what a plan is to another one."""
        given, uid = await self._kit.form(request), str(request.path_params["uid"])
        if given.get("counts") not in {"yes", "no"}:
            raise Refusal(
                422,
                "No relation",
                "It is not said what the prescription holds for.",
                "Choose one of the list.",
            )
        await self._desk.relate(
            principal(request),
            uid,
            given.get("other", ""),
            given.get("kinship", ""),
            reason_in(given),
            counts=given.get("counts") == "yes",
        )
        return self._kit.done(request, f"/plans/{uid}", "The relation is kept.")

    @access(Permission.OVERRIDE_BLOCKS)
    async def emergency(self, request: Request) -> Response:
        """Declare a plan an emergency's."""
        given, uid = await self._kit.form(request), str(request.path_params["uid"])
        digest, role = given.get("digest", ""), given.get("role", "").strip()[:_ROLE]
        await self._desk.declare(principal(request), uid, digest, role, reason_in(given))
        return self._kit.done(request, f"/plans/{uid}", "The emergency is kept; it shows for ever.")
