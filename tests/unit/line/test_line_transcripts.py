"""What such devices send, in any segmentation, over a connection in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers.line import driver_type
from drivers.line.driver import LineDriver, interpret
from gateway import Connection, DeviceEntry, LinkEntry, Profile, Tcp
from gateway.normalizer import Interpreter
from gateway.testing import MemoryPorts

FOLDER = Path(__file__).parents[2] / "transcripts"
MODELS = sorted(file.stem for file in Path(str(driver_type.home / "profiles")).glob("*.yaml"))
CASES = [case for model in MODELS for case in sorted((FOLDER / model).iterdir())]


class Scripted:
    """A connection that says its pieces and ends; `written` is what it was sent."""

    name = "scripted"

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.written = b""

    async def read(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise ConnectionError("the end of the script")

    async def write(self, data: bytes) -> None:
        self.written += data

    def attend(self, arrived: Callable[[], None]) -> None:
        raise NotImplementedError

    def take(self) -> bytes:
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    async def drain(self, quiet: float) -> bytes:
        raise NotImplementedError


def link(profile: Profile, *names: str) -> LinkEntry:
    options = driver_type.device()
    devices = [
        DeviceEntry(name, name, "link", profile, options, 1.0) for name in names or ("device",)
    ]
    return LinkEntry("link", "line", driver_type.link(), Tcp(host="h", port=1), tuple(devices))


async def heard(entry: LinkEntry, sent: bytes, size: int) -> tuple[MemoryPorts, bytes]:
    """What ports took in of `sent` in pieces of `size`, and what the device was answered."""
    script = Scripted(sent[at : at + size] for at in range(0, len(sent), size))

    @asynccontextmanager
    async def connect() -> AsyncIterator[Connection]:
        yield script

    ports = MemoryPorts(connector=connect)
    with pytest.raises(ConnectionError):
        await LineDriver(entry).run(ports)
    return ports, script.written


def shipped(name: str) -> Profile:
    text = (driver_type.home / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    return driver_type.profile.model_validate(yaml.safe_load(text))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
async def test_a_transcript_becomes_the_expected_events_in_any_segmentation(
    case: Path, size: int
) -> None:
    sent = yaml.safe_load((case / "wire.yaml").read_text(encoding="utf-8"))["sent"]
    expected = yaml.safe_load((case / "expected.yaml").read_text(encoding="utf-8"))
    entry = link(shipped(case.parent.name))
    ports, _ = await heard(entry, sent.encode("latin-1"), size)
    assert events(entry, ports) == expected["events"]
    assert [it.reason for it in ports.quarantine_list] == expected["work_list"]
    again = [
        each
        for published in ports.publications
        for each in interpret(entry, ports.records, published.raw_ids[0])
    ]
    assert again == ports.publications


def events(entry: LinkEntry, ports: MemoryPorts) -> list[dict[str, Any]]:
    interpreter = Interpreter("site", "line", "1", entry.devices[0])
    shown = []
    for said in ports.publications:
        found = interpreter.interpret(
            said.readings, said.raw_ids, ports.clock.now(), said.occurrence
        )
        assert found.findings == ()
        for event in found.events:
            assert event.value is not None
            facts = {
                "code": event.code.code,
                "value": event.value.text,
                "unit": event.unit,
                "quality": "" if event.quality == "good" else event.quality.value,
            }
            shown.append({name: fact for name, fact in facts.items() if fact})
    return shown
