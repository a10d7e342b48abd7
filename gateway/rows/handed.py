"""Rows that a source hands over by itself, each a happening of its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.driver import DeviceEntry
from gateway.errors import ProtocolViolation
from gateway.keys import content_digest
from gateway.model import Publication, RawId, sentence
from gateway.rows.meaning import readings, understood
from gateway.rows.row import Fetched, Refused, Row

_MOST_TOLD = 5


class Handed(NamedTuple):
    """A row, and the whole of it as it was sent."""

    row: Fetched
    content: bytes


def handed_over(
    entry: DeviceEntry, rows: Sequence[Handed], raw_id: RawId
) -> tuple[Publication, ...]:
    """What a document says, one publication a row.

    A row is recognized by its whole content, which holds its key and its time: sent again it is
    the same, in whatever document. ProtocolViolation unless every row can be read and one of them
    states a value: half a document is never taken.
    """
    if not rows:
        raise ProtocolViolation(
            sentence("the document holds no row where the profile looks for them")
        )
    rows = [Handed(understood(entry, row), content) for row, content in rows]
    refused = [
        sentence("row {number}: {why}", number=number, why=each.row.detail)
        for number, each in enumerate(rows, 1)
        if isinstance(each.row, Refused)
    ]
    if refused:
        told = refused[:_MOST_TOLD]
        if len(refused) > _MOST_TOLD:
            told.append(sentence("and {count} more", count=len(refused) - _MOST_TOLD))
        raise ProtocolViolation("; ".join(told))
    said = tuple(
        Publication(entry.id, found, (raw_id,), content_digest(b"handed over", content))
        for row, content in rows
        if isinstance(row, Row) and (found := readings(entry, row))
    )
    if not said:
        raise ProtocolViolation(sentence("no row states a value where the profile looks for one"))
    return said
