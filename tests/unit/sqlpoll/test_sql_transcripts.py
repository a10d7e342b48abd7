"""Rows as such tables show them, poll by poll, read from a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers.sqlpoll import driver_type
from drivers.sqlpoll.profile import SqlProfile
from gateway import DeviceEntry, interpret_page
from gateway.model import DeviceEvent, Kind, to_datetime
from gateway.normalizer import Interpreter
from gateway.testing import MemoryPorts
from tests.unit.sqlpoll.sites import NOW, device, link, polled, ports_at, shipped, turn, upsert

FOLDER = Path(__file__).parents[2] / "transcripts"
MODELS = sorted(file.stem for file in Path(str(driver_type.home / "profiles")).glob("*.yaml"))
CASES = [case for model in MODELS for case in sorted((FOLDER / model).iterdir())]


@pytest.mark.parametrize("page", [1, 2, 200])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
async def test_a_transcript_becomes_the_expected_events_at_any_page_size(
    case: Path, page: int, tmp_path: Path
) -> None:
    polls = yaml.safe_load((case / "rows.yaml").read_text(encoding="utf-8"))["polls"]
    expected = yaml.safe_load((case / "expected.yaml").read_text(encoding="utf-8"))
    profile = shipped(case.parent.name)
    assert isinstance(profile, SqlProfile)
    entry, path, ports = device(profile), tmp_path / "site.db", ports_at()
    upsert(path, profile.table, polls[0])
    async with polled(ports, link(path, entry, page=page)):
        for rows in polls[1:]:
            upsert(path, profile.table, rows)
            await turn(ports)
    events, findings = interpreted(ports, entry)
    assert sorted(events, key=_order) == sorted(expected["events"], key=_order)
    refused = [{"reason": it.reason, "subject": it.subject} for it in ports.quarantine_list]
    assert sorted(findings + refused, key=_order) == sorted(expected["work_list"], key=_order)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
async def test_the_journal_alone_gives_the_same_publications(case: Path, tmp_path: Path) -> None:
    polls = yaml.safe_load((case / "rows.yaml").read_text(encoding="utf-8"))["polls"]
    profile = shipped(case.parent.name)
    assert isinstance(profile, SqlProfile)
    entry, path, ports = device(profile), tmp_path / "site.db", ports_at()
    upsert(path, profile.table, polls[0])
    async with polled(ports, link(path, entry)):
        for rows in polls[1:]:
            upsert(path, profile.table, rows)
            await turn(ports)
    refused = {entry.raw_id for entry in ports.quarantine_list}
    again = [
        publication
        for record in ports.records
        if record.raw_id not in refused
        for publication in interpret_page(link(path, entry), ports.records, record.raw_id)
    ]
    assert again == ports.publications


def _order(fact: dict[str, Any]) -> str:
    return str(sorted(fact.items()))


def interpreted(
    ports: MemoryPorts, entry: DeviceEntry
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    interpreter = Interpreter("site", "sqlpoll", "1", entry)
    found = [
        interpreter.interpret(each.readings, each.raw_ids, NOW, each.occurrence)
        for each in ports.publications
    ]
    events = [shown(event) for each in found for event in each.events]
    findings = [
        {"reason": it.reason, "subject": it.subject} for each in found for it in each.findings
    ]
    return events, findings


def shown(event: DeviceEvent) -> dict[str, Any]:
    """An event as expected.yaml writes it: what is absent is left out."""
    facts = dict(_facts(event))
    return {name: fact for name, fact in facts.items() if fact not in (None, [])}


def _facts(event: DeviceEvent) -> Iterator[tuple[str, Any]]:
    if event.value is not None:
        yield "value", event.value.text
        yield "operator", event.value.operator and event.value.operator.value
    yield "observed_at", to_datetime(event.observed_at).isoformat()
    yield "code", event.code.code
    yield "unit", event.unit
    yield "status", event.status.value
    yield "flags", list(event.flags)
    yield "specimen", event.subject.specimen if event.subject else ""
    if event.kind in {Kind.PATIENT, Kind.APPOINTMENT, Kind.ORDER}:
        yield "said", dict(event.payload or {})
