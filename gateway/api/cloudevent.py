"""Device events as CloudEvents 1.0 in the JSON format."""

from __future__ import annotations

from typing import Any

from gateway.api.item import event_item
from gateway.model import DeviceEvent
from gateway.web import rfc3339

BATCH = "application/cloudevents-batch+json"


def cloudevent(event: DeviceEvent) -> dict[str, Any]:
    """`data` is the item that `/api/v1/events` gives; `sequence` the extension of that name."""
    return {
        "specversion": "1.0",
        "id": event.id.hex(),
        "source": f"/{event.site}/{event.source.device}",
        "type": f"org.isogate.{event.kind}",
        "subject": event.code.code,
        "time": rfc3339(event.observed_at),
        "sequence": str(event.seq),
        "datacontenttype": "application/json",
        "data": event_item(event),
    }
