"""What people do with sessions, and whether one may be treated."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from dicom.services import WorkItemRefused, WorkItems
from gateway.model import Instant, from_datetime, placed, to_datetime
from gateway.room import Agenda, Principal, RoomContext, texts
from gateway.web import Refusal
from gateway.web.day import day_in
from tps_bridge.block import Attempt, Check, stands
from tps_bridge.book import Book, PlanRow
from tps_bridge.desk import PlanDesk
from tps_bridge.options import TpsOptions
from tps_bridge.session.events import ACT, ROOM, written
from tps_bridge.session.session import Level, Session, SessionState, Step
from tps_bridge.session.task import BeamTask
from tps_bridge.session.visit import Visits

_DAY = timedelta(days=1)
_CLAIMED = 0xC302
"""What a work item says that is in progress (PS3.4 table CC.2.1-2)."""
_SOON = 10 * 60 * 1_000_000
_LONG = 31 * 24 * 3600 * 1_000_000
"""µs in which a record comes, and after which nobody is told of it on the overview any more."""
_AS_WRITTEN, _NEVER_SHOWN = texts(
    "A time is written as 2026-11-23T14:05.",
    "This time does not exist: clocks change then.",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A session with the checks that it meets now; none where it has ended or begun."""

    session: Session
    level: Level
    checks: tuple[Check, ...] = ()

    @property
    def blocked(self) -> bool:
        return stands(self.checks)

    @property
    def shown(self) -> str:
        """Its state, or `blocked`, or `withheld` where it should be offered and can't be."""
        session = self.session
        if self.blocked:
            return "blocked"
        return "withheld" if withheld(session, self.level) else session.state.value


def withheld(session: Session, level: Level) -> bool:
    """Whether it should be offered and can't be; one that is blocked may look the same."""
    waits = session.state is SessionState.SCHEDULED and not session.item
    return waits and level is Level.ENFORCED and bool(session.why)


class SessionDesk:
    """Carries out what a person decides. When a call returns, the book shows it.

    Refusal (gateway.web) where it is not possible; StoreError where it can't be kept.
    """

    def __init__(
        self, context: RoomContext, book: Book, options: TpsOptions, plans: PlanDesk
    ) -> None:
        self._context, self._book, self._options, self._plans = context, book, options, plans
        self._zone = ZoneInfo(context.site.zone)
        self._scheduling = asyncio.Lock()
        """Held while one is made: what is open is looked at, and then there is one more."""
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def schedule(
        self,
        who: Principal,
        plan: str,
        group: int,
        at: Instant,
        *,
        appointment: str = "",
        task: BeamTask | None = None,
    ) -> Session:
        """A session for the next fraction of a plan's group, due at `at`.

        `task` is the first that treats of those that the machine takes where none is named.
        Refusal 409 where nothing is left to treat, a session of it is open already, or the machine
        takes no such task; 404 for an unknown `appointment`, 409 for one that is over or not of the
        plan's patient.
        """
        row = await self._plans.known(who, plan)
        if appointment:
            await self._possible(who, row, appointment)
        async with self._scheduling:
            session = self._tasked(await self._next(row, group, at, appointment), task)
            payload = {"session": session.id, "opens": written(session)}
            await self.act(who, f"{ACT}{Step.SCHEDULE}", session, "", **payload)
        return session

    async def _possible(self, who: Principal, row: PlanRow, appointment: str) -> None:
        visits = Visits(self._context)
        found = await visits.known(appointment)
        if found is None or not self._context.neighbours(Agenda).sees(who, found):
            raise Refusal(
                404,
                "Unknown appointment",
                "There is no such appointment.",
                "Look it up in the schedule.",
            )
        if not found.status.is_open:
            raise Refusal(
                409,
                "The appointment is over",
                "Nobody is treated by this appointment any more.",
                "Choose one that still stands.",
            )
        if await visits.is_of_another(found, row.card.identity):
            raise Refusal(
                409,
                "Another patient",
                "The appointment is not one of the plan's patient.",
                "Choose an appointment of the plan's patient.",
            )

    async def cancel(self, who: Principal, id_: str, why: str) -> None:
        """Call off a session that has not begun; first its work item is withdrawn.

        Refusal 409 where its machine has it.
        """
        async with self.turn(id_):
            session = await self.known(who, id_)
            if session.state is not SessionState.SCHEDULED:
                raise _begun()
            if not await self.freed(session, f"{who.id}: {why}"):
                raise _begun()
            await self.act(who, f"{ACT}{Step.CANCEL}", session, why, session=id_)
            if (await self.known(who, id_)).state is not SessionState.CANCELLED:
                raise _begun()

    def turn(self, id_: str) -> asyncio.Lock:
        """Held while a session is offered, called off or recorded by hand: one of them at a time.

        Whoever holds it looks at the session again.
        """
        return self._turns.setdefault(id_, asyncio.Lock())

    async def freed(self, session: Session, why: str) -> bool:
        """Whether no machine can claim a session any more; for who holds its turn.

        Its work item is withdrawn, unless its machine has claimed it already.
        """
        items = self._work_items() if session.item else None
        if items is None:
            return True
        try:
            await items.cancel(session.item, why, keeper=ROOM, only_if_scheduled=True)
        except WorkItemRefused as error:
            if error.status == _CLAIMED:
                return False
        await self._book.reached(self._context.ports.last_seq)
        left = await self._book.session(session.id)
        return left is not None and left.state is SessionState.SCHEDULED

    async def end(self, who: Principal, id_: str, why: str) -> None:
        """End a session that its machine left; its work item is cancelled, and the machine told.

        Refusal 409 where none is in progress.
        """
        session = await self.known(who, id_)
        if session.state is not SessionState.IN_PROGRESS:
            raise Refusal(
                409,
                "Not ended",
                "The session is not being treated.",
                "Open it again to see how it stands.",
            )
        items = self._work_items() if session.item else None
        if items is None:
            await self.act(who, f"{ACT}{Step.DISCONTINUE}", session, why, session=id_)
            await self._has_ended(who, id_)
            return
        try:
            await items.cancel(session.item, f"{who.id}: {why}", keeper=ROOM)
        except WorkItemRefused as error:
            raise Refusal(
                409,
                "Not ended",
                "Its work item can't be cancelled: {error}",
                "See whether the machine has ended it, and try again.",
                error=str(error),
            ) from error
        await self._audit(who, f"{ACT}{Step.DISCONTINUE}", session, why)
        await self._book.reached(self._context.ports.last_seq)
        await self._has_ended(who, id_)

    async def _has_ended(self, who: Principal, id_: str) -> None:
        """Refusal where something else came first."""
        if (await self.known(who, id_)).state is not SessionState.DISCONTINUED:
            raise Refusal(
                409,
                "Not ended",
                "The session has ended otherwise in this moment.",
                "Open it again to see how it stands.",
            )

    def _work_items(self) -> WorkItems | None:
        """None where no title of the node serves them any more."""
        try:
            return self._context.neighbours(WorkItems)
        except LookupError:
            return None

    async def on(self, who: Principal, day: date) -> list[Session]:
        """The sessions of a day that somebody sees."""
        found = await self._book.due(self.midnight(day), self.midnight(day + _DAY))
        return [each for each in found if self.sees(who, each.machine)]

    async def overdue(self, who: Principal) -> list[Session]:
        """Of earlier days, those that somebody sees and nobody said what became of.

        Whether they were never begun, or never ended.
        """
        midnight = self.midnight(self.today())
        return [
            each
            for each in await self._book.open_sessions()
            if (each.at if each.begun is None else each.begun) < midnight
            and self.sees(who, each.machine)
        ]

    async def untold(self, who: Principal) -> list[Session]:
        """Of the last month, those that somebody sees and of which no record came in time."""
        now = self._context.clock.now()
        return [
            each
            for each in await self._book.untold_since(now - _LONG)
            if (each.ended or 0) < now - _SOON and self.sees(who, each.machine)
        ]

    def sees(self, who: Principal, machine: str) -> bool:
        """Whether somebody sees what a machine does."""
        return self._plans.seen.machine(who, machine)

    def midnight(self, day: date) -> int:
        """When a day begins at the site, µs."""
        return from_datetime(datetime.combine(day, time(), self._zone))

    def day(self, text: str) -> date:
        """A day as ISO 8601 writes it; today for anything else."""
        return day_in(text, self.today())

    def today(self) -> date:
        return self.local(self._context.clock.now()).date()

    async def known(self, who: Principal, id_: str) -> Session:
        """A session that somebody sees; Refusal 404."""
        found = await self._book.session(id_)
        if found is None or not self.sees(who, found.machine):
            raise Refusal(
                404,
                "Unknown session",
                "There is no such treatment session.",
                "Look it up under Treatments today.",
            )
        return found

    async def standing(self, session: Session, *, claimed: bool = False) -> Standing:
        """How a session stands: every check, as if its machine asked when it is due, or later.

        When it is `claimed` it asks now, however early that is.
        """
        level = self.level(session)
        if session.state is not SessionState.SCHEDULED:
            return Standing(session, level)
        now = self._context.clock.now()
        at = now if claimed else max(now, session.at)
        attempt = Attempt(
            identity=session.identity,
            plan=session.plan,
            digest=session.digest,
            machine=session.machine,
            fraction=session.fraction,
            at=f"{self.local(at):%Y%m%d%H%M%S}",
        )
        return Standing(session, level, await self._plans.judged(attempt, session.group))

    def level(self, session: Session) -> Level:
        return self._options.level(session.machine)

    def local(self, micros: int) -> datetime:
        """The time at the site."""
        return to_datetime(Instant(micros)).astimezone(self._zone)

    async def _next(self, row: PlanRow, group: int, at: Instant, appointment: str) -> Session:
        card = row.card
        ledger = await self._book.ledger(card, group)
        if ledger is None or ledger.next is None:
            raise Refusal(
                409,
                "Nothing to schedule",
                "No fraction of this group is left to treat.",
                "Look at the plan: it may be complete, ended or retired.",
            )
        open_ = [each for each in await self._book.sessions(card.uid) if each.state.is_open]
        if any(each.group == group for each in open_):
            raise Refusal(
                409,
                "Scheduled already",
                "A session of this plan is open already.",
                "Treat it or call it off first.",
            )
        if len(card.machines) != 1:
            raise Refusal(
                409,
                "No one machine",
                "The plan does not name one treatment machine.",
                "Ask for the plan to be exported for one machine.",
            )
        return Session(
            id=os.urandom(12).hex(),
            plan=card.uid,
            digest=card.digest,
            group=group,
            fraction=ledger.next,
            machine=card.machines[0],
            identity=card.identity,
            at=at,
            day=f"{self.local(at):%Y%m%d}",
            label=card.label,
            titles=self._options.titles(card.machines[0]),
            appointment=appointment,
        )

    def _tasked(self, session: Session, task: BeamTask | None) -> Session:
        taken = self._options.tasks(session.machine)
        wanted = task or next(each for each in taken if each.treats)
        if wanted not in taken:
            raise Refusal(
                409,
                "No such task",
                "{machine} takes no task {task}.",
                "Choose one that is declared for the machine in devices.yaml.",
                machine=session.machine,
                task=wanted.value,
            )
        return replace(session, task=wanted)

    def moment(self, text: str) -> Instant:
        """What a person wrote as `2026-11-26T14:05`, in the site's zone.

        Refusal 422, also for a time that the site's clocks never show.
        """
        try:
            said = datetime.fromisoformat(text)
        except ValueError:
            raise _no_time(_AS_WRITTEN) from None
        try:
            local = said.astimezone(self._zone) if said.tzinfo else placed(said, self._zone)
        except (ValueError, OverflowError):
            raise _no_time(_NEVER_SHOWN) from None
        return from_datetime(local)

    async def act(
        self, who: Principal, code: str, session: Session, why: str, /, **payload: object
    ) -> None:
        """Audit and keep what somebody does with a session. StoreError."""
        await self._audit(who, code, session, why)
        seq = await self._context.ports.act(
            who, code, text=why, subject=session.identity.subject, payload=payload
        )
        await self._book.reached(seq)

    async def _audit(self, who: Principal, code: str, session: Session, why: str) -> None:
        objects = {"session": session.id, "plan": session.plan, "fraction": str(session.fraction)}
        await self._context.audit.record(
            code, who, subject=session.identity.subject, objects=objects, detail=why
        )


def _begun() -> Refusal:
    return Refusal(
        409,
        "Not called off",
        "The session has begun or ended.",
        "Open it again to see how it stands.",
    )


def _no_time(why: str) -> Refusal:
    return Refusal(422, "No time", why, "Enter day and time again.")
