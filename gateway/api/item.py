"""What the API says of events, wire records, quarantine and devices, as plain JSON values."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from gateway.lab import Other, Result
from gateway.model import (
    DeviceEvent,
    Localized,
    Value,
    WireRecord,
    localize,
)
from gateway.registry import DeviceStatus
from gateway.store import QuarantineEntry
from gateway.web import rfc3339
from gateway.web.point import point_name
from gateway.web.quality import shown_quality

LOCALES = ("zh-CN", "en")


def event_item(event: DeviceEvent) -> dict[str, Any]:
    """An event as stored. Members that say nothing are left out, except the fixed ones."""
    item = _facts(event)
    item["seq"] = event.seq
    item["id"] = event.id.hex()
    item["system"] = event.code.system
    item["clock"] = event.clock
    if event.supersedes:
        item["supersedes"] = event.supersedes.hex()
    if event.caused_by:
        item["caused_by"] = event.caused_by.hex()
    if event.actor:
        item["actor"] = event.actor
    if event.flags:
        item["flags"] = event.flags
    if event.range_text:
        item["range"] = event.range_text
    if event.payload:
        item["payload"] = event.payload
    if event.subject:
        item["subject"] = event.subject
    return item


def latest_item(event: DeviceEvent, status: DeviceStatus | None) -> dict[str, Any]:
    """A device's last value; stale as soon as the device does not answer."""
    item = _facts(event)
    item["quality"] = shown_quality(event, status)
    item["seq"] = event.seq or None
    if status is not None:
        item["name"] = both(point_name(status, event.code.code))
    return item


def result_item(result: Result, status: DeviceStatus | None) -> dict[str, Any]:
    """A result as the laboratory knows it; its payload holds what a conversion replaced."""
    item = event_item(result.event)
    item["name"] = both(point_name(status, result.event.code.code))
    item["level"] = result.level.name.lower()
    item["version"] = result.version
    item["current"] = result.current
    if result.supersedes:
        item["supersedes"] = result.supersedes.id.hex()
    if result.superseded_by:
        item["superseded_by"] = result.superseded_by.id.hex()
    item["sent_again"] = [_again(other) for other in result.again]
    return item


def _again(other: Other) -> dict[str, Any]:
    return {
        "seq": other.seq,
        "id": other.id.hex(),
        "raw_id": other.raw_id,
        "received_at": rfc3339(other.received_at),
    }


def wire_item(record: WireRecord) -> dict[str, Any]:
    return {
        "raw_id": record.raw_id,
        "link": record.link,
        "device": record.device,
        "direction": record.direction,
        "session": record.session,
        "received_at": rfc3339(record.at),
        "size": len(record.data),
        "bytes": b64encode(record.data).decode("ascii"),
    }


def quarantine_item(waiting: QuarantineEntry) -> dict[str, Any]:
    entry, resolution = waiting.entry, waiting.resolution
    return {
        "id": waiting.id,
        "raw_id": entry.raw_id,
        "link": entry.link,
        "device": entry.device,
        "reason": entry.reason,
        "subject": entry.subject,
        "detail": entry.detail,
        "received_at": rfc3339(entry.at),
        "resolved_at": None if resolution is None else rfc3339(resolution.at),
        "resolved_by": None if resolution is None else resolution.actor,
    }


def device_item(status: DeviceStatus) -> dict[str, Any]:
    entry = status.entry
    return {
        "id": entry.id,
        "name": both(entry.name),
        "location": both(entry.location),
        "driver": status.driver,
        "profile": entry.profile.profile,
        "link": entry.link,
        "state": status.state,
        "since": rfc3339(status.since),
        "reason": status.reason,
        "last_seen": None if status.last_seen is None else rfc3339(status.last_seen),
        "simulated": entry.simulated,
        "points": [
            {"code": point.code or key, "name": both(point.name or key), "unit": point.unit}
            for key, point in entry.profile.points.items()
        ],
    }


def both(text: Localized) -> dict[str, str]:
    """A text in each language that the pages speak."""
    return {locale: localize(text, locale) for locale in LOCALES}


def _facts(event: DeviceEvent) -> dict[str, Any]:
    value = event.value
    received = rfc3339(event.received_at)
    no_clock = event.observed_at == event.received_at
    return {
        "device": event.source.device,
        "kind": event.kind,
        "code": event.code.code,
        "value": _plain(value),
        "value_text": None if value is None else value.text,
        "value_code": None if value is None or value.code is None else value.code.code,
        "operator": None if value is None else value.operator,
        "unit": event.unit,
        "status": event.status,
        "quality": event.quality,
        "observed_at": received if no_clock else rfc3339(event.observed_at),
        "received_at": received,
        "raw_id": event.raw_id,
        "simulated": event.simulated,
    }


def _plain(value: Value | None) -> float | str | None:
    if value is None:
        return None
    return value.text if value.number is None else value.number
