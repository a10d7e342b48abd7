"""Records by hand: one person reads what a machine gave, a second one confirms it.

Two people take one back as well, for a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isclose
from types import MappingProxyType

from gateway.model import Instant
from gateway.room import Permission, Principal, RoomContext, texts
from gateway.web import Refusal
from tps_bridge.book import Act, Book
from tps_bridge.book.byhand import HandRecord, Reading, by_hand
from tps_bridge.in_person import in_person
from tps_bridge.ledger import BeamCourse, Ledger
from tps_bridge.ledger.beam import ROUNDING
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.session import Session, SessionState

_NOTHING, _NO_BEAM, _NO_METERSET, _NO_TIME, _NO_DURATION = texts(
    "No beam of this fraction was given: call the session off, or end it.",
    "The fraction has no such beam.",
    "A beam's meterset is a number above 0, in the unit of the plan.",
    "The time is in the future, or before the day of the session.",
    "An application needs the time that was specified for it that day, in seconds.",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What may be filled in for a session, what waits to be confirmed, and what was."""

    beams: tuple[BeamCourse, ...]
    waiting: HandRecord | None
    confirmed: tuple[HandRecord, ...]


class HandDesk:
    """When a call returns, the book shows it. Refusal where it is not possible; StoreError.

    Only people record by hand (403).
    """

    def __init__(self, context: RoomContext, book: Book, desk: SessionDesk) -> None:
        self._context, self._book, self._desk = context, book, desk

    async def sheet(self, session: Session) -> Sheet:
        """No beams where the machine says itself what it gave.

        Which is so of a session that has ended only while nothing tells all that it gave.
        """
        own = [
            each
            for each in by_hand(await self._book.notes(session.plan))
            if each.session == session.id
        ]
        return Sheet(
            await self._beams(session) if await self._takes(session) else (),
            next((each for each in own if not each.second), None),
            tuple(each for each in own if each.second),
        )

    async def give(
        self,
        who: Principal,
        id_: str,
        metersets: Mapping[int, float],
        at: Instant,
        *,
        normal: bool,
        why: str,
        times: Mapping[int, float] = MappingProxyType({}),
    ) -> None:
        """Note what each beam gave in this session, which ended at `at`; none: nothing.

        Metersets are in the unit of the plan. Of an application of brachytherapy they are seconds,
        and `times` are how long it was to take that day. It counts when a second person confirms
        it; noted anew before that, the later one stands. Refusal 409 where the machine says itself
        what it gave, 422 for what can't be.
        """
        in_person(who)
        async with self._desk.turn(id_):
            await self._give(who, id_, metersets, at, normal=normal, why=why, times=times)

    async def _give(
        self,
        who: Principal,
        id_: str,
        metersets: Mapping[int, float],
        at: Instant,
        *,
        normal: bool,
        why: str,
        times: Mapping[int, float],
    ) -> None:
        session = await self._desk.known(who, id_)
        courses = {each.beam.number: each for each in (await self.sheet(session)).beams}
        if not courses:
            raise _not_by_hand()
        self._possible(session, metersets, courses, at)
        beams = [
            _reading(courses[number], given, times.get(number)).told()
            for number, given in sorted(metersets.items())
        ]
        await self._freed(session)
        await self._act(
            who,
            Act.GIVE,
            session,
            why,
            group=session.group,
            fraction=session.fraction,
            machine=session.machine,
            at=f"{self._desk.local(at):%Y%m%d%H%M%S}",
            normal=normal,
            beams=beams,
        )

    async def witness(self, who: Principal, id_: str, given: int) -> None:
        """Confirm as the second person. Refusal 409 for one's own, and for what was replaced."""
        in_person(who)
        async with self._desk.turn(id_):
            await self._witness(who, id_, given)

    async def _witness(self, who: Principal, id_: str, given: int) -> None:
        session = await self._desk.known(who, id_)
        sheet = await self.sheet(session)
        waiting = sheet.waiting
        if waiting is None or waiting.seq != given or not _fits(waiting, sheet.beams):
            raise Refusal(
                409,
                "Nothing to confirm",
                "This record was confirmed, or noted anew, or its machine has told it since.",
                "Open the session again.",
            )
        if waiting.who == who.id:
            raise Refusal(
                409,
                "A second person is needed",
                "Nobody confirms their own record.",
                "Ask somebody else who read the machine.",
            )
        await self._freed(session)
        await self._act(who, Act.WITNESS, session, "", given=given)

    async def take_back(self, who: Principal, id_: str, given: int, why: str) -> None:
        """Say that a record is wrong: it counts until a second person agrees.

        One that nobody confirmed is gone at once. Refusal 409 where there is none.
        """
        session = await self._desk.known(who, id_)
        sheet = await self.sheet(session)
        known = (*filter(None, (sheet.waiting,)), *(e for e in sheet.confirmed if e.counts))
        if given not in {each.seq for each in known}:
            raise _nothing()
        await self._act(who, Act.TAKE_BACK, session, why, given=given)

    async def concur(self, who: Principal, id_: str, asked: int) -> None:
        """Agree as the second person that a record is wrong. Refusal 409 for one's own word."""
        session = await self._desk.known(who, id_)
        for record in (await self.sheet(session)).confirmed:
            if record.back is not None and record.back.seq == asked and record.waits:
                if record.back.who == who.id:
                    raise Refusal(
                        409,
                        "A second person is needed",
                        "Nobody takes a record back alone.",
                        "Ask somebody else who knows what the machine gave.",
                    )
                await self._act(who, Act.CONCUR, session, "", given=record.seq, asked=asked)
                return
        raise _nothing()

    async def waiting(self, who: Principal) -> list[HandRecord]:
        """Those for which a second person is wanted, as far as somebody may be that person."""
        if not who.may(Permission.NOTE_FRACTIONS):
            return []
        found = await self._book.hand_open()
        return [each for each in found if self._desk.sees(who, each.machine)]

    def _possible(
        self,
        session: Session,
        metersets: Mapping[int, float],
        courses: Mapping[int, BeamCourse],
        at: Instant,
    ) -> None:
        if not metersets and session.state.is_open:
            raise _refused(_NOTHING)
        if not metersets.keys() <= courses.keys():
            raise _refused(_NO_BEAM)
        for number, given in metersets.items():
            if not Reading(number, 0, given).is_possible(courses[number].beam.meterset):
                raise _refused(_NO_METERSET)
        day = f"{self._desk.local(at):%Y%m%d}"
        first = session.day
        if session.begun is not None:
            first = min(first, f"{self._desk.local(session.begun):%Y%m%d}")
        if at > self._context.clock.now() or day < first:
            raise _refused(_NO_TIME)

    async def _freed(self, session: Session) -> None:
        """What was given by hand is no machine's work any more. Refusal where it has claimed it."""
        waits = session.state is SessionState.SCHEDULED
        if waits and not await self._desk.freed(session, "recorded by hand"):
            raise _not_by_hand()

    async def _takes(self, session: Session) -> bool:
        if session.state.is_open:
            claimed = session.item and session.state is SessionState.IN_PROGRESS
            return session.task.treats and not claimed
        return session.id in {each.id for each in await self._book.untold(session.plan)}

    async def _beams(self, session: Session) -> tuple[BeamCourse, ...]:
        """The beams of the session's fraction, as far as they were given."""
        row = await self._book.plan(session.plan)
        if row is None:
            return ()
        ledger = await self._book.ledger(row.card, session.group)
        return _fraction(ledger, session.fraction) if ledger else ()

    async def _act(
        self, who: Principal, act: Act, session: Session, why: str, /, **facts: object
    ) -> None:
        in_person(who)
        payload = {"plan": session.plan, "session": session.id, **facts}
        await self._desk.act(who, act.value, session, why, **payload)


def _reading(course: BeamCourse, given: float, specified: float | None) -> Reading:
    """From where a beam went on, in the time of its day where it is an application."""
    beam, start = course.beam, course.reached
    if not beam.timed:
        return Reading(beam.number, start, start + given, unit=course.unit)
    made = Reading(beam.number, start, start + given, specified, course.unit)
    if not (beam.meterset and specified and made.has_duration):
        raise _refused(_NO_DURATION)
    start *= specified / beam.meterset
    return replace(made, start=start, end=start + given)


def _fits(record: HandRecord, courses: Sequence[BeamCourse]) -> bool:
    """Whether each beam still goes on from where it was when this was read."""
    known = {each.beam.number: each for each in courses}
    return bool(known) and all(
        each.beam in known and _goes_on(each, known[each.beam]) for each in record.beams
    )


def _goes_on(read: Reading, course: BeamCourse) -> bool:
    start = _reading(course, read.end - read.start, read.specified).start
    return isclose(read.start, start, abs_tol=ROUNDING)


def _fraction(ledger: Ledger, number: int) -> tuple[BeamCourse, ...]:
    found: Sequence[BeamCourse] = next(
        (each.beams for each in ledger.fractions if each.number == number), ()
    )
    return tuple(found)


def _not_by_hand() -> Refusal:
    return Refusal(
        409,
        "Not by hand",
        "Its machine says itself what it gave, or has said it.",
        "Look at its treatment records.",
    )


def _nothing() -> Refusal:
    return Refusal(
        409,
        "Nothing to take back",
        "This record was taken back, or noted anew.",
        "Open the session again.",
    )


def _refused(why: str) -> Refusal:
    return Refusal(422, "Can't be so", why, "Read the machine again, and correct it.")
