"""Runs a polling driver: its connection, its timetable, and a breaker per device."""

from __future__ import annotations

import asyncio

from gateway.driver import DeviceEntry, LinkEntry, Poller, PollingDriver
from gateway.errors import DeviceUnavailable, ProtocolViolation
from gateway.model import Direction, Quarantined, QuarantineReason, sentence
from gateway.supervisor.intake import Intake
from gateway.supervisor.ports import LinkPorts
from gateway.supervisor.timetable import Timetable

_SILENT_LINK = 3


class PollLoop:
    """Asks the devices of one link, one after the other, for as long as its connection lasts.

    The link counts as working from the first answer on, since a device server accepts connections
    for a line that is cut. A device that fails goes to a later place in the timetable. When three
    polls in a row failed, whoever was not asked since the last answer is asked next; once every
    device has failed since then the connection itself counts as dead: a half-open TCP connection
    says nothing for ever.
    """

    def __init__(
        self, link: LinkEntry, intake: Intake, ports: LinkPorts, timetable: Timetable
    ) -> None:
        self._link = link
        self._intake = intake
        self._ports = ports
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._timetable = timetable
        self._timetable.replace(link.devices, self._loop.time())
        self._failures = 0
        self._silent: set[str] = set()

    def replace(self, link: LinkEntry) -> None:
        """Take over other devices without losing the connection."""
        self._link = link
        self._timetable.replace(link.devices, self._loop.time())
        self._changed.set()

    async def run(self, driver: PollingDriver) -> None:
        """Poll until the connection is lost, which raises."""
        async with self._ports.connect() as connection:
            poller = driver.attach(connection)
            self._timetable.connected(self._loop.time())
            while True:
                entry = await self._wait()
                await self._poll(poller, entry)
                await self._intake.store.ready()

    async def _wait(self) -> DeviceEntry:
        while True:
            self._changed.clear()
            if unasked := self._unasked():
                return unasked
            turn = self._timetable.next()
            if turn is None:
                await self._changed.wait()
                continue
            entry, due = turn
            delay = due - self._loop.time()
            if delay <= 0:
                return entry
            try:
                async with asyncio.timeout(delay):
                    await self._changed.wait()
            except TimeoutError:
                return entry

    def _unasked(self) -> DeviceEntry | None:
        """Who can tell a dead connection from dead devices, as soon as that is in doubt."""
        return self._timetable.first(self._silent) if self._failures >= _SILENT_LINK else None

    async def _poll(self, poller: Poller, entry: DeviceEntry) -> None:
        try:
            poll = await poller.poll(entry)
        except DeviceUnavailable as error:
            self._failed(entry, str(error))
        except ProtocolViolation as error:
            await self._keep(entry, error)
            self._failed(entry, str(error))
        else:
            self._ports.connected()
            self._failures = 0
            self._silent.clear()
            self._timetable.answered(entry.id, self._loop.time())
            self._intake.sample(self._link.id, entry, poll)

    def _failed(self, entry: DeviceEntry, reason: str) -> None:
        self._failures += 1
        self._silent.add(entry.id)
        if self._timetable.failed(entry.id, self._loop.time()):
            self._intake.availability(entry.id, online=False, reason=reason)
        everybody = self._silent.issuperset(each.id for each in self._link.devices)
        if self._failures >= _SILENT_LINK and everybody:
            raise DeviceUnavailable(
                sentence(
                    "nobody answered {count} polls in a row; the connection is opened anew",
                    count=self._failures,
                )
            )

    async def _keep(self, entry: DeviceEntry, error: ProtocolViolation) -> None:
        record = self._ports.record(error.raw, direction=Direction.IN, device=entry.id)
        quarantined = Quarantined(
            record.raw_id,
            self._link.id,
            entry.id,
            QuarantineReason.UNREADABLE,
            type(error).__name__,
            str(error),
            record.at,
        )
        await self._ports.quarantine(quarantined, record)
