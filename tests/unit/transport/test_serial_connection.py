from __future__ import annotations

import asyncio
import os
import pty
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gateway.errors import DeviceUnavailable
from gateway.model import Direction
from gateway.transport import Serial, connect

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def pty_pair() -> Iterator[tuple[int, str]]:
    """The device's end as a descriptor, and the path of ours."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(theirs)
        os.close(ours)


def ignore(direction: Direction, data: bytes) -> None:
    pass


async def test_bytes_cross_a_serial_line_unchanged() -> None:
    seen: list[tuple[Direction, bytes]] = []
    every = bytes(range(256))
    with pty_pair() as (device, path):
        options = Serial(port=path, baud=19200, parity="E", stop_bits=1)
        async with connect(options, lambda d, b: seen.append((d, b))) as line:
            await line.write(every)
            assert os.read(device, 1024) == every
            os.write(device, every)
            got = b""
            while len(got) < len(every):
                got += await line.read()
            assert got == every
            assert line.name == f"serial {path}"
    assert (Direction.OUT, every) in seen
    assert b"".join(data for way, data in seen if way is Direction.IN) == every


async def test_line_settings_are_those_of_the_options() -> None:
    with pty_pair() as (device, path):
        async with connect(Serial(port=path, baud=2400, data_bits=8, stop_bits=2), ignore):
            _, _, control, _, speed, _, _ = termios.tcgetattr(device)
            assert speed == termios.B2400
            assert control & termios.CSTOPB


async def test_a_port_is_opened_once() -> None:
    with pty_pair() as (_, path):
        async with connect(Serial(port=path), ignore):
            with pytest.raises(DeviceUnavailable, match=rf"serial {path}: .*nobody else uses it"):
                async with connect(Serial(port=path), ignore):
                    pytest.fail("opened twice")


async def test_a_missing_port_is_said_with_its_path() -> None:
    with pytest.raises(DeviceUnavailable, match="serial /dev/tty-none"):
        async with connect(Serial(port="/dev/tty-none"), ignore):
            pytest.fail("opened")


async def test_an_unplugged_adapter_ends_the_connection() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    path = os.ttyname(theirs)
    async with connect(Serial(port=path), ignore) as line:
        os.close(theirs)
        waiting = asyncio.ensure_future(line.read())
        await asyncio.sleep(0)
        os.close(ours)
        with pytest.raises(ConnectionError, match=f"serial {path}"):
            await waiting
        with pytest.raises(ConnectionError):
            await line.write(b"lost")
