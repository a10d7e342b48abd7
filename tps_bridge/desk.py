"""What people do with plans: each is an event with who did it and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.model import Instant, to_datetime
from gateway.room import People, Principal, RoomContext
from gateway.web import Refusal
from tps_bridge.block import (
    NEVER_SET_ASIDE,
    Attempt,
    BlockKind,
    ByHand,
    Case,
    Check,
    Registered,
    Uncounted,
    checks,
    emergency_of,
    overrides_of,
    stands,
)
from tps_bridge.book import (
    Act,
    Book,
    Note,
    PlanRow,
    Unsure,
    attributions,
    corrections,
    unsure_adrift,
)
from tps_bridge.book.byhand import unconfirmed as unconfirmed_of
from tps_bridge.book.standing import is_active, is_approved
from tps_bridge.doubt import doubts_of
from tps_bridge.in_person import in_person
from tps_bridge.kin import kin_of, untold_of
from tps_bridge.ledger import Ledger
from tps_bridge.options import TpsOptions
from tps_bridge.seen import SeenPlans

_DAY = 10
_CONFIRMED = frozenset({Act.OVERRIDE, Act.EMERGENCY, Act.ATTRIBUTE, Act.CORRECT})


@dataclass(frozen=True, slots=True)
class Shown:
    """A block as somebody saw it; `seen` is that of the check."""

    block: str
    group: int
    fraction: int
    seen: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The checks of the next fraction of a group."""

    group: int
    fraction: int
    checks: tuple[Check, ...]

    @property
    def blocked(self) -> bool:
        return stands(self.checks)

    def blocked_by(self, shown: Shown) -> Check | None:
        """The check that stands as it was shown."""
        if (shown.group, shown.fraction) != (self.group, self.fraction):
            return None
        return next(
            (
                each
                for each in self.checks
                if each.kind == shown.block and each.blocks and each.seen == shown.seen
            ),
            None,
        )


class PlanDesk:
    """Carries out what a person decides. When a call returns, the book shows it.

    What needs two people is refused (403) to anybody else. Refusal (gateway.web) where it is not
    possible; StoreError where it can't be kept.
    """

    def __init__(self, context: RoomContext, book: Book, options: TpsOptions) -> None:
        self._context, self._book, self._options = context, book, options
        self._zone = ZoneInfo(context.site.zone)
        self.seen = SeenPlans(book, context.neighbours)

    async def known(self, who: Principal, uid: str) -> PlanRow:
        """A plan that somebody sees; Refusal 404."""
        return _there(await self.seen.one(who, uid))

    async def approve(self, who: Principal, uid: str, digest: str, why: str) -> None:
        """Say that what a plan delivers, by the digest that was looked at, may be treated."""
        row = await self.known(who, uid)
        self.same(row, digest)
        await self.act(who, Act.APPROVE, row, why, digest=digest)

    def same(self, row: PlanRow, digest: str) -> None:
        """Refusal 409 where a plan does not deliver what somebody looked at."""
        if digest != row.card.digest:
            raise Refusal(
                409,
                "Another version",
                "The plan delivers something else than what was shown.",
                "Open the plan again and look at it before you approve it.",
            )

    async def retire(self, who: Principal, uid: str, why: str) -> None:
        """The plan is not treated any more."""
        await self.act(who, Act.RETIRE, await self.known(who, uid), why)

    async def end(self, who: Principal, uid: str, why: str) -> None:
        """The plan's fractions end here, before the last one."""
        await self.act(who, Act.END, await self.known(who, uid), why)

    async def miss(self, who: Principal, uid: str, day: str, why: str) -> None:
        """A fraction was due on a day and not given."""
        await self.act(who, Act.MISS, await self.known(who, uid), why, day=_day(day))

    async def make_up(self, who: Principal, uid: str, day: str, fraction: int, why: str) -> None:
        """A fraction made up for a missed day. Refusal 409 if that day was not noted as missed."""
        row = await self.known(who, uid)
        missed = {each.text("day") for each in await self._book.notes(uid) if each.act is Act.MISS}
        if _day(day) not in missed:
            raise Refusal(
                409,
                "No missed fraction",
                "No fraction was noted as missed on this day.",
                "Note the missed fraction first.",
            )
        await self.act(who, Act.MAKE_UP, row, why, day=_day(day), fraction=fraction)

    async def override(self, who: Principal, uid: str, shown: Shown, why: str) -> None:
        """Set a block aside for one fraction, for the reasons that were shown and for no others.

        It shows for ever. Refusal 409 where it does not stand there like that.
        """
        in_person(who)
        row = await self.known(who, uid)
        if shown.block not in set(BlockKind) - NEVER_SET_ASIDE:
            raise _no_block()
        made = [each.blocked_by(shown) for each in await self.checks(row)]
        found = next((each for each in made if each is not None), None)
        if found is None:
            raise _no_block()
        await self.act(
            who,
            Act.OVERRIDE,
            row,
            why,
            block=shown.block,
            group=shown.group,
            fraction=shown.fraction,
            reasons=[each.key for each in found.reasons],
        )

    async def confirm(self, who: Principal, uid: str, override: int) -> None:
        """Agree as the second person: to an override, an emergency, what was said of a record.

        Refusal 409 for one's own.
        """
        in_person(who)
        row = await self.known(who, uid)
        notes = await self._book.notes(uid)
        found = next((each for each in notes if each.seq == override), None)
        if found is None or found.act not in _CONFIRMED or _is_superseded(found, notes):
            raise _no_block()
        if found.who == who.id:
            raise Refusal(
                409,
                "A second person is needed",
                "Nobody confirms their own override.",
                "Ask somebody else who may set blocks aside.",
            )
        await self.act(who, Act.CONFIRM, row, "", override=override)

    async def checks(self, row: PlanRow) -> list[Checked]:
        """The checks of the next fraction of each group, as if its own machine asked now.

        A group of which nothing is left is not among them.
        """
        made = []
        for case in await self._cases(row):
            if case.ledger.next is not None:
                attempt = self._attempt(row, case.ledger)
                made.append(Checked(case.group, attempt.fraction, checks(attempt, case)))
        return made

    async def judged(self, attempt: Attempt, group: int) -> tuple[Check, ...]:
        """The checks of what somebody means to treat. Refusal 404 where its plan is not here."""
        cases = await self._cases(_there(await self._book.plan(attempt.plan)))
        case = next((each for each in cases if each.group == group), None)
        if case is None:
            raise _no_group()
        return checks(attempt, case)

    async def adrift(self, row: PlanRow, notes: Sequence[Note]) -> list[Unsure]:
        """The records of a plan's patient that may be of it and of which no plan is known.

        `notes` are those of the plan.
        """
        own = row.card.identity
        found = await self._book.adrift(own.patient, own.issuer) if own.patient else ()
        return unsure_adrift(found, notes, self._on)

    def _on(self, micros: int) -> str:
        """The day of a moment at the site, YYYYMMDD."""
        return f"{to_datetime(Instant(micros)).astimezone(self._zone):%Y%m%d}"

    async def _cases(self, row: PlanRow) -> list[Case]:
        """What is known of each fraction group of a plan."""
        card = row.card
        notes = await self._book.notes(card.uid)
        registry, registered = await self._registered(row)
        kin, second = await kin_of(self._book, card), self._options.second_person
        doubts = await doubts_of(self._book, card, kin.plans)
        unconfirmed = (*(ByHand(each) for each in unconfirmed_of(notes)), *kin.unconfirmed)
        untold = (*await untold_of(self._book, card.uid), *kin.untold)
        adrift = [
            finding
            for each in await self.adrift(row, notes)
            if each.is_open
            for finding in each.findings
        ]
        retired = [each.why for each in notes if each.act is Act.RETIRE]
        rule = self._options.emergency
        groups = await self._book.groups(card)
        return [
            Case(
                card=card,
                ledger=ledger,
                group=group.number,
                others=tuple(each for other, each in groups if other.number != group.number),
                approved=is_approved(card, notes),
                active=is_active(card, notes),
                registered=registered,
                registry=registry,
                doubts=doubts,
                untold=untold,
                unconfirmed=unconfirmed,
                uncounted=(
                    *(Uncounted(each) for each in (*ledger.uncounted, *adrift)),
                    *kin.uncounted,
                ),
                overrides=overrides_of(notes, second_person=second),
                interval=self._options.interval,
                retired=retired[-1] if retired else "",
                carried=kin.carried,
                elsewhere=kin.elsewhere,
                unsaid=kin.unsaid,
                heirs=kin.heirs,
                verifies=kin.verifies,
                emergency=emergency_of(notes, card.digest, second_person=second),
                left_out=frozenset(rule.leaves_out) if rule else frozenset(),
                source=rule.source if rule else "",
                zone=self._zone,
            )
            for group, ledger in groups
        ]

    def _attempt(self, row: PlanRow, ledger: Ledger) -> Attempt:
        card = row.card
        now = to_datetime(self._context.clock.now()).astimezone(self._zone)
        return Attempt(
            identity=card.identity,
            plan=card.uid,
            digest=card.digest,
            machine=card.machines[0] if card.machines else "",
            fraction=ledger.next or 0,
            at=f"{now:%Y%m%d%H%M%S}",
        )

    async def _registered(self, row: PlanRow) -> tuple[bool, Registered | None]:
        """Whether there is a register, and whom it knows by the plan's number."""
        try:
            people = self._context.neighbours(People)
        except LookupError:
            return False, None
        own = row.card.identity
        found = await people.resolve(own.patient, own.issuer) if own.patient else None
        if found is None:
            return True, None
        return True, Registered(tuple(each.group for each in found.names), found.birth_date)

    async def act(self, who: Principal, act: Act, row: PlanRow, why: str, **facts: Any) -> None:
        """Keep and audit what somebody says of a plan. StoreError."""
        card = row.card
        subject = card.identity.subject
        payload = {"plan": card.uid, **facts}
        seq = await self._context.ports.act(who, act, text=why, subject=subject, payload=payload)
        objects = {"plan": card.uid, **{name: str(value) for name, value in facts.items()}}
        await self._context.audit.record(
            act.value, who, subject=subject, objects=objects, detail=why
        )
        await self._book.reached(seq)


def _is_superseded(note: Note, notes: Sequence[Note]) -> bool:
    """Whether somebody has said otherwise of a record since."""
    said = attributions(notes) if note.act is Act.ATTRIBUTE else corrections(notes)
    last = said.get(note.text("object"))
    return last is not None and last.seq != note.seq and note.act in {Act.ATTRIBUTE, Act.CORRECT}


def _there(found: PlanRow | None) -> PlanRow:
    if found is None:
        raise Refusal(
            404,
            "Unknown plan",
            "No plan has this UID, or it was not read yet.",
            "Look it up on its patient's course.",
        )
    return found


def _day(text: str) -> str:
    try:
        return datetime.strptime(text[:_DAY], "%Y-%m-%d").date().isoformat()  # noqa: DTZ007
    except ValueError:
        raise Refusal(
            422, "No day", "A day is written as 2026-11-23.", "Enter the day again."
        ) from None


def _no_block() -> Refusal:
    return Refusal(
        409,
        "Nothing to set aside",
        "This does not block the next fraction.",
        "Open the plan again: it may have changed.",
    )


def _no_group() -> Refusal:
    return Refusal(
        404,
        "Unknown fraction group",
        "The plan has no such fraction group.",
        "Open the plan, and choose one of its groups.",
    )
