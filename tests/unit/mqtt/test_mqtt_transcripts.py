"""Messages as such devices publish them, and the events that they become."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers.mqtt import driver_type
from drivers.mqtt.codec import Publish, to_frame
from gateway import (
    DeviceEntry,
    Direction,
    Instant,
    LinkEntry,
    ProtocolViolation,
    RawId,
    WireRecord,
)
from gateway.model import DeviceEvent, to_datetime
from gateway.normalizer import Interpreter

FOLDER = Path(__file__).parents[2] / "transcripts"
MODELS = sorted(file.stem for file in Path(str(driver_type.home / "profiles")).glob("*.yaml"))
CASES = [case for model in MODELS for case in sorted((FOLDER / model).iterdir())]
NOW = Instant(1_795_423_500_000_000)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_transcript_becomes_the_expected_events(case: Path) -> None:
    sent = yaml.safe_load((case / "messages.yaml").read_text(encoding="utf-8"))
    expected = yaml.safe_load((case / "expected.yaml").read_text(encoding="utf-8"))
    entry = device(case.parent.name, sent.get("topic_vars", {}))
    events, work_list = replay(entry, sent["messages"])
    assert events == expected["events"]
    assert work_list == expected.get("work_list", [])


def device(model: str, topic_vars: dict[str, str]) -> DeviceEntry:
    text = (driver_type.home / "profiles" / f"{model}.yaml").read_text(encoding="utf-8")
    profile = driver_type.profile.model_validate(yaml.safe_load(text))
    options = driver_type.device.model_validate({"topic_vars": topic_vars})
    return DeviceEntry("device", "Device", "link", profile, options, 1.0)


def replay(
    entry: DeviceEntry, messages: list[dict[str, Any]]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The events and the work list of messages read again from the journal."""
    link = LinkEntry("link", "mqtt", driver_type.link.model_validate({"host": "h"}), None, (entry,))
    interpreter = Interpreter("site", "mqtt", "1", entry)
    events: list[dict[str, str]] = []
    work_list: list[dict[str, str]] = []
    records = list(journalled(messages))
    assert driver_type.interpret is not None
    for message, record in zip(messages, records, strict=True):
        try:
            publications = driver_type.interpret(link, records, record.raw_id)
        except ProtocolViolation as violation:
            unknown = "no device" in str(violation)
            reason = "unknown-device" if unknown else "unreadable"
            work_list.append({"reason": reason, "subject": message["topic"]})
            continue
        for said in publications:
            found = interpreter.interpret(said.readings, said.raw_ids, NOW, said.occurrence)
            events += [shown(event) for event in found.events]
            work_list += [{"reason": f.reason.value, "subject": f.subject} for f in found.findings]
    return events, work_list


def journalled(messages: list[dict[str, Any]]) -> Iterator[WireRecord]:
    for at, message in enumerate(messages, 1):
        retain = message.get("retain", False)
        packet = Publish(message["topic"], message["payload"].encode(), packet_id=at, retain=retain)
        yield WireRecord(RawId(at), "link", "", Direction.IN, "c", NOW, to_frame(packet))


def shown(event: DeviceEvent) -> dict[str, str]:
    """An event as expected.yaml writes it: what is usual is left out."""
    assert event.value is not None
    facts = {
        "code": event.code.code,
        "value": event.value.text,
        "state": event.value.code.code if event.value.code else "",
        "unit": event.unit,
        "kind": "" if event.kind == "measurement" else event.kind.value,
        "quality": "" if event.quality == "good" else event.quality.value,
        "observed_at": ""
        if event.observed_at == NOW
        else to_datetime(event.observed_at).isoformat(),
    }
    return {name: fact for name, fact in facts.items() if fact}
