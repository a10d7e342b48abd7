"""A row as its source handed it out, and a place in the order of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

Key: TypeAlias = str | int
"""What identifies a row within its source."""

Values: TypeAlias = Mapping[str, str | None]
"""Columns and their content in the source's own digits; None where it says nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `at` is the time it is ordered by: the source's wall clock, without a zone."""

    at: datetime
    key: Key
    values: Values


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that can't be read, and why; the others are read on."""

    values: Values
    detail: str


Fetched: TypeAlias = Row | Refused


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order (time, key). Without a key it stands before every row of that time."""

    at: datetime
    key: Key | None = None
