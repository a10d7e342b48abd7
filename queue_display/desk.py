"""What people do to the queue: each step is an event with who did it and why."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from gateway.model import Subject
from gateway.room import Appointment, Patient, Principal, RoomContext
from queue_display.estimate import Estimates
from queue_display.machine import RENEWABLE, Illegal, renewed, step
from queue_display.scene import Entry, Lane, Scene, Stage, booked_ticket
from queue_display.tables import ACT, CLEANED, DISMISS, RESUME, STOP
from queue_display.terms import STATE_WORDS, Mark, State, Verb, Words, words
from queue_display.ticket import Act, Ticket, act_payload

_SECOND = 1_000_000
_GONE = words("找不到这个号。", "There is no such ticket today.")
_NO_QUEUE = words("没有这个队列。", "There is no such queue.")
_BEHIND = words(
    "请刷新页面，查看现在的下一位。", "Load the page again: it does not say who is next now."
)
_BY_RULE = frozenset({Verb.READY})
"""Steps that nobody takes by hand."""


class QueueDesk:
    """Carries out what a person decides. When a call returns, the book shows it.

    Illegal where it is not possible, with the reason in every language; StoreError where it can't
    be kept. One decision is made at a time, so that two desks never call the same patient.
    """

    def __init__(self, context: RoomContext, stage: Stage, estimates: Estimates) -> None:
        self._estimates = estimates
        self._context, self._stage, self._book = context, stage, stage.book
        self._turn = asyncio.Lock()

    async def scene(self, who: Principal) -> Scene:
        """The queues as somebody sees them: what they don't see isn't there for them."""
        return (await self._whole()).only(partial(self._stage.seen.queue, who))

    async def call_next(self, who: Principal, queue: str, shown: str | None = None) -> Ticket:
        """Call the first who may be called.

        `shown` is the ticket that whoever calls sees as the next one: Illegal if it is not, so that
        what is sent twice calls once. None: whoever is next.
        """
        async with self._turn:
            scene = await self.scene(who)
            lane = _lane(scene, queue)
            if shown is not None and (lane.next is None or lane.next.ticket.id != shown):
                raise Illegal(_not_next(scene, lane, shown))
            if lane.next is None:
                raise Illegal(_nobody(lane))
            ticket = lane.next.ticket
            return await self._do(who, scene, ticket, self._act(who, Verb.CALL, ticket=ticket.id))

    async def take(
        self,
        who: Principal,
        id_: str,
        verb: Verb,
        *,
        why: str = "",
        to: str = "",
        before: str | None = None,
        marks: frozenset[Mark] | None = None,
        priority: str | None = None,
        cause: str = "",
    ) -> Ticket:
        """Take a step with a ticket.

        `before` is the ticket that a MOVE puts it ahead of, None for behind all. `cause` is the
        event whose proposal is confirmed.
        """
        async with self._turn:
            scene = await self.scene(who)
            entry = scene.entries.get(id_)
            if entry is None or verb in _BY_RULE:
                raise Illegal(_GONE)
            ticket = entry.ticket
            act = replace(self._act(who, verb, why, id_), to=to, cause=cause)
            if verb is Verb.MOVE:
                waits = _waits(scene, ticket)
                act = replace(act, place=self._stage.ranking.before(waits, ticket, before))
            elif verb is Verb.RETURN and ticket.state is State.SKIPPED:
                place = self._stage.ranking.behind(
                    _waits(scene, ticket), ticket, self._stage.options.policy.after_skip
                )
                act = replace(act, place=place)
            elif verb is Verb.MARK:
                act = self._marking(act, ticket, marks, priority)
            return await self._do(who, scene, ticket, act)

    async def check_in(
        self,
        who: Principal,
        stops: Sequence[tuple[str, Appointment]],
        patient: Patient | None = None,
        *,
        proxy: bool = False,
        why: str = "",
        cause: str = "",
    ) -> list[Ticket]:
        """Check a patient in for the appointments of today, each with its queue.

        The first is waited for; each further one once that before it is done. Those that are
        checked in already are left as they are, unless their appointment went to another queue or
        patient since, and those of queues that `who` doesn't see. `cause` is the event that said
        so, where no person did.
        """
        async with self._turn:
            scene = await self._whole()
            day = self._book.local(scene.now).date().isoformat()
            taken: list[Ticket] = []
            seen = [each for each in stops if self._stage.seen.queue(who, each[0])]
            for queue, appointment in sorted(seen, key=lambda each: each[1].start or 0):
                opened = booked_ticket(appointment, queue, day)
                known = scene.of(appointment.id, day) or scene.entries.get(opened.id)
                ticket = known.ticket if known is not None else opened
                act = replace(self._act(who, Verb.CHECK_IN, why), proxy=proxy, cause=cause)
                if known is not None and known.anew and ticket.state in RENEWABLE:
                    opened = self._opened(_kept(opened, ticket), appointment, patient)
                    taken.append(await self._do(who, scene, ticket, act, opens=opened))
                    continue
                if ticket.state not in {State.BOOKED, State.NO_SHOW}:
                    taken.append(ticket)
                    continue
                ticket = self._opened(ticket, appointment, patient)
                open_ = [each for each in taken if each.state is not State.DONE]
                ticket = replace(ticket, after=open_[-1].id if open_ else "")
                taken.append(await self._do(who, scene, ticket, act, opens=ticket))
            if not taken:
                raise Illegal(words("今天没有预约。", "There is no appointment today."))
            return taken

    async def free(self, who: Principal, id_: str) -> None:
        """Let a stop wait whose earlier one is over by the schedule; nothing where it is not."""
        async with self._turn:
            scene = await self._whole()
            entry = scene.entries.get(id_)
            if entry is None or (off := scene.taken_off(entry)) is None:
                return
            act = replace(self._act(who, Verb.READY), cause=off.event)
            await self._do(who, scene, entry.ticket, act)

    async def walk_in(
        self, who: Principal, queue: str, patient: Patient | None, why: str
    ) -> Ticket:
        """A ticket without an appointment."""
        async with self._turn:
            scene = await self.scene(who)
            lane = _lane(scene, queue)
            if not why:
                raise Illegal(words("请写明原因。", "Say why: there is no appointment."))
            own = patient.own if patient is not None else None
            ticket = Ticket(
                id=os.urandom(12).hex(),
                queue=lane.id,
                day=self._book.local(scene.now).date().isoformat(),
                patient=(own.value, own.issuer) if own is not None else None,
                marks=_in_patient(patient),
            )
            act = self._act(who, Verb.CHECK_IN, why)
            return await self._do(who, scene, ticket, act, opens=ticket)

    async def stop(self, who: Principal, queue: str, why: str, cause: str = "") -> None:
        """Call nobody until `resume`."""
        if not why:
            raise Illegal(words("请写明原因。", "Say why the queue is stopped."))
        await self._of_queue(who, queue, STOP, why, cause)

    async def resume(self, who: Principal, queue: str, cause: str = "") -> None:
        await self._of_queue(who, queue, RESUME, "", cause)

    async def cleaned(self, who: Principal, queue: str) -> None:
        """The room is clean before the time that the policy gives."""
        await self._of_queue(who, queue, CLEANED, "", "")

    async def settle(
        self, who: Principal, queue: str, cause: str, *, confirmed: bool, verb: str = ""
    ) -> None:
        """Answer what a device event proposes; `verb` is which of several, if it does."""
        scene = await self.scene(who)
        proposals = _lane(scene, queue).proposals
        asked = (each for each in proposals if each.cause == cause and verb in ("", each.verb))
        found = next(asked, None)
        if found is None:
            raise Illegal(words("该提示已处理。", "Somebody has answered this already."))
        if not confirmed:
            payload = {"cause": cause, "queue": queue, "verb": found.verb}
            seq = await self._context.ports.act(who, f"{ACT}{DISMISS}", payload=payload)
            await self._note(who, DISMISS, None, {"queue": queue, "event": cause}, "")
            await self._book.reached(seq)
        elif found.verb in {STOP, RESUME}:
            why = found.says["zh-CN"] if found.verb == STOP else ""
            await self._of_queue(who, queue, found.verb, why, cause)
        else:
            await self.take(who, found.ticket, Verb(found.verb), cause=cause)

    async def _whole(self) -> Scene:
        return await self._stage.scene(self._context.clock.now())

    def _opened(self, ticket: Ticket, appointment: Appointment, patient: Patient | None) -> Ticket:
        """A ticket with what the appointment and the patient's visit bring to its rank."""
        policy = self._stage.options.policy
        marks = {*policy.kinds.get(appointment.kind, ()), *_in_patient(patient), *ticket.marks}
        priority = next(
            (
                name
                for name, each in policy.priorities.items()
                if appointment.priority and appointment.priority in each.codes
            ),
            ticket.priority,
        )
        return replace(ticket, marks=frozenset(marks), priority=priority)

    def _marking(
        self, act: Act, ticket: Ticket, marks: frozenset[Mark] | None, priority: str | None
    ) -> Act:
        if priority and priority not in self._stage.options.policy.priorities:
            raise Illegal(words("没有这个优先级。", "There is no such priority."))
        return replace(
            act,
            marks=ticket.marks if marks is None else marks,
            priority=ticket.priority if priority is None else priority,
        )

    def _act(self, who: Principal, verb: Verb, why: str = "", ticket: str = "") -> Act:
        """A call keeps what the patient was told about the wait, so that it can be judged."""
        told = self._estimates.told(ticket) if verb is Verb.CALL else None
        return Act(verb, self._context.clock.now(), who.id, why.strip()[:400], told=told)

    async def _do(
        self, who: Principal, scene: Scene, ticket: Ticket, act: Act, opens: Ticket | None = None
    ) -> Ticket:
        """Judge a step, append it, and wait until it is folded.

        `opens` is what a check-in begins with; where it is another ticket, `ticket` becomes it.
        """
        payload: dict[str, Any] = {"ticket": ticket.id, "act": _rest(act)}
        if opens is None or opens is ticket:
            step(ticket, act)
        else:
            renewed(ticket, opens, act)
            payload["anew"] = True
        self._may(scene, ticket, act)
        about = opens or ticket
        lane = scene.lane_of(about)
        if opens is not None or ticket.state is State.BOOKED:
            payload |= {"opens": about.payload()}
        payload["prefix"] = lane.options.prefix if lane is not None else ""
        subject = Subject(*about.patient) if about.patient else None
        await self._note(
            who, act.verb, subject, {"ticket": ticket.id, "queue": about.queue}, act.why
        )
        seq = await self._context.ports.act(
            who,
            f"{ACT}{act.verb}",
            text=act.why,
            subject=subject,
            payload=payload,
            caused_by=bytes.fromhex(act.cause),
        )
        await self._book.reached(seq)
        taken = await self._book.taken(seq)
        if taken is not None and taken.refused is not None:
            raise Illegal(taken.refused)
        after = await self._book.ticket(ticket.id)
        if after is None:
            raise Illegal(_GONE)
        return after

    def _may(self, scene: Scene, ticket: Ticket, act: Act) -> None:
        """Illegal if something beside the ticket's own state is against a step."""
        lane = scene.lane_of(ticket)
        entry = scene.entries.get(ticket.id, Entry(ticket))
        match act.verb:
            case Verb.CALL:
                against = [*entry.gates, *(lane.blocked if lane is not None else ())]
                if against:
                    raise Illegal(_not_called(ticket, against))
            case Verb.TRANSFER:
                if lane is None or act.to != lane.options.twin:
                    raise Illegal(
                        words("不能转到该队列。", "Patients can't be transferred to that queue.")
                    )
            case Verb.UNDO:
                limit = self._stage.options.policy.undo * _SECOND
                if ticket.last is not None and act.at - ticket.last.at > limit:
                    raise Illegal(words("撤销时限已过。", "It is too late to take this step back."))
            case _:
                return

    async def _of_queue(self, who: Principal, queue: str, what: str, why: str, cause: str) -> None:
        if queue not in self._stage.options.queues or not self._stage.seen.queue(who, queue):
            raise Illegal(_NO_QUEUE)
        objects = {"queue": queue} | ({"event": cause} if cause else {})
        await self._note(who, what, None, objects, why)
        seq = await self._context.ports.act(
            who,
            f"{ACT}{what}",
            text=why.strip()[:400],
            payload={"queue": queue},
            caused_by=bytes.fromhex(cause),
        )
        await self._book.reached(seq)

    async def _note(
        self,
        who: Principal,
        what: str,
        subject: Subject | None,
        objects: Mapping[str, str],
        why: str,
    ) -> None:
        await self._context.audit.record(
            f"{ACT}{what}", who, subject=subject, objects=objects, detail=why
        )


def _rest(act: Act) -> dict[str, Any]:
    """What of an act its event does not say by itself."""
    said = act_payload(act)
    return {key: said[key] for key in ("to", "place", "marks", "priority", "proxy") if key in said}


def _kept(opened: Ticket, ticket: Ticket) -> Ticket:
    """With what people marked of the same patient."""
    if opened.patient != ticket.patient:
        return opened
    return replace(opened, marks=ticket.marks, priority=ticket.priority)


def _lane(scene: Scene, queue: str) -> Lane:
    lane = scene.lanes.get(queue)
    if lane is None:
        raise Illegal(_NO_QUEUE)
    return lane


def _waits(scene: Scene, ticket: Ticket) -> list[Ticket]:
    lane = scene.lane_of(ticket)
    return [each.ticket for each in lane.waiting] if lane is not None else []


def _in_patient(patient: Patient | None) -> frozenset[Mark]:
    inside = patient is not None and patient.visit is not None and patient.visit.kind == "I"
    return frozenset({Mark.IN_PATIENT} if inside else ())


def _nobody(lane: Lane) -> Words:
    if not lane.waiting:
        return words("没有候诊患者。", "Nobody waits.")
    return _not_called(lane.waiting[0].ticket, lane.waiting[0].gates)


def _not_next(scene: Scene, lane: Lane, shown: str) -> Words:
    """What became of the ticket that a caller saw as the next one, and who is now."""
    entry, now = scene.entries.get(shown), lane.next
    if entry is None:
        return _nobody(lane) if now is None else _BEHIND
    if entry.gates and entry.ticket.state is State.WAITING:
        return _not_called(entry.ticket, entry.gates)
    label, state = entry.ticket.label, STATE_WORDS[entry.ticket.state]
    who = now.ticket.label if now is not None else ""
    zh, en = (
        (f"现在的下一位是 {who}", f"{who} is next now") if who else ("没有下一位", "nobody is next")
    )
    return words(
        f"{label} 已不是下一位（{state['zh-CN']}）；{zh}。",
        f"{label} is {state['en']} and not the next one any more; {en}.",
    )


def _not_called(ticket: Ticket, against: Sequence[Words]) -> Words:
    label = ticket.label
    zh = "；".join(each["zh-CN"] for each in against)
    en = "; ".join(each["en"] for each in against)
    return words(f"{label} 不能呼叫：{zh}。", f"{label} may not be called: {en}.")
