"""The queues of all destinations: what stands in them, who empties them, what people may do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from dicom.dimse import Limits, Peer
from dicom.forward import facts
from dicom.forward.committer import Committer, outcome
from dicom.forward.content import Contents
from dicom.forward.entry import Counts, Entry, Queue, State
from dicom.forward.facts import Voice
from dicom.forward.line import by_association, by_web
from dicom.forward.notes import STORE_PAUSE
from dicom.forward.options import DestinationOptions, ForwardOptions
from dicom.forward.sender import Sender, Standing
from dicom.forward.tables import Tables
from dicom.scu.commitment import Reported, Reports
from dicom.storage.object import StoredObject
from dicom.web.client import WebPeer
from gateway import ConfigError, DeviceEvent, Instant, Kind, StoreError
from gateway.projection import Projection
from gateway.room import Emit, Principal, RoomContext

log = logging.getLogger(__name__)

QUEUES = Path("store") / "forward.sqlite"
_KINDS = (Kind.OBJECT, Kind.SYSTEM, Kind.ACTION)
_TOGETHER = 500


class Forwarding(Projection[Tables]):
    """What was stored goes on to destinations. Every question may raise StoreError.

    A peer that is no destination of devices.yaml is one with the defaults, for what people send.
    """

    context: RoomContext
    options: ForwardOptions
    senders: Mapping[str, Sender]
    committers: Mapping[str, Committer]
    changed: asyncio.Event

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        context: RoomContext,
        options: ForwardOptions,
        peers: Mapping[str, Peer],
        *,
        servers: Mapping[str, WebPeer],
        title: str,
        contents: Contents,
        limits: Limits,
        reports: Reports,
    ) -> AsyncIterator[Forwarding]:
        """Open or create the queues; nothing is sent before `run`."""
        async with cls.opened(context.data / QUEUES, context.ring, Tables, _KINDS) as forwarding:
            forwarding.context, forwarding.options = context, options
            forwarding.changed = asyncio.Event()
            destinations = {name: DestinationOptions() for name in peers} | dict(
                options.destinations
            )
            forwarding.senders = {
                name: Sender(
                    name=name,
                    options=each,
                    peer_name=options.peer_of(name),
                    way=by_association(peers[options.peer_of(name)], limits)
                    if each.web is None
                    else by_web(servers[each.web], title),
                    site=context.site.id,
                    clock=context.clock,
                    ports=context.ports,
                    queue=forwarding,
                    contents=contents,
                    changed=forwarding.changed.set,
                )
                for name, each in destinations.items()
            }
            forwarding.committers = {
                name: Committer(
                    name=name,
                    options=each,
                    peer_name=options.peer_of(name),
                    peer=peers[options.peer_of(name)],
                    limits=limits,
                    site=context.site.id,
                    clock=context.clock,
                    ports=context.ports,
                    queue=forwarding,
                    reports=reports,
                )
                for name, each in destinations.items()
                if each.commit
            }
            reports.heard = forwarding.heard
            yield forwarding

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Fold, and wake the senders: something may be owed now."""
        await super().apply(events, emit)
        if not any(event.kind in _KINDS for event in events):
            return
        touched = await self.ask(Tables.touched)
        if touched:
            self.changed.set()
        for destination in touched:
            if (sender := self.senders.get(destination)) is not None:
                sender.wake()
            if (committer := self.committers.get(destination)) is not None:
                committer.wake()

    # Questions, for pages and commands.

    async def queues(self) -> Sequence[Queue]:
        """Every destination: those of devices.yaml, and others that something is owed to."""
        counts = await self.ask(Tables.counts)
        names = dict.fromkeys((*self.options.destinations, *sorted(counts)))
        return [self._queue(name, counts.get(name, Counts())) for name in names]

    async def entries(self, destination: str, state: State, limit: int = 100) -> Sequence[Entry]:
        """Of one state, in the order of sending; what is done, the newest first."""
        return await self.ask(lambda tables: tables.entries(destination, state, limit))

    async def waiting(self, destination: str, limit: int) -> Sequence[Entry]:
        """What is to be sent, in order."""
        return await self.ask(lambda tables: tables.waiting(destination, limit))

    async def uncommitted(self, destination: str, limit: int) -> Sequence[Entry]:
        """What was sent and no commitment was asked for yet."""
        return await self.ask(lambda tables: tables.uncommitted(destination, limit))

    async def overdue(self, destination: str, before: Instant) -> Sequence[Entry]:
        """Whose commitment was asked for before a moment, and no report came."""
        return await self.ask(lambda tables: tables.overdue(destination, before))

    async def of_object(self, uid: str) -> Sequence[Entry]:
        """Where a SOP instance goes or went."""
        return await self.ask(lambda tables: tables.of_object(uid))

    async def of_study(self, uid: str) -> Sequence[Entry]:
        """Where the objects of a study go or went; everything that was acknowledged counts."""
        await self.reached(self.context.ports.last_seq)
        return await self.ask(lambda tables: tables.of_study(uid))

    # What people do. Each waits until the queues show it.

    async def send(self, who: Principal, destination: str, objects: Sequence[StoredObject]) -> int:
        """Owe objects to a destination, in order, once more if they were sent; how many."""
        self._sender(destination)
        for start in range(0, len(objects), _TOGETHER):
            some = [facts.wanted(each) for each in objects[start : start + _TOGETHER]]
            await self._act(who, facts.SEND, {"destination": destination, "objects": some})
        return len(objects)

    async def retry(self, who: Principal, destination: str, seqs: Sequence[int]) -> None:
        """Send these again, as the last ones, without waiting for the end of a pause."""
        self._sender(destination)
        await self._act(who, facts.RETRY, {"destination": destination, "objects": list(seqs)})
        self.senders[destination].hurry()

    async def drop(self, who: Principal, destination: str, seqs: Sequence[int]) -> None:
        """Never send these."""
        await self._act(who, facts.DROP, {"destination": destination, "objects": list(seqs)})

    def hurry(self, peer: str) -> None:
        """A peer answers: what waits for it need not wait longer."""
        for sender in self.senders.values():
            if sender.peer_name == peer and sender.standing.failing is not None:
                sender.hurry()

    async def heard(self, report: Reported) -> bool:
        """Take in what a peer says of a storage commitment; False if nobody asked for it.

        Said again, it is as if it was said once.
        """
        await self.reached(self.context.ports.last_seq)
        entries = await self.ask(lambda tables: tables.of_transaction(report.transaction))
        if not entries:
            return await self.ask(lambda tables: tables.knows(report.transaction))
        peer = self.options.peer_of(entries[0].destination)
        voice = Voice(self.context.site.id, self.context.clock.now(), peer)
        events = outcome(voice, entries, report)
        if events:
            await self.context.ports.publish(events)
        for committer in self.committers.values():
            committer.answered(report)
        return True

    # Jobs.

    async def run(self) -> None:
        """Note that the rules count from now on, then send until cancelled."""
        await self._start()
        async with asyncio.TaskGroup() as group:
            for name, sender in self.senders.items():
                group.create_task(sender.run(), name=f"dicom-forward-{name}")
            for name, committer in self.committers.items():
                group.create_task(committer.run(), name=f"dicom-commit-{name}")
            group.create_task(self._tell(), name="dicom-forward-tell")

    async def _start(self) -> None:
        while True:
            voice = Voice(self.context.site.id, self.context.clock.now(), "")
            try:
                receipt = await self.context.ports.publish((voice.rules(self.options.rule_set()),))
            except StoreError as error:
                log.warning("dicom: forwarding waits for the disk: %s", error)
                await asyncio.sleep(STORE_PAUSE)
            else:
                await self.reached(receipt.seqs[-1])
                return

    async def _tell(self) -> None:
        """Say as the gateway, for its alarms, whether anything is stuck; once a change."""
        stuck: str | None = None
        dead: str | None = None
        while True:
            self.changed.clear()
            failing = [name for name, each in self.senders.items() if each.standing.failing]
            said = "stuck" if failing else "flowing"
            if said != stuck:
                stuck = said
                self.context.ports.system("dicom-forward", said, ", ".join(failing))
            try:
                letters = await self.ask(Tables.with_dead)
            except StoreError as error:
                log.warning("dicom: the queues can't be read: %s", error)
                await asyncio.sleep(STORE_PAUSE)
                continue
            said = "waiting" if letters else "none"
            if said != dead:
                dead = said
                self.context.ports.system("dicom-dead-letters", said, ", ".join(letters))
            await self.changed.wait()

    def _queue(self, name: str, counts: Counts) -> Queue:
        sender = self.senders.get(name)
        standing = sender.standing if sender is not None else Standing()
        return Queue(
            name,
            sender.peer_name if sender is not None else name,
            sender is not None,
            counts,
            standing.sending,
            standing.failing,
            standing.error,
            standing.next_try,
        )

    def _sender(self, destination: str) -> Sender:
        found = self.senders.get(destination)
        if found is None:
            known = ", ".join(self.senders) or "none"
            raise ConfigError(
                f"dicom: no destination or peer {destination!r} in devices.yaml; there are: {known}"
            )
        return found

    async def _act(self, who: Principal, code: str, payload: Mapping[str, object]) -> None:
        seq = await self.context.ports.act(who, code, payload=payload)
        await self.reached(seq)
