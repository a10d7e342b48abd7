"""The broker that the gateway runs by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from drivers.mqtt import broker as broker_room
from drivers.mqtt import driver_type
from drivers.mqtt.broker import BrokerOptions, room
from gateway import ConfigError, LinkEntry
from gateway.room import RoomContext, Running
from gateway.testing import MemoryPorts, room_context
from tests.peers import free_port, port_answers, require_peer

pytestmark = pytest.mark.peer

Program = Literal["mosquitto", "iotcore"]


@pytest.fixture(params=["mosquitto", "iotcore"])
def program(request: pytest.FixtureRequest) -> Program:
    """A broker that is installed."""
    if request.param == "mosquitto":
        require_peer("mosquitto")
    else:
        pytest.importorskip("iotcore", reason="NOT TESTED, iotcore is not installed")
    return request.param  # type: ignore[no-any-return]


def context(data: Path, options: BrokerOptions | None) -> RoomContext:
    return room_context(data, section=options)


def managed(program: Program, port: int) -> BrokerOptions:
    return BrokerOptions(mode="managed", program=program, port=port)


def children() -> set[int]:
    """Processes that this thread has started and that still run."""
    pid = os.getpid()
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def listening() -> set[str]:
    """Local addresses of listening TCP sockets, as the kernel writes them."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return {line.split()[1] for line in lines if line.split()[3] == "0A"}


async def serve_once(port: int) -> None:
    """Connect a driver to the broker; returns when the broker has accepted its subscription."""
    options = driver_type.link.model_validate(
        {"host": "127.0.0.1", "port": port, "version": "3.1.1", "discover": "z/#"}
    )
    ports = MemoryPorts()
    driver = driver_type.build(LinkEntry("sensors", "mqtt", options, None, ()))
    task = asyncio.ensure_future(driver.run(ports))  # type: ignore[union-attr]
    await ports.until(lambda: bool(ports.sessions))
    task.cancel()
    await asyncio.wait((task,))


async def test_it_serves_and_ends_with_the_gateway(program: Program, tmp_path: Path) -> None:
    before, port = children(), free_port()
    async with room.open(context(tmp_path, managed(program, port))) as running:
        assert running == Running()
        assert len(children() - before) == 1
        await serve_once(port)
    assert children() <= before
    assert not port_answers(port)


async def test_it_starts_again_when_it_dies(program: Program, tmp_path: Path) -> None:
    before, port = children(), free_port()
    async with room.open(context(tmp_path, managed(program, port))):
        (pid,) = children() - before
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(15):
            while not (children() - before - {pid} and port_answers(port)):  # noqa: ASYNC110
                await asyncio.sleep(0)
        await serve_once(port)


async def test_it_listens_on_loopback_alone(program: Program, tmp_path: Path) -> None:
    port = free_port()
    async with room.open(context(tmp_path, managed(program, port))):
        local = listening()
        assert f"0100007F:{port:04X}" in local
        assert f"00000000:{port:04X}" not in local


async def test_mosquitto_is_told_to_keep_what_it_takes(tmp_path: Path) -> None:
    require_peer("mosquitto")
    port = free_port()
    async with room.open(context(tmp_path, managed("mosquitto", port))):
        config = (tmp_path / "broker" / "mosquitto.conf").read_text()
    assert f"listener {port} 127.0.0.1\n" in config
    assert "persistence true\n" in config
    assert "max_queued_messages 1000000\n" in config
    assert (tmp_path / "broker" / "mosquitto.db").exists()


@pytest.mark.parametrize("options", [None, BrokerOptions()])
async def test_with_the_hospitals_own_broker_nothing_is_started(
    options: BrokerOptions | None, tmp_path: Path
) -> None:
    before = children()
    async with room.open(context(tmp_path, options)):
        assert children() <= before


async def test_a_port_that_somebody_else_holds_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_peer("mosquitto")
    monkeypatch.setattr(broker_room, "_PATIENCE", 0.2)
    async with await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0
    ) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(ConfigError, match=f"{port} is taken by another program"):
            async with room.open(context(tmp_path, managed("mosquitto", port))):
                pytest.fail("it must not open")


@pytest.mark.parametrize("program", ["auto", "mosquitto", "iotcore"])
async def test_a_missing_program_is_told_with_how_to_install_it(
    program: Literal["auto", "mosquitto", "iotcore"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr(broker_room, "find_spec", lambda _: None)
    options = BrokerOptions(mode="managed", program=program, port=free_port())
    with pytest.raises(ConfigError, match="install"):
        async with room.open(context(tmp_path, options)):
            pytest.fail("it must not open")


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5", "broker.local"])
def test_a_broker_of_ours_is_never_reachable_from_outside(host: str) -> None:
    with pytest.raises(ValidationError):
        BrokerOptions(mode="managed", host=host)
