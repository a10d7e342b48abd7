"""Event reports over HTTP: who can't be told, what was given up, and another try."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.reports.report import Report, destination
from dicom.reports.reporter import Reporter
from gateway import to_datetime
from gateway.room import Auditor, Deliveries, Permission, access, principal

_PREFIX = "/api/v1/dicom/reports"
_MOST = 1000


class ReportsApi:
    """The routes of the reports."""

    def __init__(self, reporter: Reporter, outbox: Deliveries, audit: Auditor) -> None:
        self._reporter, self._outbox, self._audit = reporter, outbox, audit

    def routes(self) -> Iterable[BaseRoute]:
        return (
            Route(_PREFIX, self.list, methods=["GET"]),
            Route(f"{_PREFIX}/{{id}}/retry", self.retry, methods=["POST"]),
        )

    @access(Permission.READ_SITE)
    async def list(self, _request: Request) -> Response:
        """By peer: how many reports wait, since when none gets through, whether news are dropped.

        And the dead letters, oldest first.
        """
        names = {destination(name): name for name in self._reporter.lines}
        peers = {}
        for place, name in names.items():
            failing = self._reporter.lines[name].failing
            peers[name] = {
                "waiting": await self._outbox.count(place),
                "full": self._reporter.lines[name].full,
                "failing_since": to_datetime(failing[0]).isoformat() if failing else None,
                "error": failing[1] if failing else "",
            }
        dead = [
            {
                "id": each.id,
                "peer": names[each.destination],
                "about": Report.read(each.payload).sop_instance,
                "created": to_datetime(each.created).isoformat(),
                "attempts": each.attempts,
                "error": each.error,
            }
            for each in await self._reporter.dead(_MOST)
        ]
        return Response(orjson.dumps({"peers": peers, "dead": dead}), media_type="application/json")

    @access(Permission.CONFIGURE)
    async def retry(self, request: Request) -> Response:
        """Try a dead letter again; 404 if there is none."""
        said = request.path_params["id"]
        number = int(said) if said.isascii() and said.isdigit() else -1
        names = {destination(name): name for name in self._reporter.lines}
        dead = {each.id: each.destination for each in await self._reporter.dead(_MOST)}
        if number not in dead or not await self._outbox.revive(number):
            raise HTTPException(404, f"no event report {said[:20]} was given up")
        peer = names[dead[number]]
        who = principal(request)
        await self._audit.record("dicom.report.retry", who, objects={"peer": peer})
        self._reporter.wake([peer])
        return Response(orjson.dumps({"report": number}), media_type="application/json")
