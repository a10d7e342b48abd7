"""Events that follow from stored objects: a plan was read, a record was read, they were compared.

Their ids come from the object and from `READER`: raise it when reading changes, and every object
is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import (
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Source,
    Value,
    content_digest,
)
from tps_bridge.plan import Identity

READER = 4
SYSTEM = "urn:isogate:tps"
PLAN, RECORD, UNREAD, COMPARED = "plan", "record", "unread", "compared"
VOLUMES, DOSES, SUMMED = "structures", "dose", "summary"


def read_event(
    code: str,
    body: Mapping[str, Any],
    *,
    site: str,
    uid: str,
    blob: str,
    at: Instant,
    identity: Identity | None = None,
) -> DeviceEvent:
    """What was read of the object `uid` whose file is `blob`."""
    return DeviceEvent(
        id=content_digest(
            b"tps", *(part.encode() for part in (site, code, uid, blob, str(READER)))
        ),
        site=site,
        source=Source("tps", "tps", str(READER)),
        kind=Kind.OBJECT,
        code=Coding(SYSTEM, code),
        value=Value(uid),
        unit="",
        received_at=at,
        observed_at=at,
        subject=identity.subject if identity else None,
        payload={"reader": READER, "uid": uid, "blob": blob, "body": body},
    )


def is_ours(event: DeviceEvent) -> bool:
    """Whether it is one of `read_event`, by the reader that counts now."""
    return (
        event.kind is Kind.OBJECT
        and event.code.system == SYSTEM
        and (event.payload or {}).get("reader") == READER
    )
