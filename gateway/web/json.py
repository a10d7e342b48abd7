"""JSON as this gateway writes it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from starlette.responses import Response

from gateway.model import Instant, to_datetime

_SECOND = 1_000_000


def encode(value: Any) -> bytes:
    """UTF-8 JSON; a float that JSON can't hold (NaN, infinity) becomes null."""
    return orjson.dumps(value)


def json_response(value: Any, status: int = 200) -> Response:
    return Response(encode(value), status, media_type="application/json")


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return to_datetime(Instant(seconds * _SECOND)).strftime("%Y-%m-%dT%H:%M:%S")


def rfc3339(instant: Instant) -> str:
    """An instant as RFC 3339, UTC, always with six digits of a second."""
    seconds, micros = divmod(instant, _SECOND)
    return f"{_second(seconds)}.{micros:06d}Z"
