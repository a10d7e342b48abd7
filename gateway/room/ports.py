"""What a room may do to the rest of the gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gateway.model import (
    DeviceEvent,
    Direction,
    Instant,
    Quarantined,
    RawId,
    Receipt,
    Subject,
    WireRecord,
)
from gateway.room.access import Principal


class Delivery(Protocol):
    """Something owed to a destination. `due` is when it may be tried; `error` the last refusal."""

    @property
    def id(self) -> int: ...
    @property
    def destination(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def created(self) -> Instant: ...
    @property
    def due(self) -> Instant: ...
    @property
    def attempts(self) -> int: ...
    @property
    def error(self) -> str: ...
    @property
    def urgent(self) -> bool: ...


class Fate(Protocol):
    """What became of a delivery: `state` is `waiting`, `delivered` or `dead`."""

    @property
    def id(self) -> int: ...
    @property
    def destination(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def created(self) -> Instant: ...
    @property
    def attempts(self) -> int: ...
    @property
    def error(self) -> str: ...


class Deliveries(Protocol):
    """Durable deliveries, in order for each destination; see `gateway.store.outbox`."""

    async def enqueue(self, destination: str, key: str, payload: bytes) -> bool:
        """Owe a delivery, durably; False if this key is known for this destination."""
        ...

    async def enqueue_all(
        self, owed: Sequence[tuple[str, str, bytes]], *, urgent: bool = False
    ) -> int:
        """Owe (destination, key, payload) each, all or none; how many keys were not known.

        What is urgent goes before the rest, and whatever is urgent there is due at once.
        """
        ...

    async def head(self, destination: str) -> Delivery | None:
        """The next delivery of a destination, due or not; None if nothing is owed."""
        ...

    async def owed(self, destination: str, limit: int) -> Sequence[Delivery]:
        """The next deliveries of a destination, in order, due or not."""
        ...

    async def count(self, destination: str) -> int:
        """How many deliveries a destination has coming."""
        ...

    async def delivered(self, *deliveries: Any) -> None:
        """Their receiver has them, all together."""
        ...

    async def bury(self, delivery: Any, error: str) -> None:
        """It will never be taken: a dead letter at once."""
        ...

    async def fates(self, prefix: str, limit: int = 100) -> Sequence[Fate]:
        """What became of deliveries whose key begins so, newest first."""
        ...

    async def failed(self, delivery: Any, error: str) -> None:
        """It was refused: due again later, or a dead letter."""
        ...

    async def later(self, delivery: Any, error: str) -> None:
        """Its receiver is away: due again later, for as long as that takes."""
        ...

    async def dead(self, limit: int = 100) -> Sequence[Delivery]:
        """Dead letters, oldest first."""
        ...

    async def revive(self, delivery_id: int) -> bool:
        """Try a dead letter again; False if there is none."""
        ...


class RoomPorts(Protocol):
    """Given to a room. Every awaited call returns after the commit, or raises StoreError.

    StoreError means that nothing was committed: whoever waits for an acknowledgement gets none.
    """

    @property
    def last_seq(self) -> int:
        """The highest seq on disk."""
        ...

    @property
    def outbox(self) -> Deliveries: ...

    def record(
        self,
        link: str,
        data: bytes,
        *,
        direction: Direction = Direction.IN,
        device: str = "",
        session: str = "",
    ) -> WireRecord:
        """Give bytes their id and receive time. Nothing is on disk yet."""
        ...

    async def journal(self, *records: WireRecord) -> None:
        """Put records on disk, kept for as long as events are."""
        ...

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        """Store events with the `wire` records they came from, in one transaction.

        Their ids make a repetition harmless: what is known already is counted, not stored.
        """
        ...

    async def quarantine(self, entry: Quarantined, *wire: WireRecord) -> None:
        """Keep what cannot be interpreted, with the `wire` records it came from, atomically."""
        ...

    async def act(
        self,
        who: Principal,
        code: str,
        *,
        text: str = "",
        subject: Subject | None = None,
        payload: Mapping[str, Any] | None = None,
        caused_by: bytes = b"",
    ) -> int:
        """Append what a person did (`room.verb`, e.g. `alarms.acknowledge`); its seq.

        A subscriber folds it like any other event. It happens once: a second call is a second act.
        """
        ...

    def system(self, code: str, text: str, detail: str = "") -> None:
        """Note something about the gateway itself, as an event of the device `gateway`."""
        ...

    async def waiting(self, limit: int = 100) -> int:
        """How many quarantined messages wait for a person; `limit` stands for that many or more."""
        ...

    async def bytes_of(self, raw_id: RawId) -> WireRecord | None:
        """A journalled record."""
        ...
