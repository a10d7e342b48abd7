"""Quantities as devices.yaml writes them: `2 GB`, `24 months`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BYTES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12}
_QUANTITY = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([A-Za-z]+)")


def _quantity(value: Any, units: dict[str, int], example: str) -> Any:
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value.strip())
    if match is None or match[2].lower() not in units:
        raise ValueError(f"'{value[:40]}' is not understood: write for example `{example}`")
    amount = float(match[1]) * units[match[2].lower()]
    if amount != int(amount):
        raise ValueError(f"'{value}' is not a whole number of the smallest unit")
    return int(amount)


def _bytes(value: Any) -> Any:
    return _quantity(value, _BYTES, "1 GB")


def _months(value: Any) -> Any:
    return None if value == "forever" else _quantity(value, _MONTHS, "24 months")


def _text_or(kind: str, example: object) -> WithJsonSchema:
    return WithJsonSchema({"type": [kind, "string"], "examples": [example]})


Bytes = Annotated[int, BeforeValidator(_bytes), _text_or("integer", "1 GB")]
"""A number of bytes, or a number with a unit (kB, MB, GB, TB, KiB, MiB, GiB, TiB)."""

Months = Annotated[
    Annotated[int, Field(ge=1)] | None, BeforeValidator(_months), _text_or("integer", "24 months")
]
"""A number of months, `2 years`, or `forever` (None)."""
