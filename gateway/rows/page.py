"""A page of rows as the journal keeps it: JSON lines that explain themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.driver import DeviceEntry, LinkEntry
from gateway.errors import ProtocolViolation
from gateway.model import Instant, Publication, RawId, Reading, Status, WireRecord, sentence
from gateway.rows.entry import GONE, Entry
from gateway.rows.meaning import fetched, readings, statements, understood, withdrawn
from gateway.rows.profile import RowProfile
from gateway.rows.row import Position, Refused, Row

FORMAT = "isogate rows 1"
"""Names the format in the first line; its value there is the cursor."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows that were new or had changed, and how far the source is read with them."""

    entries: tuple[Entry, ...]
    high: Position | None


def encode(page: Page) -> bytes:
    """The first line says the format and the cursor, each other line one row."""
    high = page.high
    head = {FORMAT: [high.at.isoformat(), high.key] if high else None}
    lines = [head, *(_line(entry) for entry in page.entries)]
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def decode(data: bytes) -> Page:
    """The page of a journalled record; ProtocolViolation if it is none."""
    try:
        head, *lines = [json.loads(line) for line in data.splitlines()]
        cursor = head[FORMAT]
        high = Position(datetime.fromisoformat(cursor[0]), cursor[1]) if cursor else None
        return Page(tuple(_entry(line) for line in lines), high)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ProtocolViolation(sentence("no page of rows: {error}", error=error), data) from error


def publications(entry: DeviceEntry, page: Page, raw_id: RawId) -> Iterator[Publication]:
    """What a page says: one publication for each statement that is new."""
    for row in page.entries:
        yield from _said(entry, row, raw_id)


def interpret_page(
    link: LinkEntry, records: Sequence[WireRecord], raw_id: RawId
) -> Sequence[Publication]:
    """Read a journalled page again (`DriverType.interpret`)."""
    record = next((each for each in records if each.raw_id == raw_id), None)
    if record is None:
        return ()
    page = decode(record.data)
    theirs = [entry for entry in link.devices if entry.id == record.session]
    return [each for entry in theirs for each in publications(entry, _tried(entry, page), raw_id)]


def _tried(entry: DeviceEntry, page: Page) -> Page:
    """The page with its refused rows read by the profile as it is now."""
    return replace(page, entries=tuple(_try(entry, row) for row in page.entries))


def _try(entry: DeviceEntry, row: Entry) -> Entry:
    if not isinstance(row.row, Refused) or not isinstance(entry.profile, RowProfile):
        return row
    again = understood(entry, fetched(entry.profile, row.row.values))
    if isinstance(again, Refused):
        raise ProtocolViolation(again.detail)
    return Entry(again)


def _said(entry: DeviceEntry, row: Entry, raw_id: RawId) -> Iterator[Publication]:
    if isinstance(row.row, Refused):
        return
    said = readings(entry, row.row)
    digests = statements(entry, said)
    key = str(row.row.key).encode()
    for reading in said:
        if reading.code not in row.same and reading.code not in row.gone:
            occurrence = row.occurrence(key, reading.code, digests[reading.code].digest)
            status = Status.CORRECTED if _corrects(row, reading) else reading.status
            now = replace(reading, status=status, observed_at=_when(entry, row, reading))
            yield Publication(entry.id, (now,), (raw_id,), occurrence)
    for code in row.gone:
        occurrence = row.occurrence(key, code, GONE)
        yield Publication(entry.id, (withdrawn(entry, row.row, code),), (raw_id,), occurrence)


def _when(entry: DeviceEntry, row: Entry, reading: Reading) -> Instant | None:
    """When it was said. A row that says otherwise than before shows how things stand now.

    Whatever the source wrote as its time: clocks step back, and a row that was gone comes again.
    """
    profile = entry.profile
    stating = isinstance(profile, RowProfile) and profile.content is not None
    return None if stating and reading.code in row.past else reading.observed_at


def _corrects(row: Entry, reading: Reading) -> bool:
    return reading.code in row.corrects and reading.status is Status.FINAL


def _line(entry: Entry) -> dict[str, Any]:
    row = entry.row
    facts: dict[str, Any] = {
        "at": row.at.isoformat() if isinstance(row, Row) else None,
        "key": row.key if isinstance(row, Row) else None,
        "row": dict(row.values),
        "refused": row.detail if isinstance(row, Refused) else "",
        "same": entry.same,
        "corrects": entry.corrects,
        "gone": entry.gone,
        "past": {code: [each.hex() for each in past] for code, past in entry.past.items()},
    }
    return {name: fact for name, fact in facts.items() if fact not in (None, "", (), {})}


def _entry(line: Any) -> Entry:
    row: Row | Refused = (
        Refused(line["row"], line["refused"])
        if "refused" in line
        else Row(datetime.fromisoformat(line["at"]), line["key"], line["row"])
    )
    past = line.get("past", {}).items()
    return Entry(
        row,
        tuple(line.get("same", ())),
        tuple(line.get("corrects", ())),
        tuple(line.get("gone", ())),
        {code: tuple(bytes.fromhex(each) for each in digests) for code, digests in past},
    )
