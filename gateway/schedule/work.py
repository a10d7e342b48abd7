"""`/schedule/problems`, `/orders`, `/calendar`: what needs a person, what is ordered, the year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import PageKit, Permission, access, principal
from gateway.schedule.book import ScheduleBook
from gateway.schedule.calendar import Day
from gateway.schedule.faces import Faces
from gateway.schedule.words import SHORT_WEEKDAYS, WEEKDAYS

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_ORDERS = 200


class WorkPages:
    """Lists beside the day."""

    def __init__(self, kit: PageKit, book: ScheduleBook) -> None:
        self._kit, self._book = kit, book

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/schedule/problems", self.problems, methods=["GET"]),
            Route("/orders", self.orders, methods=["GET"]),
            Route("/calendar", self.calendar, methods=["GET"]),
        ]

    @access(Permission.READ_SCHEDULE)
    async def problems(self, request: Request) -> Response:
        """Appointments from today on that are not what they should be."""
        book, reader = self._book, self._kit.reader(request)
        seen = book.seen_by(principal(request))
        found = seen.problems(await book.problems(reader.now))
        appointments = [each.appointment for each in found]
        faces = await Faces.of(book, appointments, principal(request), reader.language)
        return self._kit.page(
            request,
            "schedule/problems.html",
            found=found,
            faces={each.id: faces.face(each) for each in appointments},
            unreadable=await book.unreadable() if seen.in_sight.everything else (),
            resources=book.resources,
            clock=lambda instant: f"{book.local(instant):%Y-%m-%d %H:%M}",
            may_write=principal(request).may(Permission.WRITE_SCHEDULE),
        )

    @access(Permission.READ_SCHEDULE)
    async def orders(self, request: Request) -> Response:
        """Orders that still stand, newest first."""
        reader = self._kit.reader(request)
        seen = self._book.seen_by(principal(request))
        found = seen.orders(await self._book.newest_orders(_ORDERS))
        faces = await Faces.of_orders(self._book, found, principal(request), reader.language)
        return self._kit.page(
            request,
            "schedule/orders.html",
            orders=found,
            faces={each.id: faces.of_order(each) for each in found},
            most=_ORDERS,
        )

    @access(Permission.READ_SCHEDULE)
    async def calendar(self, request: Request) -> Response:
        """The working days of a year."""
        book, reader = self._book, self._kit.reader(request)
        today = book.local(reader.now).date()
        year = _year(request.query_params.get("year", ""), today.year)
        days = list(book.calendar.year(year))
        return self._kit.page(
            request,
            "schedule/calendar.html",
            year=year,
            today=today,
            months=_months(days),
            published=book.calendar.published(year),
            country=book.setting.options.holidays.country,
            working=sum(day.working for day in days),
            weekdays=WEEKDAYS,
            short=SHORT_WEEKDAYS,
            special=[day for day in days if day.origin not in {"weekday", "weekend"}],
        )


def _year(text: str, otherwise: int) -> int:
    year = int(text) if text.isascii() and text.isdigit() and len(text) <= len("2026") else 0
    return year if _FIRST_YEAR <= year <= _LAST_YEAR else otherwise


def _months(days: Sequence[Day]) -> list[tuple[int, list[list[Day | None]]]]:
    """Weeks of each month from Monday on, None where a week belongs to another month."""
    months = []
    for month, theirs in groupby(days, key=lambda each: each.day.month):
        filled: list[Day | None] = list(theirs)
        first = filled[0]
        lead: list[Day | None] = [None] * (first.day.weekday() if first else 0)
        padded = lead + filled
        padded += [None] * (-len(padded) % 7)
        months.append((month, [padded[at : at + 7] for at in range(0, len(padded), 7)]))
    return months
