from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.driver import (
    DeviceEntry,
    Driver,
    DriverType,
    LinkEntry,
    LinkOptions,
    Poll,
    Poller,
    PollingDriver,
    Ports,
)
from gateway.errors import ConfigError, DeviceUnavailable, ProtocolViolation
from gateway.model import Direction, Kind, Micros, QuarantineReason, Reading
from gateway.registry import DeviceState, Registry
from gateway.store import EventStore, StoreOptions
from gateway.supervisor import Intake, LinkState, Supervisor, TapHub
from gateway.testing import ManualClock
from gateway.transport import Connection, Tcp
from tests.unit.engine.sites import PROFILE, device, link, settled


class Named(LinkOptions):
    script: str = ""


class Engine:
    """A supervisor over a real store, and the drivers that it was asked to build."""

    def __init__(
        self, store: EventStore, build: Callable[[LinkEntry], Driver | PollingDriver]
    ) -> None:
        clock = ManualClock()
        self.built: list[str] = []
        self.registry = Registry()
        self.store = store
        self.taps = TapHub(clock)
        self.intake = Intake("site", store, self.registry, clock, Micros(60_000_000))

        def counted(entry: LinkEntry) -> Driver | PollingDriver:
            self.built.append(entry.id)
            return build(entry)

        types = {"test": DriverType("test", "1", counted, Path(), type(PROFILE), Named)}
        self.supervisor = Supervisor(types, self.intake, self.registry, self.taps)

    def state(self, name: str) -> LinkState:
        return {status.id: status.state for status in self.supervisor.links()}[name]

    def device(self, name: str) -> DeviceState:
        status = self.registry.get(name)
        assert status is not None
        return status.state


async def until(condition: Callable[[], bool]) -> None:
    """Give the engine turns until `condition` holds, for at most ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is a state, not an event
            await asyncio.sleep(0.001)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EventStore]:
    options = StoreOptions(free_space=lambda _: 1 << 40)
    async with EventStore.open(tmp_path / "store", options, ManualClock()) as opened:
        yield opened


class Listening:
    """A driver that connects and then waits, or raises what its script says."""

    def __init__(self, entry: LinkEntry, errors: dict[str, list[Exception]]) -> None:
        self._id = entry.id
        self._errors = errors.get(entry.id, [])

    async def run(self, ports: Ports) -> None:
        if self._errors:
            raise self._errors.pop(0)
        ports.connected()
        await asyncio.Event().wait()


async def test_a_driver_that_raises_takes_nobody_down_and_is_started_again(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    errors: dict[str, list[Exception]] = {"bad": [ValueError("a bug"), OSError("gone")]}
    engine = Engine(store, lambda entry: Listening(entry, errors))
    async with engine.supervisor.running([link("bad", device("a")), link("good", device("b"))]):
        await until(lambda: engine.state("bad") is LinkState.UP)
        assert engine.state("good") is LinkState.UP
    assert engine.built.count("bad") == 3
    assert engine.built.count("good") == 1
    lines = [record.getMessage() for record in caplog.records if "Link bad" in record.getMessage()]
    assert lines == ["Link bad is down: ValueError: a bug", "Link bad works again."]


async def test_a_wrong_configuration_is_never_retried(store: EventStore) -> None:
    errors: dict[str, list[Exception]] = {"bad": [ConfigError("no such port")]}
    engine = Engine(store, lambda entry: Listening(entry, errors))
    async with engine.supervisor.running([link("bad", device("a"))]):
        await until(lambda: engine.state("bad") is LinkState.FAILED)
        assert engine.device("a") is DeviceState.OFFLINE
    assert engine.built == ["bad"]


async def test_the_devices_of_a_lost_link_are_offline_and_say_why(store: EventStore) -> None:
    errors: dict[str, list[Exception]] = {"bad": [OSError("cable")]}
    engine = Engine(store, lambda entry: Listening(entry, errors))
    async with engine.supervisor.running([link("bad", device("a"))]):
        await until(lambda: engine.state("bad") is LinkState.DOWN)
        status = engine.registry.get("a")
        assert status is not None
        assert status.reason == "link bad is down: cable"


async def test_a_link_that_goes_down_while_the_disk_refuses_is_stored_as_down_afterwards(
    tmp_path: Path,
) -> None:
    free = [0]
    options = StoreOptions(free_space=lambda _: free[0], probe_seconds=0.01)
    errors: dict[str, list[Exception]] = {"bad": [OSError("cable") for _ in range(1000)]}
    async with EventStore.open(tmp_path / "store", options, ManualClock()) as store:
        engine = Engine(store, lambda entry: Listening(entry, errors))
        async with engine.supervisor.running([link("bad", device("a"))]):
            await until(lambda: engine.state("bad") is LinkState.DOWN)
            assert not await settled(store)
            free[0] = 1 << 40
            await until(lambda: store.last_seq >= 2)
            said = {event.code.code: event.value for event in await store.events()}
            assert {name: value and value.text for name, value in said.items()} == {
                "link/bad": "down",
                "availability": "offline",
            }


async def test_a_reload_restarts_only_what_changed(store: EventStore) -> None:
    engine = Engine(store, lambda entry: Listening(entry, {}))
    first = link("first", device("a"))
    second = link("second", device("b"), options=Named(script="x"))
    async with engine.supervisor.running([first, second, link("third", device("c"))]):
        await until(lambda: engine.built.count("third") == 1)
        changed = replace(second, options=Named(script="y"))
        await engine.supervisor.apply([first, changed, link("fourth", device("d"))])
        await until(lambda: engine.state("second") is LinkState.UP)
        assert {status.id for status in engine.supervisor.links()} == {"first", "second", "fourth"}
    assert [engine.built.count(name) for name in ("first", "second", "third")] == [1, 2, 1]


class Scripted(PollingDriver):
    """Answers each poll with what the device's script says next; then always warm."""

    def __init__(self, scripts: dict[str, list[Exception]]) -> None:
        self._scripts = scripts

    def attach(self, connection: Connection) -> Poller:
        del connection
        return self

    async def poll(self, entry: DeviceEntry) -> Poll:
        script = self._scripts.get(entry.id)
        if script:
            raise script.pop(0)
        readings = (Reading("temperature", "21.5", 21.5),)
        return Poll(readings, ((Direction.IN, b"answer"),))


@asynccontextmanager
async def peer() -> AsyncIterator[tuple[Tcp, list[int]]]:
    """A TCP peer that accepts and says nothing, and how often it was called."""
    calls: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(1)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Tcp(host="127.0.0.1", port=server.sockets[0].getsockname()[1]), calls
    finally:
        server.close()


def silent(times: int) -> list[Exception]:
    return [DeviceUnavailable("unit 1 is silent") for _ in range(times)]


FAST = 0.01


async def test_a_silent_device_goes_offline_while_the_others_are_polled_on(
    store: EventStore,
) -> None:
    engine = Engine(store, lambda _: Scripted({"dead": silent(1000)}))
    devices = [device(name, interval=FAST) for name in ("dead", "a", "b")]
    async with peer() as (tcp, calls):
        line = replace(link("line", *devices), transport=tcp)
        async with engine.supervisor.running([line]):
            await until(lambda: engine.device("dead") is DeviceState.OFFLINE)
            assert engine.device("a") is DeviceState.ONLINE
            assert engine.device("b") is DeviceState.ONLINE
            assert engine.state("line") is LinkState.UP
        assert len(calls) == 1


async def test_a_link_on_which_nobody_answers_is_opened_anew_and_logged_once(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    scripts = {"a": silent(3)}
    engine = Engine(store, lambda _: Scripted(scripts))
    caplog.set_level(logging.INFO)
    async with peer() as (tcp, calls):
        line = replace(link("line", device("a", interval=FAST)), transport=tcp)
        async with engine.supervisor.running([line]):
            await until(lambda: engine.device("a") is DeviceState.ONLINE)
        assert len(calls) == 2
    lines = [record.getMessage() for record in caplog.records if "Link line" in record.getMessage()]
    assert [line.split(":")[0] for line in lines] == ["Link line is down", "Link line works again."]


async def test_a_dead_device_neither_starves_nor_takes_down_one_that_is_asked_seldom(
    store: EventStore,
) -> None:
    engine = Engine(store, lambda _: Scripted({"dead": silent(1000)}))
    devices = [device("dead", interval=FAST), device("meter", interval=600.0)]
    async with peer() as (tcp, calls):
        line = replace(link("line", *devices), transport=tcp)
        async with engine.supervisor.running([line]):
            await until(lambda: engine.device("meter") is DeviceState.ONLINE)
            assert engine.device("dead") is DeviceState.OFFLINE
            assert engine.state("line") is LinkState.UP
        assert len(calls) == 1


async def test_nonsense_from_a_device_is_kept_and_the_polling_goes_on(store: EventStore) -> None:
    nonsense: list[Exception] = [ProtocolViolation("these bytes are no answer", b"\xff\xfe")]
    engine = Engine(store, lambda _: Scripted({"a": nonsense}))
    async with peer() as (tcp, _):
        line = replace(link("line", device("a", interval=FAST)), transport=tcp)
        async with engine.supervisor.running([line]):
            await until(lambda: engine.device("a") is DeviceState.ONLINE)
    (entry,) = await store.quarantine()
    assert entry.entry.reason is QuarantineReason.UNREADABLE
    record = await store.record(entry.entry.raw_id)
    assert record is not None
    assert record.data == b"\xff\xfe"


async def test_a_new_device_on_a_polled_line_does_not_interrupt_the_others(
    store: EventStore,
) -> None:
    engine = Engine(store, lambda _: Scripted({}))
    async with peer() as (tcp, calls):
        line = replace(link("line", device("a", interval=FAST)), transport=tcp)
        async with engine.supervisor.running([line]):
            await until(lambda: engine.device("a") is DeviceState.ONLINE)
            more = replace(line, devices=(*line.devices, device("b", interval=FAST)))
            await engine.supervisor.apply([more])
            await until(lambda: engine.device("b") is DeviceState.ONLINE)
        assert len(calls) == 1
    assert await settled(store)
    assert await store.events(device="b", kinds=[Kind.MEASUREMENT])


async def test_a_device_that_fell_silent_is_offline_after_its_profile_says_so(
    store: EventStore,
) -> None:
    engine = Engine(store, lambda entry: Listening(entry, {}))
    quiet = PROFILE.model_copy(update={"silent_after": 60.0})
    clock = engine.intake.clock
    assert isinstance(clock, ManualClock)
    async with engine.supervisor.running([link("line", device("a", profile=quiet))]):
        clock.advance(61)
        await until(lambda: engine.device("a") is DeviceState.OFFLINE)


async def test_a_watcher_of_the_tap_is_told_what_it_missed(store: EventStore) -> None:
    engine = Engine(store, lambda entry: Listening(entry, {}))
    with engine.taps.watch("line") as queue:
        for number in range(queue.maxsize + 5):
            engine.taps.show("line", Direction.IN, str(number).encode())
        first = queue.get_nowait()
        assert (first.data, first.missed) == (b"0", 0)
        engine.taps.show("line", Direction.OUT, b"last")
        rest = [queue.get_nowait() for _ in range(queue.qsize())]
        assert (rest[-1].data, rest[-1].missed) == (b"last", 5)
