"""One link: a line, or a port on which analyzers call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from drivers.astm.analyzers import Analyzers
from drivers.astm.codec import Receiver
from drivers.astm.conversation import Conversation
from drivers.astm.grouping import FrameJournal
from drivers.astm.journal import transfers
from drivers.astm.profile import AstmDevice, AstmLink
from drivers.astm.settle import recover
from drivers.astm.transfer import Outcome, Refused, read_transfer
from gateway import (
    Connection,
    Finding,
    LinkEntry,
    Ports,
    ProtocolViolation,
    Publication,
    RawId,
    StoreError,
    WireRecord,
    sentence,
)

_TICKS = 5
"""How often silence is looked at while the gap that a frame may have goes by."""


class AstmDriver:
    """Serves one link and every analyzer on it. It receives; it sends no orders."""

    def __init__(self, link: LinkEntry) -> None:
        if not isinstance(link.options, AstmLink):
            raise TypeError(f"link {link.id}: not a link of the astm driver")
        self._link = link
        self._options = link.options
        self._analyzers = Analyzers(link.devices)
        self._open: set[Conversation] = set()

    async def run(self, ports: Ports) -> None:
        """Serve until the link's connection ends.

        What was acknowledged and not settled before is settled first. StoreError ends the whole
        link when a transfer that has no acknowledgement left to withhold can't be settled: the
        next run finds it in the journal.
        """
        await recover(ports, self._analyzers)
        failed: asyncio.Future[StoreError] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as tasks:
                journal = FrameJournal(ports)
                beside = (
                    tasks.create_task(_fail(failed), name="astm-unsettled"),
                    tasks.create_task(self._tick(), name="astm-silence"),
                )
                await ports.serve(lambda line: self._converse(ports, journal, line, failed))
                for task in beside:
                    task.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from group

    async def _converse(
        self,
        ports: Ports,
        journal: FrameJournal,
        connection: Connection,
        failed: asyncio.Future[StoreError],
    ) -> None:
        ports.connected(connection.name)
        options = self._options
        receiver = Receiver(options.frame_limit, gap=options.gap, silence=options.silence)
        conversation = Conversation(ports, journal, connection, self._analyzers, receiver)
        self._open.add(conversation)
        try:
            await conversation.run()
        except StoreError as error:
            if not failed.done():
                failed.set_result(error)
            raise
        finally:
            self._open.discard(conversation)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._options.gap / _TICKS)
            for conversation in tuple(self._open):
                conversation.tick()


async def _fail(failed: asyncio.Future[StoreError]) -> None:
    raise await failed


def interpret(
    link: LinkEntry, records: Sequence[WireRecord], raw_id: RawId
) -> Sequence[Publication]:
    """What the message that holds a raw id says now (`gateway.DriverType.interpret`)."""
    analyzers = Analyzers(link.devices)
    for told in transfers(records):
        if raw_id not in {record.raw_id for record in told.transfer.frames}:
            continue
        found = [each for each in read_transfer(told.transfer, analyzers) if _holds(each, raw_id)]
        refused = [each for each in found if isinstance(each, Refused)]
        if refused:
            raise ProtocolViolation(refused[0].detail, refused[0].frames[0].data)
        return [each for each in found if isinstance(each, Publication)]
    raise ProtocolViolation(
        sentence("no transfer of this link holds record {record}", record=raw_id)
    )


def check(links: Sequence[LinkEntry]) -> Iterator[Finding]:
    """Analyzers of one link that can't be told apart."""
    for link in links:
        seen: dict[str, str] = {}
        for entry in link.devices:
            options = entry.options
            if not isinstance(options, AstmDevice) or len(link.devices) == 1:
                continue
            if not (options.sender or options.sender_pattern):
                message = f"{entry.id} shares link {link.id} and has no sender"
                hint = "give the name that its messages carry in H-5"
                yield Finding(message, link.id, entry.id, "sender", hint)
            other = seen.setdefault(options.sender, entry.id) if options.sender else entry.id
            if other != entry.id:
                message = f"{other} and {entry.id} of link {link.id} have the same sender"
                yield Finding(message, link.id, entry.id, "sender", "give each its own")


def _holds(outcome: Outcome, raw_id: RawId) -> bool:
    if isinstance(outcome, Publication):
        return raw_id in outcome.raw_ids
    return raw_id in {frame.raw_id for frame in outcome.frames}
