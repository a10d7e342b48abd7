"""When two events are one result that was sent twice. Pure."""

from __future__ import annotations

import orjson

from gateway.keys import content_digest
from gateway.lab.result import specimen_of
from gateway.model import TIME_OF, ClockQuality, DeviceEvent, Instant
from gateway.normalizer.laboratory import AS_SENT
from gateway.profile import AnalyzerProfile

_MINUTE = 60_000_000


def own_time(event: DeviceEvent) -> Instant | None:
    """When it was measured by the device's own clock; None where that is not certain.

    The time of a message or of its request is none: two results of one sample share it.
    """
    doubtful = event.clock is not ClockQuality.DEVICE or TIME_OF in (event.payload or {})
    return None if doubtful else event.observed_at


def sameness(event: DeviceEvent) -> bytes:
    """Equal for events that say the same of the same measurement; empty where nobody can tell.

    Sample, value and the measurement's own time must be given. A time on the full minute is taken
    for one of a clock without seconds, by which two replicates look alike.
    """
    at, value = own_time(event), event.value
    if at is None or at % _MINUTE == 0 or not specimen_of(event) or value is None or not value.text:
        return b""
    said = [
        event.source.device,
        event.code,
        event.subject,
        at,
        [value.text, value.operator, value.code],
        event.unit,
        event.status,
        event.quality,
        event.flags,
        event.range_text,
        (event.payload or {}).get(AS_SENT),
    ]
    return content_digest(b"result", orjson.dumps(said))


def likeness(event: DeviceEvent) -> bytes:
    """Equal for events that give the same value at the same time; empty where there is no value.

    It proves no repetition, since clocks without seconds and times of messages count as well.
    """
    value = event.value
    if value is None or not value.text:
        return b""
    said = [value.text, value.operator, value.code, event.unit, event.observed_at]
    return content_digest(b"likeness", orjson.dumps(said))


def is_sent_again(event: DeviceEvent) -> bool:
    """Whether the device itself says that it has sent this result before."""
    return AnalyzerProfile.sent_again in (event.payload or {})
