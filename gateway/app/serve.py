"""Starts everything in order, and stops it in the reverse order."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.app.backups import backups_of
from gateway.app.configuration import Configuration
from gateway.app.expiry import Expiry, certificates_in
from gateway.app.gateway import Gateway
from gateway.app.http import serving_http
from gateway.app.keys import open_ring, source_of, warn_of_loss
from gateway.app.layout import ANCHORS, AUDIT, AUDIT_KEY, OUTBOX, STORE, TABLES
from gateway.app.ports import StorePorts
from gateway.app.private import keep_private
from gateway.app.rooms import Rooms
from gateway.app.store_watch import watch_store
from gateway.app.subscribers import check_cursor, feed
from gateway.app.upkeep import keep_up
from gateway.app.values import ObservedValues
from gateway.audit import AuditTrail, anchors_elsewhere, audit_key
from gateway.backup import Keeping
from gateway.config import Site, plain
from gateway.errors import ConfigError, StoreError
from gateway.mapping import Mappings
from gateway.model import SystemClock
from gateway.seal import Rotation, suite_named
from gateway.security import Security
from gateway.store import EventStore, StoreOptions, sealed_by
from gateway.store.outbox import Outbox
from gateway.store.relational import Tables
from gateway.supervisor import watch_clock

log = logging.getLogger(__name__)

_SHELL_SIGNAL_BASE = 128
_SAME_KEY_PRESS = 0.5
_BETWEEN_COLLECTIONS = 20_000
"""Objects made and not freed after which the youngest are looked through; Python's own is 700."""


def _unchanged(site: Site) -> Site:
    return site


@dataclass(frozen=True, slots=True)
class Up:
    """A gateway that is up: the URL of its pages, and its accounts."""

    url: str
    security: Security


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `serve` is to run.

    `adapt` may change the site in memory each time it is read (the demo's free ports). `ready`
    is called once, when everything is up.
    """

    site_file: Path
    data: Path
    adapt: Callable[[Site], Site] = _unchanged
    ready: Callable[[Up], Coroutine[None, None, None]] | None = None


async def serve(options: ServeOptions) -> None:
    """Run a gateway until SIGINT or SIGTERM; ConfigError if it can't start.

    It stops in an order that leaves no acknowledgement hanging: first the pages, then the
    drivers, which may still finish what is committed, then the rooms, and the store last.
    """
    try:
        await _serve(options)
    except ExceptionGroup as group:
        raise _only_cause(group) from None


async def _serve(options: ServeOptions) -> None:
    first = sealed_by(options.data / STORE) is None
    with _stop_signal() as stop:
        async with (
            open_gateway(options) as gateway,
            _reloading_on_hangup(gateway),
            serving_http(gateway, options.data) as url,
        ):
            log.info("Isogate %s serves %s at %s", gateway.version, gateway.site.id, url)
            if options.ready is not None:
                await options.ready(Up(url, gateway.rooms.neighbour(Security)))
            if first:
                warn_of_loss(gateway.subscriber(Rotation))
            spare_collector()
            await stop.wait()
            log.info("Stopping.")


def spare_collector() -> None:
    """Let the garbage collector leave alone what was made by now, and look seldom at the rest.

    Events are freed by their reference counts; looking for cycles among those that are kept for
    a while finds none.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_BETWEEN_COLLECTIONS)


@asynccontextmanager
async def open_gateway(options: ServeOptions) -> AsyncIterator[Gateway]:
    """The gateway without its pages: store, rooms and links, running within the block."""
    configuration = Configuration(options.site_file, options.adapt)
    site = configuration.load()
    keep_private(options.data)
    clock = SystemClock()
    source = source_of(site, options.site_file, options.data)
    ring = open_ring(source, site, options.data, clock)
    store_options = StoreOptions(min_free=site.store.min_free, ring=ring)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            EventStore.open(options.data / STORE, store_options, clock)
        )
        rooms = Rooms(configuration.rooms)
        tables = await stack.enter_async_context(
            Tables.open(options.data / TABLES, clock, rooms.tables(site))
        )
        gateway = Gateway.assemble(configuration, site, store, tables, clock, rooms=rooms)
        await gateway.remember_devices()
        outbox = await stack.enter_async_context(Outbox.open(options.data / OUTBOX, ring, clock))
        ports = StorePorts(site.id, store, gateway.intake, outbox, clock)
        trail = await stack.enter_async_context(
            AuditTrail.open(
                options.data / AUDIT,
                options.data / ANCHORS,
                clock,
                key=audit_key(options.data / AUDIT_KEY, options.data / AUDIT),
                ring=ring,
                copy=anchors_elsewhere(site.sections.get("audit")),
            )
        )
        suite = suite_named(site.protection.suite)
        rotation = Rotation(ring, source, suite, clock, gateway.intake.system)
        rooms.services = (trail, rotation)
        await rooms.open(
            stack,
            site,
            data=options.data,
            clock=clock,
            ports=ports,
            tables=tables,
            audit=trail,
            links=lambda: gateway.config.links,
            ring=ring,
            values=ObservedValues(store, gateway.intake),
        )
        for subscriber in rooms.subscribers():
            check_cursor(subscriber, store.last_seq)
        backups = backups_of(
            site,
            options.site_file,
            options.data,
            store=store,
            outbox=outbox,
            ring=ring,
            rooms=rooms.everybody(),
            clock=clock,
            note=gateway.intake.system,
        )
        stack.enter_context(ring.used_by(backups))
        keeping = Keeping(backups)
        rooms.services = (*rooms.services, keeping)
        jobs = {f"feed-{each.name}": feed(each, store) for each in rooms.subscribers()}
        jobs |= {name: make() for name, make in rooms.jobs()}
        jobs["reseal"] = rotation.work()
        jobs["backup"] = keeping.keep_up()
        jobs["watch-clock"] = watch_clock(gateway.intake)
        jobs["watch-store"] = watch_store(store, gateway.intake)
        jobs["upkeep"] = keep_up(store, outbox, clock, site.store.retention)
        expiry = Expiry(
            lambda: certificates_in(plain(gateway.config)), clock, gateway.intake.system
        )
        jobs["watch-certificates"] = expiry.watch()
        await stack.enter_async_context(_background(jobs))
        gateway.intake.system("gateway", "started", gateway.version)
        rooms.neighbour(Mappings).watch(gateway.take_over)
        await stack.enter_async_context(
            gateway.supervisor.running(gateway.links_run(), gateway.links_meant())
        )
        yield gateway


@asynccontextmanager
async def _background(jobs: Mapping[str, Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Run `jobs`, by name, as long as the block; one that fails ends it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job, name=name) for name, job in jobs.items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


@contextmanager
def _stop_signal() -> Iterator[asyncio.Event]:
    """Set by the first signal; a second one ends the process where it stands.

    A second one that follows at once is the same key press, sent to the process and to its group.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    patience_ends = 0.0

    def told(number: int) -> None:
        nonlocal patience_ends
        if not stop.is_set():
            patience_ends = loop.time() + _SAME_KEY_PRESS
            stop.set()
        elif loop.time() > patience_ends:
            os._exit(_SHELL_SIGNAL_BASE + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@asynccontextmanager
async def _reloading_on_hangup(gateway: Gateway) -> AsyncIterator[None]:
    """SIGHUP does within the block what `isogate reload` does; what is wrong is logged."""
    loop = asyncio.get_running_loop()
    hung_up = asyncio.Event()

    async def reload() -> None:
        while True:
            await hung_up.wait()
            hung_up.clear()
            try:
                await gateway.reload()
            except (ConfigError, StoreError) as error:
                log.warning("Not reloaded: %s", error)

    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reload(), name="reload-on-hangup")
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            task.cancel()


def _only_cause(group: ExceptionGroup[Exception]) -> Exception:
    """The one error inside the groups that task groups wrap around it; else the group."""
    cause: Exception = group
    while isinstance(cause, ExceptionGroup) and len(cause.exceptions) == 1:
        cause = cause.exceptions[0]
    return cause
