"""Who hears of work items (PS3.4 table CC.2.3-2), each change durable before it is confirmed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dicom.content import Content, misnamed
from dicom.dimse.status import Status
from dicom.services.workitems import Actor, WorkItem
from dicom.ups.engine import Engine
from dicom.ups.events import SUBSCRIBE, SUSPEND, UNSUBSCRIBE, Receiver, Telling
from dicom.ups.machine import Verdict
from dicom.ups.news import state_report
from dicom.ups.tables import Standing
from dicom.ups.terms import FILTERED, GLOBAL, Action, UpsStatus

_AT_ONCE = 200
"""Items whose first reports one event holds."""

_UNKNOWN = Verdict(UpsStatus.UNKNOWN_ITEM, "no such work item")
_DONE = Verdict()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber wants: about which instance, for which receiver, and with a lock or not."""

    uid: str
    receiver: Receiver
    lock: bool = False
    keys: Content | None = None


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Subscribes and unsubscribes AE titles: peers that we can call, or who has a channel."""

    engine: Engine

    async def act(self, action: Action, wish: Wish, actor: Actor) -> Verdict:
        """Do what an N-ACTION asks."""
        engine = self.engine
        receiver = wish.receiver
        if not receiver.by_channel and engine.reporter.line_of(receiver.title) is None:
            words = f"no peer {receiver.title} in devices.yaml"
            return Verdict(UpsStatus.UNKNOWN_RECEIVER, words)
        if wrong := misnamed(wish.keys or {}):
            return Verdict(Status.INVALID_VALUE, wrong)
        if not _fits(action, wish.uid):
            return Verdict(UpsStatus.WRONG_ACTION, f"{action.name} of that instance can't be")
        work = self._subscribe(wish, actor) if action is Action.SUBSCRIBE else None
        verdict: Verdict = await engine.to_its_end(work or self._end(action, wish, actor))
        return verdict

    async def _subscribe(self, wish: Wish, actor: Actor) -> Verdict:
        refused = wish.lock and not self.engine.options.deletion_locks
        granted = Wish(wish.uid, wish.receiver, wish.lock and not refused, wish.keys)
        is_standing = wish.uid in (GLOBAL, FILTERED)
        subscribe = self._to_all if is_standing else self._to_one
        verdict = await subscribe(granted, actor)
        if refused and verdict.status == Status.SUCCESS:
            return Verdict(UpsStatus.LOCK_NOT_GRANTED, "finished items are not held here")
        return verdict

    async def _to_one(self, wish: Wish, actor: Actor) -> Verdict:
        found: list[WorkItem] = []

        async def make() -> Sequence[Any]:
            item = await self.engine.item_now(wish.uid)
            if item is None:
                return []
            found.append(item)
            return [self._event(wish, actor, tell=[_first(item, wish.receiver)])]

        await self.engine.publish(make)
        return _DONE if found else _UNKNOWN

    async def _to_all(self, wish: Wish, actor: Actor) -> Verdict:
        """With a lock its receiver hears of every item at once (table CC.2.3-2)."""

        async def make() -> Sequence[Any]:
            engine = self.engine
            title = wish.receiver.title
            known = await engine.items.ask(lambda tables: tables.subscribed(title))
            standing = Standing(wish.receiver, wish.lock, wish.keys)
            new = [
                item
                async for page in engine.items.pages(wish.keys or {}, engine.zone)
                for item in page
                if item.uid not in known and engine.fits(standing, item)
            ]
            return [
                self._event(
                    wish,
                    actor,
                    uids=[item.uid for item in some],
                    tell=[_first(item, wish.receiver) for item in some] if wish.lock else [],
                )
                for some in _parts(new)
            ]

        await self.engine.publish(make)
        return _DONE

    async def _end(self, action: Action, wish: Wish, actor: Actor) -> Verdict:
        found = True

        async def make() -> Sequence[Any]:
            nonlocal found
            everything = wish.uid in (GLOBAL, FILTERED)
            found = everything or await self.engine.item_now(wish.uid) is not None
            if not found:
                return []
            code = UNSUBSCRIBE if action is Action.UNSUBSCRIBE else SUSPEND
            said = {"uid": wish.uid, "title": wish.receiver.title}
            engine = self.engine
            return [engine.writer.of_subscription(code, os.urandom(16), actor, engine.now(), said)]

        await self.engine.publish(make)
        return _DONE if found else _UNKNOWN

    def _event(
        self, wish: Wish, actor: Actor, *, tell: Sequence[Any], uids: Sequence[str] = ()
    ) -> Any:
        said = {
            "uid": wish.uid,
            "title": wish.receiver.title,
            "called": wish.receiver.called,
            "lock": wish.lock,
            "keys": wish.keys,
            "uids": list(uids),
            "tell": list(tell),
        }
        engine = self.engine
        identity = os.urandom(16)
        return engine.writer.of_subscription(SUBSCRIBE, identity, actor, engine.now(), said)


def _fits(action: Action, uid: str) -> bool:
    """Whether an action can be asked of an instance: only global subscriptions are suspended."""
    if action is Action.SUSPEND_GLOBAL:
        return uid in (GLOBAL, FILTERED)
    return action is Action.SUBSCRIBE or uid != FILTERED


def _first(item: WorkItem, receiver: Receiver) -> list[Any]:
    """The initial report: how the item stands."""
    return Telling(item.uid, state_report(item.content), [receiver]).said()


def _parts(items: Sequence[WorkItem]) -> Sequence[Sequence[WorkItem]]:
    """At least one, also if it is empty."""
    return [items[start : start + _AT_ONCE] for start in range(0, max(len(items), 1), _AT_ONCE)]
