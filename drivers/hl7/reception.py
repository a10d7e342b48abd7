"""One connection: messages come, are put on disk, and are answered, one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from drivers.hl7.answer import Sealed, answers
from drivers.hl7.header import ACKNOWLEDGEMENT, Header
from drivers.hl7.interpret import Reader, Understood
from drivers.hl7.memory import Memory
from drivers.hl7.mllp import Debris, Frame, Framer, Unit, frame, unframe
from drivers.hl7.refusal import Refusal, Verdict
from gateway import (
    Connection,
    Direction,
    Ports,
    ProtocolViolation,
    Publication,
    QuarantineReason,
    Reading,
    StoreError,
    WireRecord,
    sentence,
    to_datetime,
)

log = logging.getLogger(__name__)

_GRACE = 3.0
_RECENT = 20
_ENDED = sentence("the connection ended inside a message")


class Reception:
    """Serves the connections of one link, which share what they remember."""

    def __init__(self, link: str, ports: Ports, reader: Reader, timeout: float) -> None:
        self._link = link
        self._ports = ports
        self._reader = reader
        self._timeout = timeout
        self._memory = Memory()

    async def recollect(self) -> None:
        """Learn from the journal which control ids were used last."""
        for record in reversed(await self._ports.recent("", _RECENT)):
            understood = self._reader.understand(unframe(record.data))
            if understood.header and not understood.refusal:
                control_id = understood.header.control_id
                self._memory.hear(understood.device, control_id, understood.occurrence)

    async def serve(self, connection: Connection) -> None:
        """Serve until the connection ends. A message that stops half-way closes it."""
        self._ports.connected(connection.name)
        framer = Framer()
        try:
            await self._receive(connection, framer)
        except ConnectionError:
            await self._take(framer.finish(_ENDED), connection)
            raise

    async def _receive(self, connection: Connection, framer: Framer) -> None:
        deadline: float | None = None
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    data = await connection.read()
            except TimeoutError:
                fault = sentence(
                    "a message did not end within {seconds} s", seconds=f"{self._timeout:g}"
                )
                await self._take(framer.finish(fault), connection)
                raise ProtocolViolation(f"{connection.name}: {fault}") from None
            units = framer.feed(data)
            await self._take(units, connection)
            if not framer.inside:
                deadline = None
            elif units or deadline is None:
                deadline = asyncio.get_running_loop().time() + self._timeout

    async def _take(self, units: Sequence[Unit], connection: Connection) -> None:
        for unit in units:
            if isinstance(unit, Frame):
                await self._hear(unit, connection)
            else:
                await self._keep(unit, connection)

    async def _keep(self, debris: Debris, connection: Connection) -> None:
        reason = QuarantineReason.INCOMPLETE if debris.incomplete else QuarantineReason.UNREADABLE
        record = self._ports.record(debris.data, session=connection.name)
        entry = self._ports.quarantined(record, reason, self._link, debris.fault)
        await self._ports.quarantine(entry, record)

    async def _hear(self, message: Frame, connection: Connection) -> None:
        """Store a message and answer it; when cancelled, what is under way is still answered."""
        answering = asyncio.create_task(self._answer(message, connection), name=f"{self._link} hl7")
        try:
            await asyncio.shield(answering)
        except asyncio.CancelledError:
            await asyncio.wait((answering,), timeout=_GRACE)
            if not answering.cancel() and not answering.cancelled():
                answering.exception()
            raise

    async def _answer(self, message: Frame, connection: Connection) -> None:
        understood = self._reader.understand(message.message)
        record = self._ports.record(message.wire, device=understood.device, session=connection.name)
        if understood.header and understood.header.code == ACKNOWLEDGEMENT:
            await self._ports.journal(record)
            return
        reply = self._reply(understood, understood.refusal, record)
        try:
            await self._store(understood, record, reply)
        except StoreError as error:
            refusal = Refusal(Verdict.ERROR, 207, "the message could not be stored")
            log.debug("Link %s: %s", self._link, error)
            reply = self._reply(understood, refusal, record)
        if reply:
            await connection.write(reply)

    async def _store(self, understood: Understood, record: WireRecord, reply: bytes) -> None:
        """Put message and answer on disk in one transaction, as events or in quarantine."""
        wire = [record]
        if reply:
            wire.append(
                self._ports.record(
                    reply,
                    direction=Direction.OUT,
                    device=understood.device,
                    session=record.session,
                )
            )
        if understood.refusal is None:
            readings = self._noted(understood)
            publication = Publication(
                understood.device, readings, (record.raw_id,), understood.occurrence
            )
            await self._ports.publish(publication, *wire)
        elif not self._memory.is_refused(understood.occurrence):
            await self._quarantine(understood, understood.refusal, wire)

    async def _quarantine(
        self, understood: Understood, refusal: Refusal, wire: Sequence[WireRecord]
    ) -> None:
        subject = _subject(understood.header, refusal) or self._link
        entry = self._ports.quarantined(wire[0], refusal.reason, subject, str(refusal))
        await self._ports.quarantine(entry, *wire)
        self._memory.refuse(understood.occurrence)

    def _noted(self, understood: Understood) -> tuple[Reading, ...]:
        """The readings, with a warning if their control id stood for another message before."""
        control_id = understood.header.control_id if understood.header else ""
        if not self._memory.hear(understood.device, control_id, understood.occurrence):
            return understood.readings
        note = f"control id {control_id} stood for another message before"
        if self._memory.first_restart(understood.device):
            log.warning("%s: %s; both are kept.", understood.device, note)
        return tuple(_with_note(reading, note) for reading in understood.readings)

    def _reply(self, understood: Understood, refusal: Refusal | None, record: WireRecord) -> bytes:
        at = to_datetime(record.at).astimezone(self._reader.zone(understood.device))
        replies = answers(understood.header, refusal, Sealed(at, str(record.raw_id)))
        return b"".join(frame(each.encode(understood.charset, "replace")) for each in replies)


def _subject(header: Header | None, refusal: Refusal) -> str:
    """What the work list groups by: a sender that nobody knows, else the sort of message."""
    if header is None:
        return ""
    return header.kind if refusal.reason is QuarantineReason.UNREADABLE else header.senders[0]


def _with_note(reading: Reading, note: str) -> Reading:
    payload = reading.payload or {}
    return replace(reading, payload={**payload, "notes": (*payload.get("notes", ()), note)})
