"""The way in: readings are normalized, filtered and committed; devices are known to be alive."""

from __future__ import annotations

import logging
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gateway.driver import DeviceEntry, DriverType, LinkEntry, Poll
from gateway.errors import StoreError
from gateway.keys import occurrence_id
from gateway.model import (
    Clock,
    DeviceEvent,
    Direction,
    Instant,
    Micros,
    Publication,
    Quarantined,
    QuarantineReason,
    RawId,
    Receipt,
    Retention,
    WireRecord,
)
from gateway.normalizer import Interpretation
from gateway.registry import DeviceState, Registry
from gateway.store import Batch, EventStore, Message
from gateway.supervisor.channel import Channel, Channels
from gateway.supervisor.gathering import Gathering
from gateway.supervisor.notices import LINK_PREFIX, Notices
from gateway.supervisor.ordinals import Ordinals

log = logging.getLogger(__name__)

Watcher = Callable[[Sequence[DeviceEvent]], None]


class Intake:
    """Turns what drivers say into committed events. One for the whole gateway."""

    def __init__(
        self, site: str, store: EventStore, registry: Registry, clock: Clock, heartbeat: Micros
    ) -> None:
        self._site = site
        self._store = store
        self._registry = registry
        self._clock = clock
        self._polls = Gathering(store)
        self._ordinals = Ordinals()
        self._channels = Channels(site, heartbeat)
        self._notices = Notices(
            site, store, registry, clock, channels=self._channels, ordinals=self._ordinals
        )
        self._watchers: list[Watcher] = []

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def store(self) -> EventStore:
        return self._store

    def configure(self, links: Sequence[LinkEntry], drivers: Mapping[str, DriverType]) -> None:
        """Take over the devices of a configuration; unchanged ones keep what they remember."""
        self._channels.configure(links, drivers)
        pairs = [(link.driver, entry) for link in links for entry in link.devices]
        self._registry.replace(pairs, self._clock.now())
        self._store.retain_latest(self._channels.is_current)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` with the events of every poll, stored or not; returns how to stop."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def record(
        self, link: str, data: bytes, direction: Direction, device: str, session: str
    ) -> WireRecord:
        """Give bytes their id and time."""
        return WireRecord(
            self._store.raw_id(), link, device, direction, session, self._clock.now(), data
        )

    async def journal(self, records: Sequence[WireRecord]) -> None:
        """Commit bytes alone."""
        retention = self.retention(records[0].device, records[0].link)
        await self._store.append(Batch(retention, wire=tuple(records)))

    def journal_soon(self, records: Sequence[WireRecord]) -> Future[Receipt]:
        """Hand bytes over; the future is done when they are on disk."""
        retention = self.retention(records[0].device, records[0].link)
        return self._store.submit(Batch(retention, wire=tuple(records)))

    async def publish(
        self, link: str, publication: Publication, wire: Sequence[WireRecord]
    ) -> Receipt:
        """Commit a publication with its bytes. An unknown device's bytes are quarantined."""
        now = wire[-1].at if wire else self._clock.now()
        raw_ids = publication.raw_ids or tuple(record.raw_id for record in wire)
        channel = self._channels.get(publication.device)
        if channel is None:
            return await self._publish_unknown(link, publication.device, raw_ids, now, wire)
        found = channel.interpret(publication, raw_ids, now)
        entries = tuple(
            channel.quarantined(link, finding, raw_ids, now) for finding in found.findings
        )
        messages = _messages((found,))
        batch = Batch(channel.retention, tuple(wire), quarantine=entries, messages=messages)
        receipt = await self._store.append(batch)
        self._alive(channel.entry.id, now, raw_ids)
        return receipt

    async def publish_all(
        self,
        publications: Sequence[Publication],
        quarantined: Sequence[Quarantined],
        wire: Sequence[WireRecord],
    ) -> Receipt:
        """Commit publications of one device with its bytes, all of it or nothing."""
        record = wire[-1]
        channel = self._channels.get(record.device)
        if channel is None:
            raise KeyError(record.device)
        all_found: list[Interpretation] = []
        entries = list(quarantined)
        for each in publications:
            found = channel.interpret(each, each.raw_ids, record.at)
            all_found.append(found)
            entries += (
                channel.quarantined(record.link, finding, each.raw_ids, record.at)
                for finding in found.findings
            )
        batch = Batch(
            channel.retention,
            tuple(wire),
            quarantine=tuple(entries),
            messages=_messages(all_found),
        )
        receipt = await self._store.append(batch)
        self._alive(record.device, record.at, (record.raw_id,))
        return receipt

    def retention(self, device: str, link: str = "") -> Retention:
        """As `Channels.retention`."""
        return self._channels.retention(device, link)

    def sample(self, link: str, entry: DeviceEntry, poll: Poll) -> None:
        """Take in one poll: its values are the latest at once, and stored a moment later."""
        channel = self._channels.get(entry.id)
        if channel is None:
            return
        now = self._clock.now()
        store = self._store
        wire = tuple(
            WireRecord(store.raw_id(), link, entry.id, direction, "", now, data)
            for direction, data in poll.exchanges
        )
        raw_ids = tuple(record.raw_id for record in wire)
        occurrence = occurrence_id(self._site, entry.id, self._ordinals.next())
        found = channel.interpreter.interpret_poll(
            poll.readings, raw_ids, now, occurrence, channel.changes
        )
        findings = channel.new(found.findings, poll.readings)
        entries = tuple(channel.quarantined(link, each, raw_ids, now) for each in findings)
        arrival = store.observe(found.events, wire)
        if found.due or entries:
            messages = (Message(occurrence, found.due),) if found.due else ()
            batch = Batch(channel.retention, wire, quarantine=entries, messages=messages)
            self._polls.add(batch, arrival, partial(_settled, channel))
        for watcher in self._watchers:
            watcher(found.events)
        self._alive(entry.id, now, raw_ids)

    def flush(self) -> None:
        """Submit the polls that are still gathered; call it before the store is closed."""
        self._polls.flush()

    async def quarantine(self, entry: Quarantined, wire: Sequence[WireRecord]) -> None:
        """Commit bytes that nobody could interpret."""
        retention = self.retention(entry.device, entry.link)
        await self._store.append(Batch(retention, tuple(wire), quarantine=(entry,)))

    def availability(
        self,
        device: str,
        *,
        online: bool,
        reason: str,
        raw_id: RawId | None = None,
        link: str = "",
    ) -> None:
        """Note that a device came or went: at once in the registry, durably as an event.

        `raw_id` is what it was heard by; silence has no bytes. `link` is named where the device
        itself is not at fault.
        """
        state = DeviceState.ONLINE if online else DeviceState.OFFLINE
        self._notices.move(device, state, reason, raw_id=raw_id, link=link)

    def expect(self, device: str) -> None:
        """Note that a device may be heard of again: what kept it offline is over."""
        self._notices.move(device, DeviceState.WAITING, "")

    def link(self, link: str, state: str, reason: str) -> None:
        """Note durably that a link changed its standing, as an event of the device `gateway`."""
        self.system(f"{LINK_PREFIX}{link}", state, reason)

    def system(self, code: str, text: str, detail: str) -> None:
        """Note something about the gateway itself, as an event of the device `gateway`."""
        self._notices.system(code, text, detail)

    def say_again(self) -> None:
        """Submit what was noted, still stands, and was refused by the store."""
        self._notices.say_again()

    def _alive(self, device: str, now: Instant, raw_ids: Sequence[RawId]) -> None:
        if self._registry.seen(device, now) is not DeviceState.ONLINE:
            heard = raw_ids[-1] if raw_ids else None
            self.availability(device, online=True, reason="", raw_id=heard)

    async def _publish_unknown(
        self,
        link: str,
        device: str,
        raw_ids: Sequence[RawId],
        now: Instant,
        wire: Sequence[WireRecord],
    ) -> Receipt:
        entry = Quarantined(
            raw_ids[-1],
            link,
            device,
            QuarantineReason.UNKNOWN_DEVICE,
            device,
            f"devices.yaml has no device {device!r}",
            now,
        )
        await self.quarantine(entry, wire)
        return Receipt(quarantined=1)


def _messages(found: Sequence[Interpretation]) -> tuple[Message, ...]:
    return tuple([Message(each.occurrence, each.told) for each in found if each.told])


def _settled(channel: Channel, error: StoreError | None) -> None:
    """What could not be committed is due again with the next poll."""
    if error is not None:
        channel.forget()
