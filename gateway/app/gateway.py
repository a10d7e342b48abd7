"""The running gateway, as the API, the pages and the command line see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, TypeVar

from gateway.app.configuration import Configuration
from gateway.app.metrics import engine_metrics
from gateway.app.rooms import Rooms
from gateway.app.worklist import Worklist
from gateway.config import Difference, Site, difference, plain
from gateway.driver import DriverType, LinkEntry, Part, Whole
from gateway.errors import ConfigError, Problem
from gateway.mapping import Mappings, Overlay
from gateway.model import Clock, DeviceEvent, Instant, Micros, WireRecord
from gateway.profile import Profile
from gateway.registry import Registry
from gateway.room import Entry, Glance, Hit, Principal, Telling
from gateway.room import Site as SiteView
from gateway.store import EventStore, StoreHealth
from gateway.store.relational import Tables
from gateway.supervisor import (
    Intake,
    LinkStatus,
    Selection,
    Supervisor,
    TapHub,
    Tapped,
    Trial,
    session_of,
)
from gateway.web import Configuration as ConfigurationNow
from gateway.web import Metric, Readiness

S = TypeVar("S")


def _nothing() -> None:
    pass


@dataclass(slots=True)
class Gateway:
    """The open parts of one gateway; a `gateway.web.GatewayView`. `config` is what runs now."""

    configuration: Configuration
    config: Site
    store: EventStore
    tables: Tables
    registry: Registry
    intake: Intake
    supervisor: Supervisor
    taps: TapHub
    clock: Clock
    rooms: Rooms
    at_reload: Callable[[], None] = _nothing
    _applying: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @classmethod
    def assemble(
        cls,
        configuration: Configuration,
        site: Site,
        store: EventStore,
        tables: Tables,
        clock: Clock,
        *,
        rooms: Rooms,
    ) -> Gateway:
        """Join the engine to an open store; nothing runs yet."""
        registry, taps = Registry(), TapHub(clock)
        heartbeat = Micros(round(site.store.heartbeat * 1_000_000))
        intake = Intake(site.id, store, registry, clock, heartbeat)
        supervisor = Supervisor(configuration.drivers, intake, registry, taps)
        return cls(
            configuration, site, store, tables, registry, intake, supervisor, taps, clock, rooms
        )

    @property
    def site(self) -> SiteView:
        config = self.config
        return SiteView(config.id, config.name, config.time_zone, config.locale)

    @property
    def version(self) -> str:
        return version("isogate")

    def now(self) -> Instant:
        return self.clock.now()

    def readiness(self) -> Readiness:
        state = self.store.state
        return Readiness(state.health is not StoreHealth.FAILED, state.reason)

    def links(self) -> Sequence[LinkStatus]:
        return self.supervisor.links()

    def metrics(self) -> Iterable[Metric]:
        return engine_metrics(self.links(), self.store.state)

    def subscriber(self, kind: type[S]) -> S:
        return self.rooms.neighbour(kind)

    def navigation(self) -> Sequence[Entry]:
        return self.rooms.navigation()

    def packages(self) -> Sequence[str]:
        return self.rooms.packages()

    def telling(self) -> Telling:
        return self.rooms.telling

    async def glances(self, who: Principal) -> Sequence[Glance]:
        return await self.rooms.glances(who)

    async def find(self, who: Principal, text: str) -> Sequence[Hit]:
        return await self.rooms.find(who, text)

    def watch(self, watcher: Callable[[Sequence[DeviceEvent]], None]) -> Callable[[], None]:
        return self.intake.watch(watcher)

    def tap(self, link: str) -> AbstractContextManager[asyncio.Queue[Tapped]]:
        return self.taps.watch(link)

    def explain(self, record: WireRecord) -> Sequence[Part]:
        driver, profile = self._understanding(record)
        if driver is None or driver.explain is None:
            return ()
        return driver.explain(record, profile)

    async def whole(self, record: WireRecord) -> Whole | None:
        driver, profile = self._understanding(record)
        if driver is None or driver.assemble is None:
            return None
        found = await session_of(self.store, record)
        return driver.assemble(found, record.raw_id, profile)

    def _understanding(self, record: WireRecord) -> tuple[DriverType | None, Profile | None]:
        """The driver of a record's link, and the profile of its device, where they are known."""
        link = next((each for each in self.links_meant() if each.id == record.link), None)
        if link is None:
            return None, None
        profiles = (each.profile for each in link.devices if each.id == record.device)
        return self.configuration.drivers[link.driver], next(profiles, None)

    @property
    def overlay(self) -> Overlay:
        """What the site's mappings make of links and devices; nothing while their room is shut."""
        try:
            return self.rooms.neighbour(Mappings).overlay
        except LookupError:
            return Overlay()

    def links_meant(self) -> list[LinkEntry]:
        """The links as their readings are understood."""
        return [self.overlay.link(link) for link in self.config.links]

    def links_run(self) -> list[LinkEntry]:
        """The links as their drivers run them."""
        return [self.overlay.running(link) for link in self.config.links]

    async def take_over(self) -> None:
        """Let links and mappings as they are now hold for what comes in from here on."""
        async with self._applying:
            await self.supervisor.apply(self.links_run(), self.links_meant())

    async def configuration_now(self) -> ConfigurationNow:
        file, running = str(self.configuration.file), plain(self.config)
        try:
            fresh = await asyncio.to_thread(self.configuration.load)
        except ConfigError as error:
            return ConfigurationNow(file, running, None, error.problems or (Problem(str(error)),))
        report = _report(difference(self.config, fresh))
        return ConfigurationNow(file, running, plain(fresh), reload=report)

    async def reload(self) -> Mapping[str, Any]:
        fresh = await asyncio.to_thread(self.configuration.load)
        report = _report(difference(self.config, fresh))
        self.config = fresh
        await self.take_over()
        await self.remember_devices()
        await asyncio.to_thread(self.at_reload)
        self.intake.system("configuration", "reloaded", _in_words(report))
        return report

    async def remember_devices(self) -> None:
        """Keep the names of all devices, so that events of a removed one still show it."""
        links = self.config.links
        await self.tables.remember((link.driver, each) for link in links for each in link.devices)

    async def interpret_again(
        self, wanted: Selection, actor: str, *, from_device: str = ""
    ) -> Mapping[str, Any]:
        return await self._worklist().interpret(wanted, actor, from_device)

    async def preview(
        self,
        wanted: Selection,
        overlay: Callable[[LinkEntry], LinkEntry],
        *,
        from_device: str = "",
        limit: int = 20,
    ) -> Sequence[Trial]:
        return await self._worklist().preview(wanted, overlay, from_device=from_device, limit=limit)

    async def set_aside(self, wanted: Selection, who: Principal, reason: str) -> int:
        return await self._worklist().set_aside(wanted, who.id, reason)

    def _worklist(self) -> Worklist:
        return Worklist(self.config.id, self.store, self.links_meant(), self.configuration.drivers)


def _report(changes: Difference) -> dict[str, list[str]]:
    devices = changes.devices.values()
    return {
        "links_added": [link.id for link in changes.added_links],
        "links_removed": [link.id for link in changes.removed_links],
        "links_restarted": [link.id for link in changes.changed_links],
        "devices_added": [entry.id for change in devices for entry in change.added],
        "devices_removed": [entry.id for change in devices for entry in change.removed],
        "devices_changed": [entry.id for change in devices for entry in change.changed],
        "restart_needed": sorted(changes.sections | changes.fixed),
    }


def _in_words(report: Mapping[str, Sequence[str]]) -> str:
    parts = [f"{key}: {', '.join(names)}" for key, names in report.items() if names]
    return "; ".join(parts) or "nothing changed"
