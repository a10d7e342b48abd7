"""Bytes as such devices send them, composed from their public tables, and what they mean."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers.modbus.driver import ModbusDriver
from drivers.modbus.options import ModbusDevice, ModbusLink
from gateway import DeviceEntry, LinkEntry, Poll, Tcp
from tests.unit.modbus.profiles import SHIPPED, shipped
from tests.unit.modbus.quick import quick, wired

TRANSCRIPTS = Path(__file__).parents[2] / "transcripts"
CASES = sorted(case for name in SHIPPED for case in (TRANSCRIPTS / name).iterdir())


class Replay(asyncio.Protocol):
    """Answers each request of a transcript, in order, and nothing else."""

    def __init__(self, exchanges: list[dict[str, str]]) -> None:
        self._exchanges = [
            (bytes.fromhex(exchange["request"]), bytes.fromhex(exchange["reply"]))
            for exchange in exchanges
        ]
        self._heard = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if self._exchanges and self._heard == self._exchanges[0][0]:
            self._heard = b""
            self._transport.write(self._exchanges.pop(0)[1])


async def replayed(case: Path, piece: int | None) -> Poll:
    said: dict[str, Any] = yaml.safe_load((case / "wire.yaml").read_text(encoding="utf-8"))
    profile, options = shipped(case.parent.name), ModbusDevice(unit=said["unit"])
    entry = DeviceEntry("device", "Device", "link", profile, options, 1.0)
    transport = Tcp(host="127.0.0.1", port=1502)
    link = LinkEntry("link", "modbus", ModbusLink(framing=said["framing"]), transport, (entry,))
    return await ModbusDriver(link).attach(wired(Replay(said["exchanges"]), piece)).poll(entry)


def told(poll: Poll) -> dict[str, dict[str, Any]]:
    return {
        reading.code: {"text": reading.text, "number": reading.number, "quality": reading.quality}
        for reading in poll.readings
    }


@pytest.mark.parametrize("piece", [None, 1, 2, 3, 7, 64])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
@quick
async def test_a_transcript_gives_its_readings_in_any_segmentation(
    case: Path, piece: int | None
) -> None:
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert told(await replayed(case, piece)) == expected


def test_every_profile_has_a_transcript() -> None:
    assert {case.parent.name for case in CASES} == set(SHIPPED)
