"""One link: a line or a listening port, and the devices behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from drivers.line.codec import Damaged, Message, Piece, Splitter, read
from drivers.line.framing import Framing
from drivers.line.meaning import Refusal, Said, hear, publication
from drivers.line.profile import LineProfile
from gateway import (
    Connection,
    DeviceEntry,
    Finding,
    LinkEntry,
    Ports,
    ProtocolViolation,
    Publication,
    QuarantineReason,
    RawId,
    WireRecord,
)

_DEFAULT = Framing()


class LineDriver:
    """Serves every connection of one link."""

    def __init__(self, link: LinkEntry) -> None:
        self._devices = link.devices
        self._profile = _first_profile(link)
        self._framing = self._profile.framing if self._profile else _DEFAULT

    async def run(self, ports: Ports) -> None:
        """Serve until the connection ends; an acknowledgement goes out after the commit."""

        async def handle(connection: Connection) -> None:
            ports.connected(connection.name)
            await self._serve(ports, connection)

        await ports.serve(handle)

    async def _serve(self, ports: Ports, connection: Connection) -> None:
        splitter = Splitter(self._framing)
        try:
            while True:
                try:
                    async with asyncio.timeout(self._framing.gap if splitter.waiting else None):
                        data = await connection.read()
                except TimeoutError:
                    await self._give_up(ports, connection, splitter)
                    continue
                for piece in splitter.feed(data):
                    await self._answer(connection, good=await self._take(ports, connection, piece))
        except ConnectionError:
            await self._keep_rest(ports, connection, splitter)
            raise

    async def _give_up(self, ports: Ports, connection: Connection, splitter: Splitter) -> None:
        await self._keep_rest(ports, connection, splitter)
        await self._answer(connection, good=False)

    async def _keep_rest(self, ports: Ports, connection: Connection, splitter: Splitter) -> None:
        rest = splitter.give_up()
        if rest is not None:
            record = ports.record(rest.data, device=self._only(), session=connection.name)
            reason = QuarantineReason.INCOMPLETE
            await ports.quarantine(
                ports.quarantined(record, reason, self._only(), rest.why), record
            )

    async def _take(self, ports: Ports, connection: Connection, piece: Piece) -> bool:
        """Put one message on disk; whether the device may forget it."""
        record = ports.record(piece.data, device=self._only(), session=connection.name)
        heard = _heard(self._devices, piece)
        if isinstance(heard, Refusal):
            entry = ports.quarantined(record, heard.reason, self._only(), heard.detail)
            await ports.quarantine(entry, record)
        elif heard.readings:
            await ports.publish(publication(heard, record.raw_id), record)
        else:
            await ports.journal(record)
        return isinstance(piece, Message)

    async def _answer(self, connection: Connection, *, good: bool) -> None:
        if self._profile is None:
            return
        answer = self._profile.accept if good else self._profile.refuse
        if answer:
            await connection.write(answer.encode("latin-1"))

    def _only(self) -> str:
        return self._devices[0].id if len(self._devices) == 1 else ""


def check(links: Sequence[LinkEntry]) -> Iterator[Finding]:
    """Devices that share a line and don't frame and answer alike."""
    for link in links:
        first = _first_profile(link)
        for entry in link.devices:
            profile = entry.profile
            if first is None or not isinstance(profile, LineProfile):
                continue
            if (profile.framing, profile.accept, profile.refuse) != (
                first.framing,
                first.accept,
                first.refuse,
            ):
                message = f"profile {profile.profile} frames or answers unlike {first.profile}"
                yield Finding(message, link.id, entry.id, "profile", "give it a link of its own")


def interpret(
    link: LinkEntry, records: Sequence[WireRecord], raw_id: RawId
) -> Sequence[Publication]:
    """Read a journalled message again; ProtocolViolation if it still says nothing usable."""
    profile = _first_profile(link)
    record = next((each for each in records if each.raw_id == raw_id), None)
    if record is None or profile is None:
        return ()
    heard = _heard(link.devices, read(profile.framing, record.data))
    if isinstance(heard, Refusal):
        raise ProtocolViolation(heard.detail, record.data)
    return [publication(heard, raw_id)] if heard.readings else []


def _heard(devices: Sequence[DeviceEntry], piece: Piece) -> Said | Refusal:
    if isinstance(piece, Damaged):
        return Refusal(QuarantineReason.UNREADABLE, piece.why)
    return hear(devices, piece)


def _first_profile(link: LinkEntry) -> LineProfile | None:
    profiles = (entry.profile for entry in link.devices)
    return next((each for each in profiles if isinstance(each, LineProfile)), None)
