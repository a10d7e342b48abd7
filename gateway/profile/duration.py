"""Durations as people write them: `30 s`, `2 min`, `1.5 h`, or a number of seconds."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_WRITTEN = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|min|h|d)")


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _WRITTEN.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"'{value[:40]}' is not understood: write for example `30 s` or `2 min`")
    return float(match[1]) * _UNITS[match[2]]


Seconds = Annotated[
    Annotated[float, Field(ge=0, le=366 * 86_400)],
    BeforeValidator(_seconds),
    WithJsonSchema({"type": ["number", "string"], "examples": ["30 s", "2 min"]}),
]
"""Seconds, as a number or written with a unit (s, min, h, d)."""
