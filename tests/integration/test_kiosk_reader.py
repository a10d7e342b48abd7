"""A card reader on a serial line (a pty) that is bound to a kiosk: from bytes to its page."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import yaml

from drivers.line import driver_type
from drivers.line.profile import LineDevice, LineProfile
from gateway import LinkEntry, LinkOptions
from gateway.driver import DeviceEntry
from gateway.model import Micros
from gateway.registry import Registry
from gateway.room import Permission, Principal
from gateway.store import EventStore, StoreOptions
from gateway.supervisor import Intake, Supervisor, TapHub
from gateway.testing import Recognizing
from gateway.transport import Serial
from queue_display.options import QueueRoomOptions
from queue_display.readers import CardReaders
from tests.unit.queue.desk_case import PEOPLE, SECTION, Department, department

KIOSK = Principal("token:k", "k", frozenset({Permission.CHECK_IN}), scope="zone:entrance")
CARD = "11010519491231002X"
"""The example of GB 11643-1999, with its check character."""


def _section() -> dict[str, Any]:
    section = deepcopy(dict(SECTION))
    section["check_in"]["kiosks"] = {"entrance": {"readers": ["barcode"]}}
    section["check_in"]["qr"] = None
    return section


@asynccontextmanager
async def _line() -> AsyncIterator[tuple[int, str]]:
    """The reader's end of a serial line, and the path of the gateway's."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(theirs)
        os.close(ours)


@asynccontextmanager
async def _reader(
    folder: Path, path: str, office: Department, profile: str = "barcode-reader"
) -> AsyncIterator[None]:
    """The driver on the line; what it stores is handed to the rooms."""
    entry = _entry(path, profile)
    async with EventStore.open(folder / "lines", StoreOptions(), office.clock) as store:
        registry = Registry()
        intake = Intake("site", store, registry, office.clock, Micros(60_000_000))
        supervisor = Supervisor({"line": driver_type}, intake, registry, TapHub(office.clock))

        up = asyncio.Event()

        async def hand_over() -> None:
            async for events in store.follow(0):
                await office.ports.publish(events)
                if any(each.code.code == "link/reader" for each in events):
                    up.set()

        async with supervisor.running([entry]), asyncio.TaskGroup() as group:
            tasks = [group.create_task(hand_over()), group.create_task(office.jobs["readers"]())]
            try:
                async with asyncio.timeout(20):
                    await up.wait()
                yield
            finally:
                for each in tasks:
                    each.cancel()


async def _answer(stream: AsyncGenerator[bytes, None]) -> str:
    """The name of the next answer that the page is told of."""
    async with asyncio.timeout(20):
        async for chunk in stream:
            if chunk.startswith(b"event: read"):
                said: str = orjson.loads(chunk.split(b"data: ")[1])["answer"]
                return said
    raise AssertionError("the stream ended")


async def test_a_card_that_is_held_to_the_reader_checks_in_and_the_page_says_the_number(
    tmp_path: Path,
) -> None:
    async with department(tmp_path, _section(), gate=Recognizing(KIOSK)) as office, _line() as line:
        await office.books("1005", "08:00")
        readers = office.neighbours(CardReaders)
        stream = readers.stream("entrance")
        await anext(stream)
        async with _reader(tmp_path, line[1], office):
            os.write(line[0], b"MRN1005\r")
            name = await _answer(stream)
            page = await office.http.get(f"/kiosk/read/{name}?lang=en")
            assert page.status_code == 200
            assert "A001" in page.text
            assert "Room 1" in page.text
            assert not any(each in page.text for each in (*PEOPLE["1005"], "MRN1005", "单"))
            assert [each.ticket.label for each in (await office.lane()).waiting] == ["A001"]
            again = await office.http.get(f"/kiosk/read/{name}?lang=en")
            assert again.url.path == "/kiosk"
            assert "A001" not in again.text
            os.write(line[0], b"MRN1005\r")
            same = await office.http.get(f"/kiosk/read/{await _answer(stream)}?lang=en")
            assert "A001" in same.text
            os.write(line[0], b"MRN9999\r")
            unknown = await office.http.get(f"/kiosk/read/{await _answer(stream)}?lang=en")
            assert unknown.status_code == 422
            assert "come to the desk" in unknown.text
        await stream.aclose()


async def test_an_identity_card_is_read_with_its_check_character(tmp_path: Path) -> None:
    section = _section()
    section["check_in"]["cards"] += [{"name": "ID", "pattern": "[0-9]{17}[0-9X]", "issuer": "GA"}]
    async with department(tmp_path, section, gate=Recognizing(KIOSK)) as office, _line() as line:
        stream = office.neighbours(CardReaders).stream("entrance")
        await anext(stream)
        async with _reader(tmp_path, line[1], office, "id-card-reader"):
            os.write(line[0], CARD[:-1].encode() + b"1\r" + CARD.encode() + b"\r")
            page = await office.http.get(f"/kiosk/read/{await _answer(stream)}?lang=en")
            assert page.status_code == 422
            assert "No appointment of today" in page.text
            assert CARD not in page.text
        await stream.aclose()


async def test_what_was_read_long_ago_or_elsewhere_is_not_answered(tmp_path: Path) -> None:
    async with department(tmp_path, _section(), gate=Recognizing(KIOSK)) as office, _line() as line:
        await office.books("1005", "08:00")
        readers = office.neighbours(CardReaders)
        stream = readers.stream("entrance")
        await anext(stream)
        async with _reader(tmp_path, line[1], office):
            os.write(line[0], b"MRN1005\r")
            assert await _answer(stream)
        await stream.aclose()
        (event,) = [each for each in office.ports.events if each.code.code == "barcode"]
        office.clock.advance(61)

        async def emit(_events: object) -> None:
            raise AssertionError("nothing follows from a reading")

        await readers.apply([event], emit)
        assert readers._read.empty()


async def test_a_kiosk_without_a_reader_has_no_stream(tmp_path: Path) -> None:
    other = Principal("token:k", "k", frozenset({Permission.CHECK_IN}), scope="zone:other")
    async with department(tmp_path, _section(), gate=Recognizing(other)) as office:
        assert (await office.http.get("/kiosk/stream")).status_code == 404
        assert "data-stream" not in (await office.http.get("/kiosk")).text
    async with department(tmp_path / "own", _section(), gate=Recognizing(KIOSK)) as office:
        assert 'data-stream="/kiosk/stream"' in (await office.http.get("/kiosk")).text


def test_a_reader_is_a_device_of_one_kiosk() -> None:
    section = _section()
    section["check_in"]["kiosks"]["side"] = {"readers": ["barcode", "nothing"]}
    entry = _entry("/dev/null")
    found = [
        each.message
        for each in QueueRoomOptions.model_validate(section).faults([entry])
        if each.trail[0] == "check_in"
    ]
    assert found == ["barcode is bound to a kiosk already", "no device has the id nothing"]


def _entry(path: str, profile: str = "barcode-reader") -> LinkEntry:
    text = (driver_type.home / "profiles" / f"{profile}.yaml").read_text("utf-8")
    device = DeviceEntry(
        id="barcode",
        name="barcode",
        link="reader",
        profile=LineProfile.model_validate(yaml.safe_load(text)),
        options=LineDevice(),
        interval=1.0,
    )
    transport = Serial(type="serial", port=path, baud=9600)
    return LinkEntry("reader", "line", LinkOptions(), transport, (device,))
