"""Tables as files that spreadsheets open right."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHUNK = 64 * 1024


def spreadsheet(
    name: str,
    head: Sequence[str],
    rows: Iterable[Sequence[object]] | AsyncIterable[Sequence[object]],
) -> Response:
    """CSV in UTF-8 with a mark; no cell of it can act as a formula.

    Rows that come one after the other are sent as they come; what ends them early ends the
    connection without its last chunk, so that nobody takes a part for the whole.
    """
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}.csv",
        "cache-control": "no-store",
    }
    kind = "text/csv; charset=utf-8"
    if isinstance(rows, AsyncIterable):
        return StreamingResponse(_sent(head, rows), headers=headers, media_type=kind)
    sheet = _Sheet()
    sheet.add(head)
    for row in rows:
        sheet.add(row)
    return Response(BOM_UTF8 + sheet.take(), headers=headers, media_type=kind)


async def _sent(head: Sequence[str], rows: AsyncIterable[Sequence[object]]) -> AsyncIterator[bytes]:
    sheet = _Sheet()
    sheet.add(head)
    yield BOM_UTF8 + sheet.take()
    async for row in rows:
        sheet.add(row)
        if sheet.size >= _CHUNK:
            yield sheet.take()
    yield sheet.take()


class _Sheet:
    """Rows as text, until they are taken."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._writer = csv.writer(self._text)

    @property
    def size(self) -> int:
        return self._text.tell()

    def add(self, row: Sequence[object]) -> None:
        self._writer.writerow([_inert(cell) for cell in row])

    def take(self) -> bytes:
        taken = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return taken


def _inert(cell: object) -> str:
    """A cell that a spreadsheet takes for text or a number, never for a formula."""
    text = "" if cell is None else str(cell)
    is_number = text[:1] in "+-" and text[1:].replace(".", "", 1).isdigit()
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text
