"""Decides what becomes of work items, one request after the other, and makes each decision durable.

The decision is an event before its status goes out. What follows from it (tables, reports) is
folded from that event, so a crash between the two loses neither.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from dicom.content import Content
from dicom.dimse.status import Status
from dicom.reports import Reporter
from dicom.services.workitems import Actor, Ask, Verb, WorkItem, WorkItemKeeper, WorkItemRefused
from dicom.ups.events import Telling, Writer
from dicom.ups.items import Items
from dicom.ups.machine import (
    Change,
    Lock,
    Moment,
    Verdict,
    amend,
    applied,
    change_state,
    create,
    request_cancel,
    set_attributes,
    withdraw,
)
from dicom.ups.matching import matches
from dicom.ups.options import UpsOptions
from dicom.ups.tables import Standing, described
from dicom.ups.terms import State, UpsStatus
from gateway import Instant, StoreError, to_datetime
from gateway.room import RoomContext

log = logging.getLogger(__name__)

_ASKING = 5.0


@dataclass(slots=True)
class Engine:
    """The work items of a site: a `dicom.services.WorkItems`, and what peers ask of it.

    Every decision runs in a task of its own, to its end, also if the association that asked is
    gone meanwhile.
    """

    context: RoomContext
    options: UpsOptions
    items: Items
    reporter: Reporter
    seen: int
    """The seq up to which tables must be folded before the next decision."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _claims: dict[str, asyncio.Lock] = field(default_factory=dict)
    """By keeper: what it says of a claim rests on every claim before."""
    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    # What peers ask. Each returns once its decision is on disk.

    async def created(self, uid: str, content: Content, actor: Actor) -> Verdict:
        """N-CREATE."""
        return await self._decide(
            uid, Verb.CREATE, actor, content, lambda known: create(known, uid, content, self._now())
        )

    async def state_changed(self, uid: str, wanted: str, transaction: str, actor: Actor) -> Verdict:
        """N-ACTION Change UPS State."""
        lock = self._lock(transaction)
        verbs = {State.COMPLETED: Verb.COMPLETE, State.CANCELED: Verb.CANCEL}
        verb = verbs.get(State(wanted), Verb.CLAIM) if wanted in tuple(State) else Verb.CLAIM
        return await self._decide(
            uid, verb, actor, {}, lambda item: change_state(item, wanted, lock, actor, self._now())
        )

    async def attributes_set(
        self, uid: str, content: Content, transaction: str, actor: Actor
    ) -> Verdict:
        """N-SET."""
        lock = self._lock(transaction)
        return await self._decide(
            uid,
            Verb.SET,
            actor,
            content,
            lambda item: set_attributes(item, content, lock, actor, self._now()),
        )

    async def cancel_requested(self, uid: str, content: Content, actor: Actor) -> Verdict:
        """N-ACTION Request UPS Cancel."""
        await self.folded()
        receivers = await self.items.ask(lambda tables: tables.receivers(uid))

        def verdict(item: WorkItem | None) -> Verdict:
            names = {each.name for each in receivers}
            bound = self.options.lock == "title"
            heard = item is not None and (item.owner in names if bound else bool(names))
            return request_cancel(item, content, actor, self._now(), heard=heard)

        return await self._decide(uid, Verb.REQUEST_CANCEL, actor, content, verdict)

    # What rooms ask (`dicom.services.WorkItems`).

    async def create(self, content: Content, *, keeper: str, uid: str = "") -> str:
        uid = uid or new_uid()
        verdict = await self._decide(
            uid,
            Verb.CREATE,
            Actor(room=keeper),
            content,
            lambda known: create(known, uid, content, self._now()),
        )
        _accepted(verdict)
        return uid

    async def change(self, uid: str, content: Content, *, keeper: str) -> None:
        await self._of_keeper(uid, keeper, content, lambda item: amend(item, content, self._now()))

    async def cancel(
        self, uid: str, reason: str, *, keeper: str, only_if_scheduled: bool = False
    ) -> None:
        def verdict(item: WorkItem) -> Verdict:
            return withdraw(item, reason, self._now(), only_if_scheduled=only_if_scheduled)

        await self._of_keeper(uid, keeper, {}, verdict)

    async def item(self, uid: str) -> WorkItem | None:
        await self.folded()
        return await self.item_now(uid)

    async def matching(
        self, keys: Content, limit: int = 1000, shown: Callable[[WorkItem], bool] | None = None
    ) -> Sequence[WorkItem]:
        """The first items that match, and are `shown` to whoever asks."""
        found: list[WorkItem] = []
        async for page in self.pages(keys):
            found += page if shown is None else filter(shown, page)
            if len(found) >= limit:
                break
        return found[:limit]

    async def pages(self, keys: Content) -> AsyncIterator[Sequence[WorkItem]]:
        """Items that match, as they stand after every decision so far."""
        await self.folded()
        async for page in self.items.pages(keys, self.zone):
            yield page

    # Its own.

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.context.site.zone)

    async def item_now(self, uid: str) -> WorkItem | None:
        """An item as the tables have it; for who is in turn."""
        return await self.items.ask(lambda tables: tables.item(uid))

    async def folded(self) -> None:
        """Wait until the tables have every decision so far."""
        await self.items.reached(self.seen)

    async def to_its_end(self, work: Any) -> Any:
        """Do it whole, whether or not its caller is cancelled meanwhile."""
        task = asyncio.create_task(work, name="dicom-ups")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def publish(
        self, make: Callable[[], Awaitable[Sequence[Any]]], *, again: bool = False
    ) -> None:
        """Make events in turn with every other decision, and put them on disk.

        StoreError if the disk refuses, or if what they decide has been decided already; not if
        they may have been put there `again`.
        """
        async with self._turn:
            await self.folded()
            events = await make()
            if not events:
                return
            receipt = await self.context.ports.publish(events)
            self.seen = max((self.seen, *receipt.seqs))
            if receipt.duplicate and not again:
                raise StoreError("dicom: the work item has changed meanwhile: ask again")

    @property
    def writer(self) -> Writer:
        return Writer(self.context.site.id)

    def now(self) -> Instant:
        return self.context.clock.now()

    async def close(self) -> None:
        """Wait for decisions under way."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def _decide(
        self,
        uid: str,
        verb: Verb,
        actor: Actor,
        content: Content,
        verdict: Callable[[WorkItem | None], Verdict],
    ) -> Verdict:
        found: Verdict = await self.to_its_end(self._decision(uid, verb, actor, content, verdict))
        return found

    async def _decision(
        self,
        uid: str,
        verb: Verb,
        actor: Actor,
        content: Content,
        verdict: Callable[[WorkItem | None], Verdict],
    ) -> Verdict:
        """Decide while nothing else happens to the item; its keeper is asked before."""
        lock = self._locks.setdefault(uid, asyncio.Lock())
        async with lock:
            item = await self.item(uid)
            found = verdict(item)
            if found.change is None:
                return found
            async with self._claiming(verb, item):
                refusal = await self._refusal(Ask(verb, _before(item, uid, found), actor, content))
                if refusal is not None:
                    return refusal
                return await self._commit(uid, item, found, actor)

    def _claiming(self, verb: Verb, item: WorkItem | None) -> AbstractAsyncContextManager[object]:
        """A keeper's items are claimed one after the other: it knows each before the next."""
        if verb is not Verb.CLAIM or item is None or not item.keeper:
            return nullcontext()
        return self._claims.setdefault(item.keeper, asyncio.Lock())

    async def _commit(
        self, uid: str, item: WorkItem | None, found: Verdict, actor: Actor
    ) -> Verdict:
        change = found.change
        assert change is not None  # noqa: S101 - asked before
        full = False

        async def make() -> Sequence[Any]:
            nonlocal full
            if item is None:
                full = await self.items.ask(lambda tables: tables.count()) >= self.options.items
                return [] if full else [await self._creation(uid, change, actor)]
            receivers = await self.items.ask(lambda tables: tables.receivers(uid))
            tellings = [Telling(uid, news, receivers) for news in change.news if receivers]
            return [self.writer.of_item(item, change, actor, self.now(), tellings)]

        await self.publish(make)
        if full:
            return Verdict(Status.RESOURCE_LIMITATION, f"{self.options.items} work items are kept")
        return found

    async def _creation(self, uid: str, change: Change, actor: Actor) -> Any:
        """The event of a new item, which whoever is subscribed to all hears of from now on."""
        before = WorkItem(uid, {}, 0, self.now(), keeper=actor.room)
        item = applied(before, change, self.now())
        standing = await self.items.ask(lambda tables: tables.standing())
        fits = [each for each in standing if self._hears(each, item)]
        receivers = [each.receiver for each in fits]
        return self.writer.of_item(
            before,
            change,
            actor,
            self.now(),
            [Telling(uid, news, receivers) for news in change.news if receivers],
            keeper=actor.room,
            subscribed=[[each.receiver.title, each.receiver.called, each.lock] for each in fits],
        )

    def fits(self, standing: Standing, item: WorkItem) -> bool:
        """Whether a global subscription is to this item too."""
        return standing.keys is None or matches(standing.keys, described(item), self.zone)

    def _hears(self, standing: Standing, item: WorkItem) -> bool:
        """As `fits`; keys that can't be judged fit nothing, and keep nobody from making items."""
        try:
            return self.fits(standing, item)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            title = standing.receiver.title
            log.warning("%s does not hear of %s: bad keys: %r", title, item.uid, error)
            return False

    async def _refusal(self, ask: Ask) -> Verdict | None:
        """Why the item's keeper won't have it; None if it may be. A keeper's own acts may be."""
        keeper = ask.item.keeper
        if not keeper or ask.actor.room == keeper:
            return None
        try:
            reason = await self._ask(keeper, ask)
        except LookupError:
            return Verdict(Status.PROCESSING_FAILURE, f"{keeper} can't be asked: try again")
        if not reason:
            return None
        log.warning("%s may not %s %s: %s", ask.actor, ask.verb, ask.item.uid, reason)
        claimed = ask.item.state == State.IN_PROGRESS
        if ask.verb is Verb.REQUEST_CANCEL and claimed:
            return Verdict(UpsStatus.PERFORMER_REFUSES, reason)
        return Verdict(Status.NOT_AUTHORIZED, reason)

    async def _ask(self, name: str, ask: Ask) -> str:
        """The keeper's answer; LookupError if there is none, or none in time."""
        keeper = self.context.neighbours(WorkItemKeeper)
        if keeper.keeps_work_items != name:
            raise LookupError(name)
        try:
            async with asyncio.timeout(_ASKING):
                return await keeper.may_change(ask)
        except TimeoutError:
            raise LookupError(name) from None

    async def _of_keeper(
        self, uid: str, keeper: str, content: Content, verdict: Callable[[WorkItem], Verdict]
    ) -> None:
        def judged(item: WorkItem | None) -> Verdict:
            if item is None or item.keeper != keeper:
                return Verdict(UpsStatus.UNKNOWN_ITEM, f"{keeper} has no work item {uid}")
            return verdict(item)

        _accepted(await self._decide(uid, Verb.SET, Actor(room=keeper), content, judged))

    def _lock(self, transaction: str) -> Lock:
        digest = blake2b(transaction.encode(), digest_size=16, person=b"ups-lock").hexdigest()
        return Lock(digest if transaction else "", bound=self.options.lock == "title")

    def _now(self) -> Moment:
        """As DT with the site's offset (PS3.5 6.2)."""
        instant = self.now()
        local = to_datetime(instant).astimezone(self.zone)
        return Moment(instant, f"{local:%Y%m%d%H%M%S.%f%z}", self.options.worklist_label)


@asynccontextmanager
async def opened(
    context: RoomContext, options: UpsOptions, reporter: Reporter
) -> AsyncIterator[Engine]:
    """The engine with its tables; leaving waits for decisions under way."""
    path = context.data / "store" / "workitems.sqlite"
    most = options.waiting
    async with Items.open(path, context.ring, reporter, context.clock, most) as items:
        engine = Engine(context, options, items, reporter, context.ports.last_seq)
        try:
            yield engine
        finally:
            await engine.close()


def new_uid() -> str:
    """A UID of a random UUID (PS3.5 B.2)."""
    return f"2.25.{uuid4().int}"


def _before(item: WorkItem | None, uid: str, found: Verdict) -> WorkItem:
    """What a keeper is asked about: the item, or as it would be created."""
    if item is not None:
        return item
    assert found.change is not None  # noqa: S101 - asked before
    return WorkItem(uid, found.change.content, 0, Instant(0))


def _accepted(verdict: Verdict) -> None:
    good = verdict.status == Status.SUCCESS or verdict.status >> 12 == 0xB  # noqa: PLR2004
    if not good:
        raise WorkItemRefused(verdict.status, verdict.words)
