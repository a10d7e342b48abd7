"""Analyzers that call the whole engine: what they were acknowledged is stored, and once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from drivers.hl7.message import Message
from gateway.app.serve import ServeOptions, open_gateway
from gateway.model import DeviceEvent, Kind
from gateway.store import EventStore
from simulators.hl7 import HematologyAnalyzer, Sent, hl7_analyzer
from tests.peers import free_port
from tests.unit.hl7.hl7_bench import Answers


def site(port: int) -> dict[str, Any]:
    return {
        "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
        "links": {
            "analyzers": {"driver": "hl7", "transport": {"type": "tcp-listen", "port": port}}
        },
        "devices": {
            "hema": {"name": "H", "link": "analyzers", "profile": "hematology-analyzer-hl7"}
        },
    }


async def results(store: EventStore) -> list[DeviceEvent]:
    return await store.events(device="hema", kinds={Kind.RESULT}, limit=10_000)


def sample_of(sent: Sent) -> str:
    return Message(sent.message.decode()).all("OBR")[0].component(3)


async def test_acknowledged_messages_are_stored_once(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "devices.yaml").write_text(yaml.safe_dump(site(port)))
    log = Answers()
    async with open_gateway(ServeOptions(tmp_path / "devices.yaml", tmp_path / "data")) as gateway:
        async with (
            hl7_analyzer(
                port=port,
                role="client",
                composer=HematologyAnalyzer(seed=1),
                interval=0,
                log=log.note,
            ) as first,
            hl7_analyzer(
                port=port,
                role="client",
                composer=HematologyAnalyzer(seed=2),
                interval=0,
                log=log.note,
            ),
        ):
            first.fault("duplicate")
            await log.until(40)
            first.clear()
            first.fault("cut")
            first.fault("restart")
            await log.until(60)
        events = await results(gateway.store)
    assert {each.code for each in log} == {"AA"}
    counts = {(event.subject.specimen, event.code.code) for event in events if event.subject}
    patients = {sample_of(sent) for sent in log if b"|P|2.3.1" in sent.message}
    assert patients <= {sample for sample, _ in counts}
    stored = [event for event in events if event.status != "qc"]
    assert len(stored) == len({(e.subject, e.code) for e in stored})
