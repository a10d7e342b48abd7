"""`/queue/statistics`: how days went over weeks, by machine, as charts, table and CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.model import Instant, Localized, from_datetime, localize
from gateway.room import (
    Chart,
    Choice,
    Column,
    Line,
    PageKit,
    Permission,
    Spot,
    Table,
    access,
    principal,
)
from queue_display.figures import Figures, figures
from queue_display.figures_page import COLUMNS
from queue_display.parts import Parts

SPANS = (7, 28, 91)
"""Days that a reader may choose to look back."""
_DAY = timedelta(days=1)
_NOON = time(12)
_JOINED = 4 * 86_400 * 1_000_000
"""Days are joined over a weekend and a holiday beside it, no further."""


@dataclass(frozen=True, slots=True)
class OfDay:
    """The figures of one queue on one day on which it had tickets."""

    day: date
    figures: Figures


def _column(column: Column[Figures]) -> Column[OfDay]:
    value = column.value
    return Column(column.name, column.label, lambda each: value(each.figures), right=column.right)


TABLE: Table[OfDay] = Table(
    "queue-statistics",
    (
        Column("day", "Day", lambda each: each.day.isoformat()),
        *(_column(each) for each in COLUMNS if each.name != "present"),
    ),
    (Choice("queue", "Queue", lambda each: each.figures.name),),
    sort="-day",
)

_CHARTS: Sequence[tuple[Localized, str, Callable[[Figures], tuple[float | None, float | None]]]] = (
    (
        {"en": "Waited: median, up to nine of ten", "zh-CN": "候诊时间：中位数，至九成"},
        "min",
        lambda each: (each.waited, each.waited_90),
    ),
    (
        {"en": "Began late: median", "zh-CN": "晚点：中位数"},
        "min",
        lambda each: (each.late, None),
    ),
    (
        {"en": "In treatment, of the time between first call and last end", "zh-CN": "治疗占用率"},
        "%",
        lambda each: (each.share, None),
    ),
    (
        {"en": "No-shows", "zh-CN": "未到"},
        "{patients}",
        lambda each: (float(each.no_shows), None),
    ),
)


class StatisticsPage:
    """Nothing of single patients, so that all who see a queue may see it."""

    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._stage = kit, parts.stage

    def routes(self) -> Iterable[BaseRoute]:
        return [Route("/queue/statistics", self.statistics, methods=["GET"])]

    @access(Permission.READ_SITE)
    async def statistics(self, request: Request) -> Response:
        """The days before today, and today so far."""
        reader, book = self._kit.reader(request), self._stage.book
        span = _span(request.query_params.get("days", ""))
        end = book.local(reader.now).date() + _DAY
        first = end - timedelta(days=span)
        rows = await self._rows(request, first, end)
        limits = self._noon(first), self._noon(end)
        return self._kit.table(
            request,
            "queue/statistics.html",
            TABLE,
            rows,
            span=span,
            spans=SPANS,
            charts=[
                made for each in _CHARTS if (made := _chart(each, rows, limits, self._noon)).lines
            ],
        )

    async def _rows(self, request: Request, first: date, end: date) -> list[OfDay]:
        who, language = principal(request), self._kit.reader(request).language
        queues = {
            id_: localize(queue.name, language)
            for id_, queue in self._stage.options.queues.items()
            if self._stage.seen.queue(who, id_)
        }
        days = await self._stage.book.days(first, end)
        return [
            OfDay(date.fromisoformat(day), figures(id_, name, tickets))
            for day, tickets in days.items()
            for id_, name in queues.items()
            if any(each.queue == id_ for each in tickets)
        ]

    def _noon(self, day: date) -> Instant:
        return from_datetime(datetime.combine(day, _NOON, self._stage.book.zone))


def _chart(
    kind: tuple[Localized, str, Callable[[Figures], tuple[float | None, float | None]]],
    rows: Sequence[OfDay],
    limits: tuple[Instant, Instant],
    noon: Callable[[date], Instant],
) -> Chart:
    title, unit, value = kind
    lines: dict[str, list[Spot]] = {}
    for row in sorted(rows, key=lambda each: each.day):
        middle, high = value(row.figures)
        if middle is not None:
            spot = Spot(noon(row.day), middle, middle, middle if high is None else high)
            lines.setdefault(row.figures.name, []).append(spot)
    return Chart(title, unit, *limits, [Line(*each) for each in lines.items()], gap=_JOINED)


def _span(written: str) -> int:
    """The days that an address asks for; four weeks where it asks for none of those offered."""
    return next((each for each in SPANS if str(each) == written), SPANS[1])
