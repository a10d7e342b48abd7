"""The quarantine as a work list: what waits, how often, and what would mend it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.driver import AnalyzerOptions
from gateway.model import Instant, Quarantined, QuarantineReason, RawId
from gateway.profile import AnalyzerProfile
from gateway.registry import DeviceStatus, Registry
from gateway.store import QuarantineEntry


@dataclass(frozen=True, slots=True)
class Task:
    """Entries that one change would mend. `newest` leads to the bytes of the last one.

    `profile` is that of the device, if it is known; `line` what may be added there or to
    devices.yaml, in YAML.
    """

    reason: QuarantineReason
    subject: str
    device: str
    link: str
    detail: str
    count: int
    first: Instant
    last: Instant
    newest: RawId
    profile: str
    line: str


def tasks(entries: Iterable[QuarantineEntry], registry: Registry) -> list[Task]:
    """By device, reason and subject; what waits for the largest number first."""
    groups: dict[tuple[str, str, str, str], list[Quarantined]] = {}
    for waiting in entries:
        entry = waiting.entry
        key = (entry.link, entry.device, entry.reason, entry.subject)
        groups.setdefault(key, []).append(entry)
    found = [_task(group, registry) for group in groups.values()]
    return sorted(found, key=lambda task: (-task.count, task.first))


def _task(group: list[Quarantined], registry: Registry) -> Task:
    last = max(group, key=lambda entry: entry.at)
    status = registry.get(last.device)
    return Task(
        reason=last.reason,
        subject=last.subject,
        device=last.device,
        link=last.link,
        detail=last.detail,
        count=len(group),
        first=min(entry.at for entry in group),
        last=last.at,
        newest=last.raw_id,
        profile=status.entry.profile.profile if status is not None else "",
        line=_line(last, status, registry),
    )


def _line(entry: Quarantined, status: DeviceStatus | None, registry: Registry) -> str:
    """A JSON string is a YAML string, so whatever a device sent can stand in it."""
    subject = json.dumps(entry.subject, ensure_ascii=False)
    profile = status.entry.profile if status is not None else None
    match entry.reason:
        case QuarantineReason.UNKNOWN_CODE if isinstance(profile, AnalyzerProfile):
            return f'points:\n  {subject}: {{name: {{zh-CN: "", en: ""}}, unit: ""}}'
        case QuarantineReason.UNKNOWN_UNIT if isinstance(profile, AnalyzerProfile):
            return f'units:\n  {subject}: ""'
        case QuarantineReason.UNKNOWN_DEVICE | QuarantineReason.AMBIGUOUS if (
            entry.subject and _takes_senders(entry.link, registry)
        ):
            return f"sender: {subject}"
        case _:
            return ""


def _takes_senders(link: str, registry: Registry) -> bool:
    entries = (status.entry for status in registry)
    return any(
        entry.link == link and isinstance(entry.options, AnalyzerOptions) for entry in entries
    )
