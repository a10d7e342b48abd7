"""Offers sessions to their machines as work items, and withdraws those that are blocked since.

The keeper of these items: a machine gets one only while nothing blocks its session.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from dicom.services import Ask, Content, Objects, Verb, WorkItemRefused, WorkItems, tag, text
from gateway import StoreError
from gateway.model import localize
from gateway.room import Appointment, Principal, RoomContext, roused, steadily
from gateway.schedule.gate import gate_event
from gateway.web import Refusal
from tps_bridge.block import Check
from tps_bridge.book import Book
from tps_bridge.options import TpsOptions
from tps_bridge.session.desk import SessionDesk, Standing
from tps_bridge.session.events import ACT, ROOM
from tps_bridge.session.instruction import Object, Unclear, instruction, uid_of, work_item
from tps_bridge.session.session import Level, Session, SessionState, Step
from tps_bridge.session.visit import Visits

log = logging.getLogger(__name__)

TPS = Principal(f"room:{ROOM}", ROOM, frozenset())
"""Who offers and refuses."""

GATE = "session"
_TURN = 5.0
_ALL = 8.0
"""Seconds after which every open session is looked at: what stands in other rooms counts too, and
may be a moment behind."""
_HOUR = 3600 * 1_000_000
_DAY = 24 * _HOUR
_DUPLICATE = 0x0111
_INSTANCE = tag("SOPInstanceUID")
_WORDS = 60


@dataclass(slots=True)
class _Look:
    """How far the job has looked: the turn of the book, and when all sessions are due."""

    seen: int = 0
    all_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Offers:
    """Ask `may_change` before a claim (`dicom.services.WorkItemKeeper`)."""

    context: RoomContext
    book: Book
    desk: SessionDesk
    options: TpsOptions

    @property
    def keeps_work_items(self) -> str:
        return ROOM

    async def may_change(self, ask: Ask) -> str:
        """Why a machine gets no session; '' where it does. A refusal is an event of the session."""
        if ask.verb is Verb.CLAIM:
            await self.book.reached(self.context.ports.last_seq)
        session = await self.book.session_of(ask.item.uid)
        if session is None:
            return "no treatment session is behind this work item"
        if ask.verb is not Verb.CLAIM:
            return ""
        why = await self._against(session, ask.actor.title)
        if why:
            await self._act(session, Step.REFUSE, f"{ask.actor.name}: {why}")
        return why

    async def _against(self, session: Session, title: str) -> str:
        if session.state is not SessionState.SCHEDULED:
            return f"its session is {session.state.value}"
        known = self.options.machines.get(session.machine)
        if known is not None and known.titles and title not in known.titles:
            return f"{title} is not {session.machine}"
        try:
            standing = await self.desk.standing(session, claimed=True)
        except Refusal as refusal:
            return refusal.title
        kinds = [each.kind.value for each in standing.checks if each.blocks]
        return f"blocked: {', '.join(kinds)}"[:_WORDS] if kinds else await self._outdated(session)

    async def _outdated(self, session: Session) -> str:
        """Why the instruction it was offered with is none any more; '' where it still is."""
        try:
            _, told = await self._told(session, self.context.neighbours(Objects))
        except (Unclear, LookupError) as error:
            return str(error)[:_WORDS]
        same = text(told, _INSTANCE) == session.instruction
        return "" if same else "what is left of its fraction has changed"

    async def run(self) -> None:
        """Look at sessions whose plan moved, and now and then at all, until cancelled."""
        moved = asyncio.Event()
        stop = self.book.watch(moved.set)
        look = _Look()
        try:
            await steadily(
                lambda: self._looked(moved, look),
                lambda: roused(moved, _TURN),
                lambda error: log.warning("Sessions can't be offered now: %s", error),
            )
        finally:
            stop()

    async def _looked(self, moved: asyncio.Event, look: _Look) -> None:
        moved.clear()
        now = asyncio.get_running_loop().time()
        if now >= look.all_at:
            look.seen, _ = await self.book.touched(look.seen)
            await self.turn()
            look.all_at = now + _ALL
        else:
            seen, plans = await self.book.touched(look.seen)
            if plans:
                await self.turn(plans)
            look.seen = seen

    async def turn(self, plans: Collection[str] | None = None) -> None:
        """Offer, withdraw, and set or clear gates, each where it has to be; of all, or of some.

        After a start this waits until the book knows what was stored before.
        """
        await self.book.reached(self.context.ports.last_seq)
        for session in await self.book.left_sessions():
            await self._withdraw(session.id, session.item, "the session is called off")
        open_ = await self.book.open_sessions()
        await self._clear({each.appointment for each in open_})
        visits: dict[str, None] = {}
        judged: dict[str, Standing] = {}
        for session in open_:
            if plans is not None and session.plan not in plans:
                continue
            visits[session.appointment] = None
            if session.state is SessionState.SCHEDULED:
                try:
                    judged[session.id] = await self.desk.standing(session)
                    await self._tend(judged[session.id])
                except Refusal as refusal:
                    log.info("Session %s stands still: %s", session.id, refusal.title)
        for visit in filter(None, visits):
            own = [each for each in open_ if each.appointment == visit]
            try:
                await self._gated(visit, own, judged)
            except Refusal as refusal:
                log.info("Appointment %s stands still: %s", visit, refusal.title)

    async def _gated(
        self, visit: str, sessions: Sequence[Session], judged: Mapping[str, Standing]
    ) -> None:
        """One gate for all open sessions of an appointment: while one of them is blocked."""
        levels = {each.id: self.options.level(each.machine) for each in sessions}
        own = [each for each in sessions if levels[each.id] is not Level.OBSERVED]
        appointment = await self.visits.known(visit)
        if appointment is None or not own:
            return
        blocks: tuple[Check, ...] = ()
        for session in own:
            standing = judged.get(session.id) or await self.desk.standing(session)
            another = await self.visits.is_of_another(appointment, session.identity)
            if standing.blocked and not another:
                blocks += standing.checks
        await self._gate(appointment, blocks)

    @property
    def visits(self) -> Visits:
        return Visits(self.context)

    async def _clear(self, kept: Collection[str]) -> None:
        """Nothing of a session that has ended keeps its patient from being called."""
        now = self.context.clock.now()
        for each in await self.book.due(now - _DAY, now + _DAY):
            gated = self.options.level(each.machine) is not Level.OBSERVED
            if gated and not each.state.is_open and each.appointment not in {"", *kept}:
                appointment = await self.visits.known(each.appointment)
                if appointment is not None:
                    await self._gate(appointment, ())

    async def _tend(self, standing: Standing) -> None:
        session = standing.session
        soon = session.at - self.context.clock.now() <= self.options.offer * _HOUR
        if standing.level is Level.ENFORCED:
            if session.item:
                blocked = standing.blocked
                why = "the session is blocked" if blocked else await self._outdated(session)
                if why:
                    await self._withdraw(session.id, session.item, why)
            elif not standing.blocked and soon:
                await self._offer(session.id)

    async def _withdraw(self, session: str, item: str, why: str) -> None:
        """Unless its machine claimed it in this very moment: then it has it."""
        try:
            items = self.context.neighbours(WorkItems)
            await items.cancel(item, why, keeper=ROOM, only_if_scheduled=True)
        except (LookupError, WorkItemRefused) as error:
            log.warning("Session %s can't be withdrawn: %s", session, error)

    async def _offer(self, id_: str) -> None:
        """Unless somebody called it off, or recorded it by hand, in this very moment."""
        async with self.desk.turn(id_):
            session = await self.book.session(id_)
            if session is None or session.state is not SessionState.SCHEDULED or session.item:
                return
            if not (await self.desk.standing(session)).blocked:
                await self._make(session)

    async def _make(self, session: Session) -> None:
        """Make the delivery instruction, then the work item, then say so."""
        try:
            objects = self.context.neighbours(Objects)
            items = self.context.neighbours(WorkItems)
        except LookupError:
            await self._withhold(session, "no title of the DICOM node serves work items (ups)")
            return
        try:
            made = await self._instruction(session, objects)
            uid = uid_of("item", session.id, str(session.offers), made[1].uid)
            verifier = self.options.verifier(session.machine)
            content = work_item(session, made, self.desk.local(session.at), verifier)
            await self._create(items, content, uid)
        except (Unclear, WorkItemRefused) as error:
            await self._withhold(session, str(error))
            return
        await self._act(session, Step.OFFER, "", item=uid, instruction=made[1].uid)
        if await self.book.session_of(uid) is None:  # called off while it was being offered
            await self._withdraw(session.id, uid, "the session is called off")

    async def _withhold(self, session: Session, why: str) -> None:
        """Say once why it is not offered although nothing blocks it; it is tried again."""
        if session.why != why:
            log.warning("Session %s is not offered: %s", session.id, why)
            await self._act(session, Step.WITHHOLD, why)

    async def _create(self, items: WorkItems, content: Content, uid: str) -> None:
        """A second time it is there already: we were stopped before we said so."""
        try:
            await items.create(content, keeper=ROOM, uid=uid)
        except WorkItemRefused as error:
            if error.status != _DUPLICATE:
                raise

    async def _instruction(self, session: Session, objects: Objects) -> tuple[Object, Object]:
        """The plan and the instruction, as inputs. Unclear; StoreError."""
        plan, told = await self._told(session, objects)
        kept = await objects.keep(told, room=ROOM)
        made = kept.attributes
        return plan, Object(made.sop_class, kept.uid, made.study, made.series, objects.title)

    async def _told(self, session: Session, objects: Objects) -> tuple[Object, Content]:
        """The plan, and the instruction as it is now. Unclear; StoreError."""
        if session.task not in self.options.tasks(session.machine):
            raise Unclear(f"{session.machine} takes no {session.task} any more")
        row = await self.book.plan(session.plan)
        stored = None if row is None else await objects.instance(row.card.uid, upto=row.seq)
        if row is None or stored is None:
            raise Unclear("its plan is not stored")
        ledger = await self.book.ledger(row.card, session.group)
        if ledger is None:
            raise Unclear("its plan has no such fraction group")
        about = stored.attributes
        plan = Object(about.sop_class, stored.uid, about.study, about.series, stored.origin.called)
        return plan, instruction(session, row.card, ledger, plan, self.desk.local(session.at))

    async def _gate(self, appointment: Appointment, blocks: tuple[Check, ...]) -> None:
        """Say on the appointment why the patient may not be called, or that nothing is against."""
        own = [each.reason for each in appointment.gates if each.room == ROOM and each.name == GATE]
        reason = _reason(blocks)
        if (own[0] if own else None) == reason:
            return
        event = gate_event(
            self.context.site.id,
            ROOM,
            GATE,
            appointment.id,
            reason,
            at=self.context.clock.now(),
            cause=self.book.cursor().to_bytes(16, "big"),
            actor=TPS.id,
        )
        await self.context.ports.publish((event,))

    async def _act(self, session: Session, step: Step, why: str, /, **facts: str) -> None:
        payload = {"session": session.id, **facts}
        try:
            seq = await self.context.ports.act(
                TPS, f"{ACT}{step}", text=why, subject=session.identity.subject, payload=payload
            )
        except StoreError:
            if step is not Step.REFUSE:
                raise
            log.warning("Session %s: a refusal could not be kept", session.id)
            return
        if step is not Step.REFUSE:
            await self.book.reached(seq)


def _reason(blocks: tuple[Check, ...]) -> dict[str, str] | None:
    """The first block in every language; None where there is none."""
    reasons = [each.reason for each in blocks if each.blocks and each.reason is not None]
    return {tag: localize(reasons[0], tag) for tag in ("zh-CN", "en")} if reasons else None
