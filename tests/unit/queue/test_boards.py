"""LED boards: frames by template, and a line that keeps its boards as the queue is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from queue_display.boards.template import Facts, crc16, parse
from queue_display.options import QueueRoomOptions
from queue_display.terms import Verb
from tests.unit.queue.desk_case import SECTION, WANG, department


@pytest.mark.parametrize(
    ("template", "number", "frame"),
    [
        ("05 number:2 sum8", 999, "05 03 E7 EF"),
        ("3A 00 number:2le 01 sum8 0A", 888, "3A 00 78 03 01 B6 0A"),
        ("AA digits:3 xor8@1", 7, "AA 30 30 37 37"),
        ("01 06 00 00 number:2 crc16", 1, "01 06 00 00 00 01 48 0A"),
        ("01 06 00 00 number:2 crc16be", 1, "01 06 00 00 00 01 0A 48"),
    ],
)
def test_frames_of_real_boards(template: str, number: int, frame: str) -> None:
    assert parse(template).frame(Facts(number)) == bytes.fromhex(frame)


def test_text_goes_as_gb18030_behind_its_length() -> None:
    frame = parse("AA 55 length:2 text sum8@2").frame(Facts(12, "请A012到1号机房"))
    text = "请A012到1号机房".encode("gb18030")
    assert frame == b"\xaa\x55" + len(text).to_bytes(2) + text + bytes(
        [(sum(len(text).to_bytes(2)) + sum(text)) & 255]
    )


@given(st.binary(max_size=200))
def test_the_checksum_of_modbus_is_that_of_another_library(data: bytes) -> None:
    assert int.from_bytes(crc16(data), "big") == FramerRTU.compute_CRC(data)


@pytest.mark.parametrize("wrong", ["", "5", "GG", "number:9", "sum16", "05,06", "text:2"])
def test_a_word_that_is_none_is_named(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"word of a frame|at least one byte"):
        parse(wrong)


@pytest.mark.parametrize(("template", "number"), [("number:1", 256), ("digits:3", 1000)])
def test_a_number_that_does_not_fit_is_refused_and_never_cut(template: str, number: int) -> None:
    with pytest.raises(ValueError, match=r"does not fit|more than"):
        parse(template).frame(Facts(number))


class _Boards:
    """Two boards behind a device server, as far as they listen."""

    def __init__(self) -> None:
        self.heard = b""
        self.came = asyncio.Event()
        self.server: asyncio.Server | None = None

    async def open(self) -> int:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            self.heard += data
            self.came.set()
        writer.close()

    async def hears(self, frame: bytes) -> None:
        while frame not in self.heard:
            self.came.clear()
            await self.came.wait()


async def test_the_boards_of_a_line_follow_the_calls(tmp_path: Path) -> None:
    boards = _Boards()
    port = await boards.open()
    section: dict[str, Any] = {
        **SECTION,
        "boards": {
            "hall": {
                "transport": {"type": "tcp", "host": "127.0.0.1", "port": port},
                "pause": 0,
                "boards": [
                    {"queue": "linac-1", "frame": "05 number:2 sum8", "idle": 0},
                    {"queue": "linac-1", "frame": "02 text 03", "text": "请{label}到{place}"},
                ],
            }
        },
    }
    async with department(tmp_path, section) as office:
        running = asyncio.create_task(office.jobs["boards-hall"](), name="boards")
        await boards.hears(bytes.fromhex("05 00 00 05"))
        await office.books("1001", "08:00")
        await office.arrives("1001")
        ticket = await office.desk.call_next(WANG, "linac-1")
        await boards.hears(bytes.fromhex("05 00 01 06"))
        await boards.hears("请A001到1号机房".encode("gb18030"))
        boards.heard = b""
        await office.desk.take(WANG, ticket.id, Verb.ENTER)
        await boards.hears(bytes.fromhex("05 00 00 05"))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert boards.server is not None
    boards.server.close()


def test_the_section_says_whom_it_calls_and_which_board_has_no_queue() -> None:
    line: dict[str, Any] = {
        "transport": {"type": "tcp", "host": "boards.local", "port": 9},
        "boards": [],
    }
    wired: dict[str, Any] = {"transport": {"type": "serial", "port": "/dev/ttyS0"}, "boards": []}
    for each, queue in ((line, "linac-1"), (wired, "nowhere")):
        each["boards"] = [{"queue": queue, "frame": "number:2"}]
    qr = {"pattern": "x", "url": "http://ehc.local/resolve"}
    section = {**SECTION, "boards": {"a": line, "b": wired}, "check_in": {"qr": qr}, "signals": []}
    options = QueueRoomOptions.model_validate(section)
    assert list(options.calls()) == ["ehc.local", "boards.local"]
    assert [each.trail for each in options.faults(())] == [("boards", "b", "boards", 0, "queue")]
