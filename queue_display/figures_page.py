"""`/queue/figures`: how a day went, by machine; the same as CSV."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.model import localize
from gateway.room import Column, PageKit, Permission, Table, access, principal
from gateway.web.day import day_in
from queue_display.figures import Figures, figures
from queue_display.parts import Parts

_DAY = timedelta(days=1)

COLUMNS: tuple[Column[Figures], ...] = (
    Column("name", "Queue", lambda each: each.name),
    Column("done", "Done", lambda each: each.done, right=True),
    Column("no-shows", "No-shows", lambda each: each.no_shows, right=True),
    Column("present", "Still here", lambda each: each.present, right=True),
    Column("waited", "Waited, median (min)", lambda each: each.waited, right=True),
    Column("waited-90", "Waited, nine of ten (min)", lambda each: each.waited_90, right=True),
    Column("late", "Began late, median (min)", lambda each: each.late, right=True),
    Column("took", "Treatment, median (min)", lambda each: each.took, right=True),
    Column("used", "In treatment (min)", lambda each: each.used, right=True),
    Column("share", "In treatment, percent", lambda each: each.share, right=True),
    Column("off", "Estimate off by (min)", lambda each: each.off, right=True),
    Column("held", "Called as told, percent", lambda each: each.held, right=True),
)
TABLE: Table[Figures] = Table("queue-figures", COLUMNS)


class FiguresPage:
    """Nothing of single patients, so that all who see a queue may see it."""

    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._stage = kit, parts.stage

    def routes(self) -> Iterable[BaseRoute]:
        return [Route("/queue/figures", self.figures, methods=["GET"])]

    @access(Permission.READ_SITE)
    async def figures(self, request: Request) -> Response:
        reader, book = self._kit.reader(request), self._stage.book
        today = book.local(reader.now).date()
        day = min(day_in(request.query_params.get("day", ""), today), today)
        tickets = await book.day(day)
        rows = [
            figures(id_, localize(queue.name, reader.language), tickets)
            for id_, queue in self._stage.options.queues.items()
            if self._stage.seen.queue(principal(request), id_)
        ]
        return self._kit.table(
            request,
            "queue/figures.html",
            TABLE,
            rows,
            day=day,
            before=day - _DAY,
            after=day + _DAY if day < today else None,
        )
