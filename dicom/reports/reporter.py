"""Delivers event reports from the outbox, each peer in a task of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from dicom.content import encode
from dicom.dimse import (
    Association,
    Command,
    ContextRefused,
    Limits,
    Operation,
    Peer,
    Status,
    Wanted,
    associate,
    is_good,
)
from dicom.reports.report import Report, destination
from gateway import Clock, DeviceUnavailable, Instant, ProtocolViolation, StoreError
from gateway.room import Delivery, RoomPorts

log = logging.getLogger(__name__)

_AT_ONCE = 50
_LOOK = 1.0
_IDLE = 30.0
_MOST_DEAD = 1000
_STORE_PAUSE = 5.0
_SECOND = 1_000_000

_NEVER = frozenset(
    {
        Status.NO_SUCH_EVENT_TYPE,
        Status.NO_SUCH_ARGUMENT,
        Status.INVALID_ARGUMENT,
        Status.INVALID_SOP_INSTANCE,
        Status.NO_SUCH_SOP_INSTANCE,
        Status.NO_SUCH_SOP_CLASS,
        Status.CLASS_INSTANCE_CONFLICT,
        Status.SOP_CLASS_NOT_SUPPORTED,
        Status.UNRECOGNIZED_OPERATION,
        Status.MISTYPED_ARGUMENT,
    }
)
"""Statuses that say the same next time."""


@dataclass(slots=True)
class Line:
    """The reports of one peer. `failing` is since when none got through, and why.

    While `hurried`, and so at first, a report that failed is not held back any longer. `full` is
    set while news are not taken for it, because too many wait.
    """

    name: str
    peer: Peer
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    failing: tuple[Instant, str] | None = None
    hurried: bool = True
    full: bool = False


class Reporter:
    """Takes reports in order, opens an association to their peer, sends them, then notes that.

    A crash between the last two sends a report once more: what it says holds all the same. A peer
    that can't be reached holds nobody else's reports up. One that refuses a report for good makes
    it a dead letter, which a person sees.
    """

    def __init__(
        self, ports: RoomPorts, clock: Clock, peers: Mapping[str, Peer], limits: Limits
    ) -> None:
        self._ports, self._outbox = ports, ports.outbox
        self._clock, self._limits = clock, limits
        self._said = ""
        self.lines = {name: Line(name, peer) for name, peer in peers.items()}

    def line_of(self, title: str, address: str = "") -> str | None:
        """The name of the peer with this AE title, the one at `address` first; None if none is."""
        names = [each.name for each in self.lines.values() if each.peer.title == title]
        here = [name for name in names if self.lines[name].peer.host == address]
        return next(iter((*here, *names)), None)

    async def owe(self, owed: Sequence[tuple[str, str, Report]]) -> None:
        """Owe (peer, key, report) each, durably and once; StoreError if the disk refuses."""
        if not owed:
            return
        rows = [(destination(name), key, report.payload()) for name, key, report in owed]
        await self._outbox.enqueue_all(rows)
        self.wake({name for name, _, _ in owed})

    def hurry(self, name: str) -> None:
        """A peer answers: what waits for it need not wait longer."""
        line = self.lines.get(name)
        if line is not None and line.failing is not None:
            line.hurried = True
            line.wake.set()

    async def tell(self, news: Sequence[tuple[str, str, Report]], most: int) -> None:
        """As `owe`, but a peer for which `most` reports wait is told no more until some are gone.

        For news that nobody promised to keep (PS3.4 CC.2.4.3).
        """
        room = {name: most - await self._outbox.count(destination(name)) for name, _, _ in news}
        taken = []
        for each in news:
            line = self.lines[each[0]]
            if room[line.name] > 0:
                room[line.name] -= 1
                line.full = False
                taken.append(each)
            elif not line.full:
                line.full = True
                log.error("%d event reports wait for %s: it is told no more", most, line.name)
        await self.owe(taken)

    def wake(self, names: Iterable[str]) -> None:
        """Something new is owed to these."""
        for name in names:
            if name in self.lines:
                self.lines[name].wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for line in self.lines.values():
                group.create_task(self._serve(line), name=f"dicom-report-{line.name}")
            await asyncio.get_running_loop().create_future()

    async def say(self) -> None:
        """Say as the gateway, for its alarms, whether a peer can't be told; once a change."""
        names = {destination(name): name for name in self.lines}
        dead = {names[each.destination] for each in await self.dead(_MOST_DEAD)}
        stuck = dead | {each.name for each in self.lines.values() if each.failing or each.full}
        said = "stuck" if stuck else "flowing"
        if said != self._said:
            self._said = said
            self._ports.system("dicom-reports", said, ", ".join(sorted(stuck)))

    async def dead(self, limit: int) -> Sequence[Delivery]:
        """Reports that were given up, oldest first."""
        ours = {destination(name) for name in self.lines}
        return [each for each in await self._outbox.dead(limit) if each.destination in ours]

    async def _serve(self, line: Line) -> None:
        while True:
            line.wake.clear()
            try:
                wait = await self.deliver(line)
                await self.say()
            except StoreError as error:
                log.warning("The outbox can't be read for %s: %s", line.name, error)
                wait = _STORE_PAUSE
            if wait:
                await _pause(line, wait)

    async def deliver(self, line: Line) -> float:
        """Send what may go now; seconds after which to look again, if nobody wakes the line."""
        owed = await self._outbox.owed(destination(line.name), _AT_ONCE)
        if not owed:
            return _IDLE
        early = owed[0].due - self._clock.now()
        if early > 0 and not line.hurried:
            return min(early / _SECOND, _LOOK)
        line.hurried = False
        reports = await self._readable(owed)
        # One association speaks with one title of ours; what is behind another one waits its turn.
        ours = reports[0][1].calling if reports else ""
        together = list(takewhile(lambda each: each[1].calling == ours, reports))
        try:
            await self._send(line, together)
        except DeviceUnavailable as error:
            await self._failed(line, str(error))
        return 0.0

    async def _readable(self, owed: Sequence[Delivery]) -> list[tuple[Delivery, Report]]:
        found = []
        for delivery in owed:
            try:
                found.append((delivery, Report.read(delivery.payload)))
            except ProtocolViolation as error:
                await self._outbox.bury(delivery, str(error))
        return found

    async def _send(self, line: Line, reports: Sequence[tuple[Delivery, Report]]) -> None:
        """Each in order; DeviceUnavailable at the first that can't be delivered now."""
        if not reports:
            return
        peer = replace(line.peer, calling=reports[0][1].calling)
        classes = dict.fromkeys(uid for _, report in reports for uid in report.classes)
        wanted = [Wanted(uid, serve=True) for uid in classes]
        async with associate(peer, wanted, limits=self._limits) as association:
            for delivery, report in reports:
                await self._report(line, association, delivery, report)

    async def _report(
        self, line: Line, association: Association, delivery: Delivery, report: Report
    ) -> None:
        context = next(
            (
                each
                for uid in report.classes
                for each in association.contexts.values()
                if each.abstract_syntax == uid
            ),
            None,
        )
        if context is None:
            raise ContextRefused(
                f"{line.peer} takes no event reports of {report.classes[0]}: let it accept us as"
                " SCP of that class"
            )
        command = Command(
            Operation.N_EVENT_REPORT,
            sop_class=report.sop_class,
            sop_instance=report.sop_instance,
            event_type=report.event_type,
        )
        data = encode(report.content, context.transfer_syntax)
        answer = await association.send(command, data, context=context)
        if answer.status in _NEVER:
            words = f"{line.peer} refuses it: {answer.status:#06x} {answer.comment}".rstrip()
            log.warning("An event report of %s: %s", report.sop_instance, words)
            await self._outbox.bury(delivery, words)
        elif is_good(answer.status):
            await self._outbox.delivered(delivery)
        else:
            raise DeviceUnavailable(
                f"{line.peer} answered an event report with {answer.status:#06x}"
                f" {answer.comment}".rstrip()
            )
        if line.failing is not None:
            log.info("%s takes event reports again.", line.peer)
            line.failing = None

    async def _failed(self, line: Line, words: str) -> None:
        """The head is due again later: what is behind it waits, so that order is kept."""
        if line.failing is None:
            log.warning("Event reports wait for %s: %s", line.name, words)
            line.failing = self._clock.now(), words
        head = await self._outbox.head(destination(line.name))
        if head is not None:
            await self._outbox.failed(head, words)


async def _pause(line: Line, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await line.wake.wait()
    except TimeoutError:
        return
