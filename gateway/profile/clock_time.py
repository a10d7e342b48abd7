"""Times of day as people write them: `08:00`, in the site's time."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_PATTERN = r"([01]\d|2[0-3]):[0-5]\d"
_WRITTEN = re.compile(_PATTERN)


def _time(value: Any) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return time.fromisoformat(value)
    raise ValueError(
        f"'{str(value)[:40]}' is no time of day: write hours and minutes, \"08:00\", without a"
        " zone: it is the site's time"
    )


ClockTime = Annotated[
    time,
    BeforeValidator(_time),
    PlainSerializer(lambda moment: f"{moment:%H:%M}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$", "examples": ["08:00"]}),
]
"""A time of day. A number is none: it would count seconds."""
