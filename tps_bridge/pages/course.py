"""`/courses`: who is treated by which plan, and how far; a patient's course."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.model import Instant, from_datetime
from gateway.room import (
    Chart,
    Choice,
    Column,
    PageKit,
    Permission,
    Principal,
    Search,
    Table,
    access,
    principal,
)
from gateway.web import Refusal
from tps_bridge.book import Note, PlanRow, RecordRow, SummaryRow
from tps_bridge.draw.course import Cell, charts, weeks
from tps_bridge.face import Face, Faces, course_id
from tps_bridge.kin import Kin, kin_of
from tps_bridge.ledger import Ledger
from tps_bridge.parts import Parts
from tps_bridge.telling import SAID

_NOON = time(12)


@dataclass(frozen=True, slots=True)
class Line:
    """A plan in the list of courses."""

    row: PlanRow
    face: Face
    course: str

    @property
    def machine(self) -> str:
        return ", ".join(self.row.card.machines)


COURSES: Table[Line] = Table(
    "courses",
    (
        Column("patient", "Patient", lambda each: each.face.name),
        Column("number", "Number", lambda each: each.face.number),
        Column("label", "Plan", lambda each: each.row.card.label),
        Column("kind", "Kind", lambda each: each.row.card.kind),
        Column("machine", "Machine", lambda each: each.machine),
        Column("state", "State", lambda each: each.row.state),
        Column("given", "Fractions given", lambda each: each.row.delivered, right=True),
        Column("planned", "Planned", lambda each: each.row.planned, right=True),
        Column("findings", "To look at", lambda each: each.row.findings, right=True),
        Column("last", "Last treated", lambda each: each.row.last_day),
    ),
    (
        Choice("state", "State", lambda each: each.row.state, context="plan-state"),
        Choice("machine", "Machine", lambda each: each.machine),
        Search("q", "Search", lambda each: f"{each.face.name} {each.row.card.label}"),
    ),
    sort="-last",
)


@dataclass(frozen=True, slots=True)
class Times:
    """A fraction group over time."""

    weeks: tuple[tuple[Cell, ...], ...]
    charts: Sequence[Chart]


@dataclass(frozen=True, slots=True)
class PlanOfCourse:
    """A plan on its patient's page."""

    row: PlanRow
    ledgers: tuple[Ledger, ...]
    records: tuple[RecordRow, ...]
    notes: tuple[Note, ...]
    times: tuple[Times, ...]
    kin: Kin
    summaries: tuple[SummaryRow, ...]


class CoursePages:
    """The list, and one patient's course."""

    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._context, self._book = kit, parts.context, parts.book
        self._machines = parts.options.machines
        self._seen = parts.desk.seen
        self._zone = ZoneInfo(parts.context.site.zone)

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/courses", self.courses, methods=["GET"]),
            Route("/courses/problems", self.problems, methods=["GET"]),
            Route("/courses/{id}", self.course, methods=["GET"]),
        ]

    @access(Permission.READ_PLANS)
    async def courses(self, request: Request) -> Response:
        who = principal(request)
        rows = await self._seen.plans(who)
        faces = await self._faces(request, rows)
        lines = [
            Line(row, faces.face(row.card.identity), course_id(row.card.identity, row.card.uid))
            for row in rows
        ]
        problems = await self._seen.problems(who)
        waiting = len(await self._book.waiting(100))
        return self._kit.table(
            request, "tps/courses.html", COURSES, lines, problems=problems, waiting=waiting
        )

    @access(Permission.READ_PLANS)
    async def course(self, request: Request) -> Response:
        """All plans of a person under one number."""
        wanted = str(request.path_params["id"])
        rows = [
            each
            for each in await self._seen.plans(principal(request))
            if course_id(each.card.identity, each.card.uid) == wanted
        ]
        if not rows:
            raise Refusal(
                404,
                "Unknown course",
                "No plan is known of this course.",
                "Look it up in the list of courses.",
            )
        faces = await self._faces(request, rows)
        return self._kit.page(
            request,
            "tps/course.html",
            told=SAID,
            face=faces.face(rows[0].card.identity),
            plans=[await self._of_course(each) for each in rows],
        )

    @access(Permission.READ_PLANS)
    async def problems(self, request: Request) -> Response:
        """Objects that need a person; each is kept."""
        reader, who = self._kit.reader(request), principal(request)
        strays, alone = await self._seen.strays(who), await self._alone(who)
        doubted, summaries = await self._seen.doubted(who), await self._seen.summaries(who)
        strange, uncounted = await self._seen.strange(who), await self._seen.uncounted(who)
        several = (*strays, *alone, *doubted, *strange, *uncounted)
        identities = [each.card.identity for each in several]
        identities += [each.card.identity for each in summaries]
        faces = await Faces.of(self._context.neighbours, identities, who, reader.language)
        return self._kit.page(
            request,
            "tps/problems.html",
            troubles=await self._book.troubles(),
            strays=[(each, faces.face(each.card.identity)) for each in strays],
            may_settle=who.may(Permission.OVERRIDE_BLOCKS),
            doubted=[(each, faces.face(each.card.identity)) for each in doubted],
            strange=[(each, faces.face(each.card.identity)) for each in strange],
            uncounted=[(each, faces.face(each.card.identity)) for each in uncounted],
            summaries=[(each, faces.face(each.card.identity)) for each in summaries],
            alone=[(each, faces.face(each.card.identity)) for each in alone],
        )

    async def _alone(self, who: Principal) -> list[RecordRow]:
        """Records without a session, of machines whose sessions are kept here."""
        rows = await self._seen.records_alone(who)
        return [each for each in rows if each.card.machine in self._machines]

    async def _faces(self, request: Request, rows: Iterable[PlanRow]) -> Faces:
        identities = [each.card.identity for each in rows]
        language = self._kit.reader(request).language
        return await Faces.of(self._context.neighbours, identities, principal(request), language)

    async def _of_course(self, row: PlanRow) -> PlanOfCourse:
        uid, facts = row.card.uid, row.card.facts
        groups = await self._book.groups(row.card)
        sessions = await self._book.sessions(uid)
        return PlanOfCourse(
            row,
            tuple(ledger for _, ledger in groups),
            tuple(await self._book.records(uid)),
            tuple(await self._book.notes(uid)),
            tuple(
                Times(
                    weeks(ledger, [each for each in sessions if each.group == group.number]),
                    charts(facts, group, ledger, self._noon),
                )
                for group, ledger in groups
            ),
            await kin_of(self._book, row.card),
            tuple(await self._book.summaries(uid)),
        )

    def _noon(self, day: date) -> Instant:
        return from_datetime(datetime.combine(day, _NOON, self._zone))
