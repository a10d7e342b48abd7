"""Carries out the rules: once a day, or when somebody asks for it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from dicom.retention.options import RetentionOptions
from dicom.retention.rules import Aged, Kept, Rule, Verdict, judge, youngest
from dicom.retention.survey import Queues, aged, as_it_is, with_queues
from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from dicom.storage.removal import HOLD, RELEASE, Removal, cleared
from dicom.storage.space import Space
from gateway import DeviceEvent, StoreError, Subject, to_datetime
from gateway.room import Outcome, Principal, RoomContext, last_due, next_due, roused, steadily

log = logging.getLogger(__name__)

_LOOK = 60.0
_FILES = 1000
RULES = Principal("room:dicom", "dicom", frozenset())
"""In whose name studies are removed."""


@dataclass(frozen=True, slots=True)
class Going:
    """A study that may go, and the rule that says so."""

    study: Aged
    rule: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would be removed now: the first of it, its totals, and how many studies stay and why.

    Studies that no rule is for are not counted, and of the young ones only those that came long
    ago and grew since.
    """

    first: Sequence[Going]
    studies: int
    instances: int
    bytes: int
    kept: Mapping[Kept, int]


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed; `more` may go than was asked for."""

    studies: int = 0
    instances: int = 0
    bytes: int = 0
    more: bool = False

    def and_(self, study: Aged) -> Swept:
        return Swept(
            self.studies + 1, self.instances + len(study.seqs), self.bytes + study.bytes, self.more
        )


@dataclass(slots=True)
class Sweeper:
    """Removes studies: the event first, then the files. Every method may raise StoreError."""

    context: RoomContext
    options: RetentionOptions
    index: Index
    blobs: Blobs
    space: Space
    queues: Queues
    rules: Sequence[Rule] = field(init=False)
    removing: Swept | None = field(default=None, init=False)
    """How far a removal that is under way has come."""
    _asked: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _done: datetime = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        self.rules = [each.rule() for each in self.options.rules]
        self._done = last_due(self._now(), [self.options.time])

    @property
    def next(self) -> datetime:
        """When rules are carried out next, in the site's zone."""
        return next_due(self._now(), [self.options.time])

    async def run(self) -> None:
        """Remove what is due each day, and what was left on the disk, until cancelled."""

        def say(error: StoreError) -> None:
            log.warning("dicom: studies can't be removed: %s", error)

        await steadily(self._look, self._pause, say)

    def hurry(self) -> None:
        """Carry out the rules now."""
        self._asked.set()

    async def outlook(self, most: int) -> Outlook:
        """What would be removed now; `most` of it one by one."""
        first: list[Going] = []
        total = Swept()
        kept: Counter[Kept] = Counter()
        async for study, verdict in self._judged():
            if verdict.kept is not None:
                kept[verdict.kept] += 1
                continue
            total = total.and_(study)
            if len(first) < most:
                first.append(Going(study, verdict.rule))
        return Outlook(first, total.studies, total.instances, total.bytes, kept)

    async def sweep(self, most: int | None = None) -> Swept:
        """Remove what the rules say, the oldest first, at `most` so many studies."""
        async with self._turn:
            self.removing = Swept()
            try:
                async for study, verdict in self._judged():
                    if verdict.kept is not None:
                        continue
                    if self.removing.studies == most:
                        self.removing = replace(self.removing, more=True)
                        break
                    if await self._remove(study, verdict.rule):
                        self.removing = self.removing.and_(study)
                return self.removing
            finally:
                self.removing = None

    async def hold(self, who: Principal, study: str, subject: Subject, why: str) -> None:
        """No rule removes the study until somebody releases it."""
        await self._act(who, HOLD, study, subject, why)

    async def release(self, who: Principal, study: str, subject: Subject, why: str) -> None:
        """Rules may remove the study again."""
        await self._act(who, RELEASE, study, subject, why)

    async def _act(self, who: Principal, act: str, study: str, subject: Subject, why: str) -> None:
        objects = {"study": study}
        await self.context.audit.record(act, who, subject=subject, objects=objects, detail=why)
        seq = await self.context.ports.act(who, act, text=why, subject=subject, payload=objects)
        await self.index.reached(seq)

    async def _look(self) -> None:
        async with self._turn:
            await self._clear()
        asked, due = self._asked.is_set(), last_due(self._now(), [self.options.time])
        if not self.rules or (not asked and due <= self._done):
            return
        self._asked.clear()
        swept = await self.sweep()
        self._done = due
        if swept.studies:
            log.info(
                "dicom: rules removed %d studies, %d objects, %.1f MB",
                swept.studies,
                swept.instances,
                swept.bytes / 1e6,
            )

    async def _pause(self) -> None:
        await roused(self._asked, _LOOK)

    async def _judged(self) -> AsyncIterator[tuple[Aged, Verdict]]:
        """Every study that a rule is for and that came long ago enough, the oldest first."""
        if not self.rules:
            return
        await self.index.reached(self.context.ports.last_seq)
        now, excess = self.context.clock.now(), self.space.excess()
        async for study in aged(self.index, youngest(self.rules, now)):
            verdict = judge(self.rules, study, now, excess)
            if verdict is None:
                continue
            if verdict.kept not in (Kept.YOUNG, Kept.HELD):
                study = await with_queues(study, self.queues)  # noqa: PLW2901
                verdict = judge(self.rules, study, now, excess) or verdict
            if verdict.kept is None:
                excess -= study.bytes
            yield study, verdict

    async def _remove(self, study: Aged, rule: str) -> bool:
        """Say that it leaves, then take its files; False where it is another one than was judged.

        Somebody held it, it grew, or it is to be sent: it is judged anew the next time.
        """
        decided = self.context.ports.last_seq
        await self.index.reached(decided)
        if not await self._still_goes(study):
            return False
        removal = study.removal(rule, decided)
        await self._record(removal, f"{rule}: {removal.instances} objects")
        event = removal.event(self.context.site.id, self.context.clock.now())
        seqs = await self._publish(event)
        if not await self.index.was_removed(max(seqs, default=0)):
            await self._record(removal, "it was held, or grew, meanwhile", Outcome.FAILED)
            return False
        self.space.took(-removal.bytes)
        await self._clear()
        return True

    async def _still_goes(self, judged: Aged) -> bool:
        study = await as_it_is(self.index, judged.uid)
        if study is None or study.seqs != judged.seqs:
            return False
        study = await with_queues(study, self.queues)
        verdict = judge(self.rules, study, self.context.clock.now(), study.bytes)
        return verdict is not None and verdict.kept is None

    async def _record(
        self, removal: Removal, detail: str, outcome: Outcome = Outcome.SUCCESS
    ) -> None:
        await self.context.audit.record(
            "images.remove",
            RULES,
            outcome=outcome,
            subject=removal.subject,
            objects={"study": removal.study},
            detail=detail,
        )

    async def _clear(self) -> None:
        """Take the files off the disk that no object needs any more."""
        for (removal, study), digests in (await self.index.leaving()).items():
            for start in range(0, len(digests), _FILES):
                await self.blobs.remove(digests[start : start + _FILES], self._needed)
            await self._publish(
                cleared(removal, study, self.context.site.id, self.context.clock.now())
            )

    async def _needed(self, digests: Sequence[str]) -> Collection[str]:
        await self.index.reached(self.context.ports.last_seq)
        return await self.index.digests(digests)

    async def _publish(self, event: DeviceEvent) -> Sequence[int]:
        """The seq of the event, or nothing where it was said before."""
        receipt = await self.context.ports.publish((event,))
        await self.index.reached(max(receipt.seqs, default=0))
        return receipt.seqs

    def _now(self) -> datetime:
        zone = ZoneInfo(self.context.site.zone)
        return to_datetime(self.context.clock.now()).astimezone(zone)
