"""Transfers as such analyzers send them, and the events that they become, in any segmentation."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drivers.astm import driver_type
from drivers.astm.analyzers import Analyzers
from drivers.astm.codec import Accept, Receiver
from drivers.astm.profile import AstmProfile
from drivers.astm.transfer import Refused, read_transfer
from gateway import DeviceEntry, Instant, Publication
from gateway.model import DeviceEvent, to_datetime
from gateway.normalizer import Interpreter
from tests.unit.astm.astm_kit import ENQ, EOT, device, frame, transfer

FOLDER = Path(__file__).parents[2] / "transcripts"
MODELS = sorted(file.stem for file in Path(str(driver_type.home / "profiles")).glob("*.yaml"))
CASES = [case for model in MODELS for case in sorted((FOLDER / model).iterdir())]
NOW = Instant(1_795_423_500_000_000)
USUAL = {"status": "final", "quality": "good", "clock": "device"}


def names(case: Path) -> str:
    return f"{case.parent.name}-{case.name}"


@pytest.mark.parametrize("case", CASES, ids=names)
def test_a_transcript_becomes_the_expected_events(case: Path) -> None:
    assert replay(case) == yaml.safe_load((case / "expected.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=names)
@given(cuts=st.lists(st.integers(0, 30_000), max_size=12))
def test_a_transcript_is_the_same_in_any_segmentation(case: Path, cuts: list[int]) -> None:
    sent = sent_by(case)
    stream = ENQ + b"".join(sent) + EOT
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    receiver = Receiver()
    heard = [
        action
        for start, end in itertools.pairwise(edges)
        for action in receiver.feed(stream[start:end], 0.0)
    ]
    assert [action.data for action in heard if isinstance(action, Accept)] == sent


def sent_by(case: Path) -> list[bytes]:
    """The frames of a case. A text that ends in `…` goes on in the next frame (ETB)."""
    wire = yaml.safe_load((case / "wire.yaml").read_text(encoding="utf-8"))
    charset = wire.get("charset", "utf-8")
    sent = []
    for number, said in enumerate(wire["frames"], 1):
        text, goes_on = said.removesuffix("…"), said.endswith("…")
        raw = text.replace("\n", "\r").encode(charset)
        sent.append(frame(number, raw, last=not goes_on))
    return sent


def entry_of(case: Path) -> DeviceEntry:
    text = (driver_type.home / "profiles" / f"{case.parent.name}.yaml").read_text(encoding="utf-8")
    wire = yaml.safe_load((case / "wire.yaml").read_text(encoding="utf-8"))
    options = {"charset": wire["charset"]} if "charset" in wire else {}
    return device("device", AstmProfile.model_validate(yaml.safe_load(text)), **options)


def replay(case: Path) -> dict[str, Any]:
    entry = entry_of(case)
    interpreter = Interpreter("site", "astm", "1", entry)
    events: list[dict[str, Any]] = []
    work_list: list[str] = []
    for outcome in read_transfer(transfer(sent_by(case)), Analyzers([entry])):
        match outcome:
            case Publication():
                found = interpreter.interpret(
                    outcome.readings, outcome.raw_ids, NOW, outcome.occurrence
                )
                events += [shown(event) for event in found.events]
                work_list += [f"{each.reason}: {each.subject}" for each in found.findings]
            case Refused():
                work_list.append(f"{outcome.reason}: {outcome.subject}")
    return {"events": events, "work_list": work_list}


def shown(event: DeviceEvent) -> dict[str, Any]:
    """What of an event a person compares; what is usual is left out."""
    value, subject = event.value, event.subject
    facts: dict[str, Any] = {
        "code": event.code.code,
        "value": value and f"{value.operator or ''}{value.text}",
        "unit": event.unit,
        "observed_at": str(to_datetime(event.observed_at)),
        "range": event.range_text,
        "flags": list(event.flags),
        "sample": subject.specimen if subject else "",
        "patient": subject.patient if subject else "",
        "frame": event.raw_id and event.raw_id - 1,
        "status": event.status.value,
        "quality": event.quality.value,
        "clock": event.clock.value,
        "payload": {
            key: list(each) if isinstance(each, tuple) else each
            for key, each in (event.payload or {}).items()
        },
    }
    return {key: fact for key, fact in facts.items() if fact and USUAL.get(key) != fact}
