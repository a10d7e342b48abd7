"""Which of the facts that come the store holds already."""

from __future__ import annotations

import array
from collections.abc import Iterable

import apsw

from gateway.store.batch import Batch
from gateway.store.body import Bodies, place_of_event
from gateway.store.names import SeriesTable
from gateway.store.pack import ids_in

_HALF = 8
_SIZE = 16
_FOUND = (
    "SELECT seq, span, id_high, id_low, device, received, raw, body FROM event"
    " WHERE id_high IN carray(?)"
)


class KnownIds:
    """Looks ids up in one segment, by their first half; used by one thread.

    The first half is that of their occurrence: one look finds all that is known of a message.
    """

    def __init__(self, connection: apsw.Connection, bodies: Bodies) -> None:
        self._connection = connection
        self._series = SeriesTable(connection)
        self._bodies = bodies

    def close(self) -> None:
        """Close the connection that it was given."""
        self._connection.close()

    def among(self, halves: array.array[int]) -> set[bytes]:
        """The ids of all events here that begin with one of these first halves."""
        if not halves:
            return set()
        found: set[bytes] = set()
        for *place, body in self._connection.execute(_FOUND, (apsw.carray(halves),)):
            _, span, high, low, *_ = place
            identity = _signed(high) + _signed(low)
            if body is None:
                found.add(identity)
            else:
                facts = self._bodies.read(body, place_of_event(*place))
                found.update(ids_in(facts, identity, span + 1, self._series.line))
        return found


def first_halves(batches: Iterable[Batch]) -> array.array[int]:
    """The first halves of all ids in batches."""
    halves = array.array("q")
    for batch in batches:
        for event in batch.events:
            halves.append(_first_half(event.id))
        for message in batch.messages:
            halves.append(_first_half(message.occurrence))
    return halves


def _first_half(identity: bytes) -> int:
    return int.from_bytes(identity[:_HALF], signed=True)


def _signed(half: int) -> bytes:
    return half.to_bytes(_HALF, signed=True)
