"""`/sessions`: the treatments of a day by machine; one session, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.model import Instant
from gateway.room import Choice, Column, PageKit, Permission, Table, access, principal
from gateway.web import Refusal, reason_in
from tps_bridge.draw.day import Slot, lanes
from tps_bridge.face import Face, Faces, course_id
from tps_bridge.pages.task import beam_task
from tps_bridge.parts import Parts
from tps_bridge.session import Session, SessionState
from tps_bridge.session.desk import Standing
from tps_bridge.telling import SAID

_DAY = timedelta(days=1)
_MINUTES = 15
_MICROS = 60_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A session in the list of a day; `late` is by how many minutes, if that stands out."""

    standing: Standing
    face: Face
    clock: str
    late: int

    @property
    def state(self) -> str:
        return self.standing.shown


SESSIONS: Table[Line] = Table(
    "sessions",
    (
        Column("at", "Due", lambda each: each.clock),
        Column("machine", "Machine", lambda each: each.standing.session.machine),
        Column("patient", "Patient", lambda each: each.face.name),
        Column("number", "Number", lambda each: each.face.number),
        Column("plan", "Plan", lambda each: each.standing.session.label),
        Column("fraction", "Fraction", lambda each: each.standing.session.fraction, right=True),
        Column("state", "State", lambda each: each.state),
        Column("level", "Enforcement", lambda each: each.standing.level.value),
    ),
    (
        Choice("state", "State", lambda each: each.state, context="session"),
        Choice("machine", "Machine", lambda each: each.standing.session.machine),
    ),
    sort="at",
)


class SessionPages:
    """The day, and one session."""

    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._context, self._book = kit, parts.context, parts.book
        self._seen = parts.desk.seen
        self._desk, self._machines = parts.sessions, parts.options.machines
        self._hand = parts.hand

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/sessions", self.day, methods=["GET"]),
            Route("/sessions/{id}", self.session, methods=["GET"]),
            Route("/sessions/{id}/cancel", self.cancel, methods=["POST"]),
            Route("/sessions/{id}/end", self.end, methods=["POST"]),
            Route("/plans/{uid}/session", self.schedule, methods=["POST"]),
        ]

    @access(Permission.READ_PLANS)
    async def day(self, request: Request) -> Response:
        """Treatments of a day; today's where none is named."""
        wanted, who = self._desk.day(request.query_params.get("day", "")), principal(request)
        lines = await self._lines(request, wanted)
        midnight = self._desk.midnight(wanted)
        now = self._context.clock.now()
        return self._kit.table(
            request,
            "tps/sessions.html",
            SESSIONS,
            lines,
            day=wanted,
            today=self._desk.today(),
            before=wanted - _DAY,
            after=wanted + _DAY,
            machines=[
                (name, machine.level)
                for name, machine in self._machines.items()
                if self._seen.machine(who, name)
            ],
            by_hand=await self._hand.waiting(who),
            lanes=lanes([_slot(each) for each in lines], midnight, now),
            beams=[
                each
                for each in await self._book.beams_alone(
                    midnight, self._desk.midnight(wanted + _DAY)
                )
                if self._seen.machine(who, each[0])
            ],
            alone=[
                each
                for each in await self._seen.records_alone(who)
                if each.card.machine in self._machines
            ],
        )

    @access(Permission.READ_PLANS)
    async def session(self, request: Request) -> Response:
        reader, who = self._kit.reader(request), principal(request)
        session = await self._desk.known(who, str(request.path_params["id"]))
        faces = await Faces.of(self._context.neighbours, [session.identity], who, reader.language)
        uids = set(await self._book.session_records(session.id))
        records = [e for e in await self._book.records(session.plan) if e.card.uid in uids]
        return self._kit.page(
            request,
            "tps/session.html",
            told=SAID,
            standing=await self._desk.standing(session),
            face=faces.face(session.identity),
            course=course_id(session.identity, session.plan),
            steps=await self._book.session_steps(session.id),
            records=records,
            hand=await self._hand.sheet(session),
            who_id=who.id,
            may_schedule=who.may(Permission.NOTE_FRACTIONS),
        )

    @access(Permission.NOTE_FRACTIONS)
    async def schedule(self, request: Request) -> Response:
        """A session for the next fraction of a plan."""
        given = await self._kit.form(request)
        group = given.get("group", "")
        if not (group.isascii() and group.isdigit()):
            raise Refusal(422, "No group", "No fraction group was chosen.", "Choose one.")
        uid = str(request.path_params["uid"])
        at = self._desk.moment(given.get("at", ""))
        task = beam_task(given.get("task", ""))
        made = await self._desk.schedule(principal(request), uid, int(group[:9]), at, task=task)
        return self._kit.done(request, f"/sessions/{made.id}", "The session is scheduled.")

    @access(Permission.NOTE_FRACTIONS)
    async def cancel(self, request: Request) -> Response:
        given = await self._kit.form(request)
        id_ = str(request.path_params["id"])
        await self._desk.cancel(principal(request), id_, reason_in(given))
        return self._kit.done(request, f"/sessions/{id_}", "The session is called off.")

    @access(Permission.NOTE_FRACTIONS)
    async def end(self, request: Request) -> Response:
        """End what a machine left in progress."""
        given = await self._kit.form(request)
        id_ = str(request.path_params["id"])
        await self._desk.end(principal(request), id_, reason_in(given))
        return self._kit.done(request, f"/sessions/{id_}", "The session is ended.")

    async def _lines(self, request: Request, wanted: date) -> list[Line]:
        """Of a day; what was called off only where somebody asks for that."""
        reader, who = self._kit.reader(request), principal(request)
        called_off = request.query_params.get("state") == SessionState.CANCELLED
        sessions = [
            each
            for each in await self._desk.on(who, wanted)
            if (each.state is SessionState.CANCELLED) == called_off
        ]
        identities = [each.identity for each in sessions]
        faces = await Faces.of(self._context.neighbours, identities, who, reader.language)
        now = self._context.clock.now()
        return [
            Line(
                await self._desk.standing(each),
                faces.face(each.identity),
                f"{self._desk.local(each.at):%H:%M}",
                _late(each, now) if wanted == self._desk.today() else 0,
            )
            for each in sessions
        ]


def _slot(line: Line) -> Slot:
    session = line.standing.session
    start = session.begun if session.begun is not None else session.at
    end = session.ended if session.ended is not None and session.begun is not None else None
    return Slot(
        session.id,
        session.machine,
        start,
        end if end is not None else start + _MINUTES * _MICROS,
        line.state,
        f"{line.clock} {line.face.name}",
        late=bool(line.late),
    )


def _late(session: Session, now: Instant) -> int:
    """Minutes since it was due, once its own time is over and nobody began."""
    minutes = (now - session.at) // _MICROS
    waits = session.state is SessionState.SCHEDULED
    return minutes if waits and minutes >= _MINUTES else 0
