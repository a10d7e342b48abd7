"""The quarantine as a work list: what waits, how often, and what would mend it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from gateway.driver import AnalyzerOptions
from gateway.model import Instant, Quarantined, QuarantineReason, RawId
from gateway.profile import AnalyzerProfile
from gateway.registry import DeviceStatus, Registry
from gateway.store import QuarantineEntry
from gateway.supervisor import Selection


class Mend(StrEnum):
    """What a person can do about a task on the page, besides setting it aside."""

    CODE = "code"
    UNIT = "unit"
    SENDER = "sender"
    ASSIGN = "assign"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Task:
    """Entries that one change would mend. `newest` leads to the bytes of the last one.

    `profile` is that of the device, if it is known; `line` what may be added there or to
    devices.yaml, in YAML. `heard` are a few of the details, the last ones.
    """

    reason: QuarantineReason
    subject: str
    device: str
    link: str
    detail: str
    heard: tuple[str, ...]
    count: int
    first: Instant
    last: Instant
    newest: RawId
    profile: str
    line: str
    mend: Mend

    @property
    def query(self) -> str:
        """The task in an address."""
        return urlencode(
            {
                "link": self.link,
                "device": self.device,
                "reason": self.reason.value,
                "subject": self.subject,
            }
        )

    @property
    def selection(self) -> Selection:
        return Selection(self.device, self.reason, self.subject, self.link)


_HEARD = 5


def selection_of(given: Mapping[str, str]) -> Selection | None:
    """The entries that an address or a form names; None if it names no task."""
    reason = given.get("reason", "")
    if reason not in list(QuarantineReason) or "link" not in given:
        return None
    return Selection(
        given.get("device", ""), QuarantineReason(reason), given.get("subject", ""), given["link"]
    )


def tasks(entries: Iterable[QuarantineEntry], registry: Registry) -> list[Task]:
    """By device, reason and subject; what waits for the largest number first."""
    groups: dict[tuple[str, str, str, str], list[QuarantineEntry]] = {}
    for waiting in entries:
        entry = waiting.entry
        key = (entry.link, entry.device, entry.reason, entry.subject)
        groups.setdefault(key, []).append(waiting)
    found = [_task(group, registry) for group in groups.values()]
    return sorted(found, key=lambda task: (-task.count, task.first))


def _task(group: list[QuarantineEntry], registry: Registry) -> Task:
    last = max((each.entry for each in group), key=lambda entry: entry.at)
    status = registry.get(last.device)
    details = dict.fromkeys(each.entry.detail for each in reversed(group))
    mend = _mend(last, status, registry)
    return Task(
        reason=last.reason,
        subject=last.subject,
        device=last.device,
        link=last.link,
        detail=last.detail,
        heard=tuple(details)[:_HEARD],
        count=len(group),
        first=min(each.entry.at for each in group),
        last=last.at,
        newest=last.raw_id,
        profile=status.entry.profile.profile if status is not None else "",
        line=_line(mend, last.subject),
        mend=mend,
    )


def _mend(entry: Quarantined, status: DeviceStatus | None, registry: Registry) -> Mend:
    analyzer = status is not None and isinstance(status.entry.profile, AnalyzerProfile)
    match entry.reason:
        case QuarantineReason.UNKNOWN_CODE if analyzer and entry.subject:
            return Mend.CODE
        case QuarantineReason.UNKNOWN_UNIT if analyzer and entry.subject:
            return Mend.UNIT
        case QuarantineReason.UNKNOWN_DEVICE | QuarantineReason.AMBIGUOUS if _takes_senders(
            entry.link, registry
        ):
            return Mend.SENDER if entry.subject else Mend.ASSIGN
        case _:
            return Mend.NOTHING


def _line(mend: Mend, subject: str) -> str:
    """A JSON string is a YAML string, so whatever a device sent can stand in it."""
    key = json.dumps(subject, ensure_ascii=False)
    match mend:
        case Mend.CODE:
            return f'points:\n  {key}: {{name: {{zh-CN: "", en: ""}}, unit: ""}}'
        case Mend.UNIT:
            return f'units:\n  {key}: ""'
        case Mend.SENDER:
            return f"sender: {key}"
        case _:
            return ""


def _takes_senders(link: str, registry: Registry) -> bool:
    entries = (status.entry for status in registry)
    return any(
        entry.link == link and isinstance(entry.options, AnalyzerOptions) for entry in entries
    )
