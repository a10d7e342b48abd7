"""Has a destination commit to what it was sent; only then does it count as archived."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from dicom.dimse import Limits, Peer, Services, associate
from dicom.forward.entry import Entry
from dicom.forward.facts import Voice
from dicom.forward.notes import STORE_PAUSE, Notes
from dicom.forward.options import DestinationOptions
from dicom.forward.pause import Pause
from dicom.scu.commitment import Reported, Reports, new_transaction, request, wanted
from dicom.scu.failure import PeerFailed
from gateway import Clock, DeviceEvent, DeviceUnavailable, Instant, StoreError
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

_AT_ONCE = 500
_GATHER = 1.0
_LINGER = 3.0
_LOOK = 10.0
_SECOND = 1_000_000


class Sent(Protocol):
    """The queue as a committer sees it."""

    async def uncommitted(self, destination: str, limit: int) -> Sequence[Entry]: ...
    async def overdue(self, destination: str, before: Instant) -> Sequence[Entry]: ...
    async def reached(self, seq: int) -> None: ...


@dataclass(slots=True)
class Committer:
    """One destination that commits. Its reports come by `Reports`, soon or late."""

    name: str
    options: DestinationOptions
    peer_name: str
    peer: Peer
    limits: Limits
    site: str
    clock: Clock
    ports: RoomPorts
    queue: Sent
    reports: Reports
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _answers: dict[str, asyncio.Event] = field(default_factory=dict)
    _notes: Notes = field(init=False)

    def __post_init__(self) -> None:
        self._notes = Notes(self.ports, f"what {self.name} commits to")

    def wake(self) -> None:
        """Something may have been sent."""
        self._wake.set()

    def answered(self, report: Reported) -> None:
        """A report was taken in: nobody need keep the association open for it."""
        if (waiting := self._answers.get(report.transaction)) is not None:
            waiting.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        pause = Pause(self.options.longest_pause)
        while True:
            self._wake.clear()
            try:
                await self.queue.reached(self._notes.seq)
                await self._lapse()
                if await self.queue.uncommitted(self.name, 1):
                    await self._round(pause)
                else:
                    await self._await_news()
            except StoreError as error:
                log.warning("dicom: the queue of %s can't be read: %s", self.name, error)
                await asyncio.sleep(STORE_PAUSE)

    async def _await_news(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await self._wake.wait()

    async def _round(self, pause: Pause) -> None:
        """Ask once for all that was sent by now and in a moment."""
        await asyncio.sleep(_GATHER)
        entries = await self.queue.uncommitted(self.name, _AT_ONCE)
        if not entries:  # dropped meanwhile
            return
        try:
            await self._ask(entries)
        except PeerFailed as error:
            await self._lapsed(entries, str(error))
            await asyncio.sleep(pause.seconds())
        except DeviceUnavailable as error:
            # It may have heard us all the same: what was asked waits for its report.
            log.warning("dicom: %s can't be asked to commit: %s", self.name, error)
            await asyncio.sleep(pause.seconds())
        else:
            pause.reset()

    async def _ask(self, entries: Sequence[Entry]) -> None:
        transaction = new_transaction()
        answered = self._answers[transaction] = asyncio.Event()
        pairs = [(entry.sop_class, entry.sent_as) for entry in entries]
        try:
            async with associate(
                self.peer,
                [wanted()],
                services=Services((self.reports.service(),)),
                limits=self.limits,
            ) as association:
                # Known before it is asked: the report may be sooner than the answer.
                await self._notes.put([self._voice.asked(self.name, transaction, entries)])
                await request(association, transaction, pairs)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LINGER):
                        await answered.wait()
        finally:
            del self._answers[transaction]

    async def _lapse(self) -> None:
        """Ask again where no report came in time."""
        within = self.options.commit_within
        before = Instant(self.clock.now() - int(within * _SECOND))
        late = await self.queue.overdue(self.name, before)
        if late:
            await self._lapsed(late, f"{self.peer}: no report of commitment within {within:g} s")

    async def _lapsed(self, entries: Sequence[Entry], words: str) -> None:
        voice, most = self._voice, self.options.attempts
        log.warning("dicom: %s does not commit to %d objects: %s", self.name, len(entries), words)
        await self._notes.put(
            [voice.lapsed(each, words, dead=each.attempts + 1 >= most) for each in entries]
        )

    @property
    def _voice(self) -> Voice:
        return Voice(self.site, self.clock.now(), self.peer_name)


def outcome(voice: Voice, entries: Sequence[Entry], report: Reported) -> list[DeviceEvent]:
    """What a report says of what was asked for; what it does not name waits on."""
    events = []
    for entry in entries:
        if entry.sent_as in report.failed:
            words = f"it does not keep it: {report.failed[entry.sent_as]}"
            events.append(voice.lapsed(entry, words, dead=True))
        elif entry.sent_as in report.kept:
            events.append(voice.archived(entry))
    return events
