"""Event reports over HTTP: who can't be told, what was given up, and another try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from dicom.reports.report import Report, destination
from dicom.reports.reporter import Reporter
from gateway import to_datetime
from gateway.room import Auditor, Deliveries, Delivery, Permission, access, principal
from gateway.room.document import Document, Moment
from gateway.room.route import PREFIX, answer, route

_PATH = f"{PREFIX}/dicom/reports"
_MOST = 1000


class ReportLine(Document):
    """A peer's reports: how many wait, since when none gets through, whether news are dropped."""

    waiting: int
    full: bool
    failing_since: Moment | None
    error: str


class DeadReport(Document):
    """A report that was given up; `about` is the SOP Instance UID of what it reports."""

    id: int
    peer: str
    about: str
    created: Moment
    attempts: int
    error: str


class ReportList(Document):
    """By peer, and the dead letters, oldest first."""

    peers: dict[str, ReportLine]
    dead: list[DeadReport]


class ReportRetried(Document):
    report: int


class ReportsApi:
    """The routes of the reports."""

    def __init__(self, reporter: Reporter, outbox: Deliveries, audit: Auditor) -> None:
        self._reporter, self._outbox, self._audit = reporter, outbox, audit

    def routes(self) -> Iterable[BaseRoute]:
        return (
            route(_PATH, self.list, ReportList),
            route(
                f"{_PATH}/{{id}}/retry", self.retry, ReportRetried, method="POST", refusals=(404,)
            ),
        )

    @access(Permission.READ_SITE)
    async def list(self) -> Response:
        """How the reports to every peer stand, and those that were given up."""
        names = self._names()
        peers = {name: await self._line(place, name) for place, name in names.items()}
        dead = [_dead(each, names) for each in await self._reporter.dead(_MOST)]
        return answer(ReportList(peers=peers, dead=dead))

    @access(Permission.CONFIGURE)
    async def retry(self, request: Request, id: str) -> Response:  # noqa: A002 - a path parameter
        """Try a dead letter again; 404 if there is none."""
        number = int(id) if id.isascii() and id.isdigit() else -1
        names = self._names()
        dead = {each.id: each.destination for each in await self._reporter.dead(_MOST)}
        if number not in dead or not await self._outbox.revive(number):
            raise HTTPException(404, f"no event report {id[:20]} was given up")
        peer = names[dead[number]]
        who = principal(request)
        await self._audit.record("dicom.report.retry", who, objects={"peer": peer})
        self._reporter.wake([peer])
        return answer(ReportRetried(report=number))

    def _names(self) -> dict[str, str]:
        """The peers by the destinations of their reports."""
        return {destination(name): name for name in self._reporter.lines}

    async def _line(self, place: str, name: str) -> ReportLine:
        line = self._reporter.lines[name]
        return ReportLine(
            waiting=await self._outbox.count(place),
            full=line.full,
            failing_since=to_datetime(line.failing[0]).isoformat() if line.failing else None,
            error=line.failing[1] if line.failing else "",
        )


def _dead(each: Delivery, names: Mapping[str, str]) -> DeadReport:
    return DeadReport(
        id=each.id,
        peer=names[each.destination],
        about=Report.read(each.payload).sop_instance,
        created=to_datetime(each.created).isoformat(),
        attempts=each.attempts,
        error=each.error,
    )
