"""Tables as files that spreadsheets open right."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from starlette.responses import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """CSV in UTF-8 with a mark; no cell of it can act as a formula."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(head)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    file = f"attachment; filename*=UTF-8''{quote(name)}.csv"
    return Response(
        sheet.getvalue().encode("utf-8-sig"),
        headers={"content-disposition": file, "cache-control": "no-store"},
        media_type="text/csv; charset=utf-8",
    )


def _inert(cell: object) -> str:
    """A cell that a spreadsheet takes for text or a number, never for a formula."""
    text = "" if cell is None else str(cell)
    is_number = text[:1] in "+-" and text[1:].replace(".", "", 1).isdigit()
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text
