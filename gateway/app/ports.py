"""The ports of rooms, over the event store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.keys import occurrence_id
from gateway.model import (
    Clock,
    DeviceEvent,
    Direction,
    Quarantined,
    RawId,
    Receipt,
    Retention,
    Subject,
    WireRecord,
)
from gateway.room import Principal
from gateway.room.act import GATEWAY, act_event
from gateway.store import Batch, EventStore
from gateway.store.outbox import Outbox
from gateway.supervisor import Intake
from gateway.supervisor.ordinals import Ordinals


class StorePorts:
    """A `gateway.room.RoomPorts`. What rooms append is kept as records are."""

    def __init__(
        self, site: str, store: EventStore, intake: Intake, outbox: Outbox, clock: Clock
    ) -> None:
        self._site, self._store, self._intake = site, store, intake
        self._clock = clock
        self._ordinals = Ordinals()
        self.outbox = outbox

    @property
    def last_seq(self) -> int:
        return self._store.last_seq

    def record(
        self,
        link: str,
        data: bytes,
        *,
        direction: Direction = Direction.IN,
        device: str = "",
        session: str = "",
    ) -> WireRecord:
        return self._intake.record(link, data, direction, device, session)

    async def journal(self, *records: WireRecord) -> None:
        await self._store.append(Batch(Retention.RECORD, wire=records))

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        return await self._store.append(Batch(Retention.RECORD, wire=wire, events=tuple(events)))

    async def quarantine(self, entry: Quarantined, *wire: WireRecord) -> None:
        await self._store.append(Batch(Retention.RECORD, wire=wire, quarantine=(entry,)))

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
        event = act_event(
            occurrence_id(self._site, GATEWAY, self._ordinals.next()),
            self._site,
            self._clock.now(),
            who,
            code,
            text=text,
            subject=subject,
            payload=payload,
            caused_by=caused_by,
        )
        (seq,) = (await self.publish((event,))).seqs
        return seq

    def system(self, code: str, text: str, detail: str = "") -> None:
        self._intake.system(code, text, detail)

    async def waiting(self, limit: int = 100) -> int:
        return len(await self._store.quarantine(limit=limit, open_only=True))

    async def bytes_of(self, raw_id: RawId) -> WireRecord | None:
        return await self._store.record(raw_id)
