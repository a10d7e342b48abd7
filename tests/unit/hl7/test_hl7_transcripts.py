"""Messages as such devices send them, and the events that they become, in any segmentation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drivers.hl7 import driver_type
from drivers.hl7.mllp import Frame, Framer, frame
from gateway import (
    Direction,
    Instant,
    LinkEntry,
    ProtocolViolation,
    RawId,
    WireRecord,
)
from gateway.model import DeviceEvent, to_datetime
from gateway.normalizer import Interpreter
from tests.unit.hl7.hl7_bench import built_in, device, link

FOLDER = Path(__file__).parents[2] / "transcripts"
MODELS = sorted(file.stem for file in Path(str(driver_type.home / "profiles")).glob("*.yaml"))
CASES = [case for model in MODELS for case in sorted((FOLDER / model).iterdir())]
NOW = Instant(1_795_423_500_000_000)
USUAL = {"status": "final", "quality": "good", "kind": "result", "clock": "device"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_transcript_becomes_the_expected_events(case: Path) -> None:
    expected = yaml.safe_load((case / "expected.yaml").read_text(encoding="utf-8"))
    assert replay(case) == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
@given(cuts=st.lists(st.integers(0, 6000), max_size=12))
def test_a_transcript_is_the_same_in_any_segmentation(case: Path, cuts: list[int]) -> None:
    messages = wire_of(case)
    stream = b"".join(map(frame, messages))
    framer = Framer()
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    units = [
        unit for start, end in itertools.pairwise(edges) for unit in framer.feed(stream[start:end])
    ]
    assert units == [Frame(message) for message in messages]


def options_of(case: Path) -> dict[str, str]:
    sent = yaml.safe_load((case / "wire.yaml").read_text(encoding="utf-8"))
    return {"charset": sent["charset"]} if "charset" in sent else {}


def wire_of(case: Path) -> list[bytes]:
    sent = yaml.safe_load((case / "wire.yaml").read_text(encoding="utf-8"))
    charset = sent.get("charset", "utf-8")
    return [text.replace("\n", "\r").encode(charset) for text in sent["messages"]]


def replay(case: Path) -> dict[str, Any]:
    """What the messages of a case become, read again from the journal."""
    entry = device("device", built_in(case.parent.name), **options_of(case))
    interpreter = Interpreter("site", "hl7", "1", entry)
    events: dict[bytes, dict[str, Any]] = {}
    work_list: list[dict[str, str]] = []
    for record in journalled(wire_of(case)):
        for found in interpreted(interpreter, link(entry), record, work_list):
            events.setdefault(found.id, shown(found))
    said: dict[str, Any] = {"events": list(events.values())}
    return {**said, "work_list": work_list} if work_list else said


def interpreted(
    interpreter: Interpreter,
    entry: LinkEntry,
    record: WireRecord,
    work_list: list[dict[str, str]],
) -> Iterator[DeviceEvent]:
    assert driver_type.interpret is not None
    try:
        publications = driver_type.interpret(entry, [record], record.raw_id)
    except ProtocolViolation as violation:
        work_list.append({"reason": "refused", "subject": str(violation)})
        return
    for said in publications:
        occurrence = said.occurrence
        found = interpreter.interpret(said.readings, said.raw_ids, NOW, occurrence)
        yield from found.events
        work_list += [{"reason": f.reason.value, "subject": f.subject} for f in found.findings]


def journalled(messages: list[bytes]) -> Iterator[WireRecord]:
    for at, message in enumerate(messages, 1):
        yield WireRecord(RawId(at), "link", "", Direction.IN, "c", NOW, frame(message))


def shown(event: DeviceEvent) -> dict[str, Any]:
    """An event as expected.yaml writes it: what is usual is left out."""
    value, subject = event.value, event.subject
    facts: dict[str, Any] = {
        "code": event.code.code,
        "value": value.text if value else "",
        "operator": value.operator.value if value and value.operator else "",
        "unit": event.unit,
        "kind": event.kind.value,
        "status": event.status.value,
        "quality": event.quality.value,
        "clock": event.clock.value,
        "observed_at": "" if event.observed_at == NOW else str(to_datetime(event.observed_at)),
        "sample": subject.specimen if subject else "",
        "patient": f"{subject.patient}|{subject.issuer}".strip("|") if subject else "",
        "order": subject.order if subject else "",
        "flags": list(event.flags),
        "range": event.range_text,
        "payload": plain(event.payload or {}),
    }
    return {key: fact for key, fact in facts.items() if fact and USUAL.get(key) != fact}


def plain(facts: Any) -> Any:
    """Payloads as YAML has them."""
    if isinstance(facts, dict):
        return {key: plain(fact) for key, fact in facts.items()}
    return [plain(each) for each in facts] if isinstance(facts, (list, tuple)) else facts
