"""A CSV file that is handed to the API, and what it does, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import Base64Bytes, Field

from gateway.room.document import Body
from gateway.room.sheet import SheetFault


class Sheet(Body):
    """A CSV file in base64, and what it does not say itself."""

    csv: Base64Bytes
    issuer: str = Field(default="", max_length=64)
    charset: str = Field(default="", pattern="^(utf-8|gb18030)?$")
    dry_run: bool = True


class Reported(Protocol):
    @property
    def charset(self) -> str: ...
    @property
    def also(self) -> str: ...
    @property
    def faults(self) -> Sequence[SheetFault]: ...


class Row(Protocol):
    @property
    def row(self) -> int: ...
    @property
    def effect(self) -> str: ...
    @property
    def faults(self) -> Sequence[SheetFault]: ...


def report_item(report: Reported, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a file does, as JSON."""
    return {
        "charset": report.charset,
        "also": report.also or None,
        "faults": _faults(report.faults),
        "rows": rows,
    }


def row_item(row: Row, number: str | None) -> dict[str, Any]:
    """What one row does, as JSON."""
    faults = _faults(row.faults)
    return {"row": row.row, "effect": row.effect, "number": number, "faults": faults}


def _faults(faults: Sequence[SheetFault]) -> list[list[Any]]:
    return [[fault.row, fault.column, fault.text, fault.word] for fault in faults]
