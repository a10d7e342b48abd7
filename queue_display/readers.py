"""Card and barcode readers on lines, bound to a kiosk: a reading is answered on its page.

The page is told that there is an answer, by a name that means nothing, and may fetch it once,
with the kiosk's own token. Nothing of it is kept for longer than `KEPT` seconds, and no answer
has a name or number of a patient in it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from gateway.errors import StoreError
from gateway.model import Clock, DeviceEvent, Kind, Quality
from gateway.room import Emit, Permission, Principal
from gateway.web import encode
from gateway.web.listener import Audience
from gateway.web.sse import frame
from queue_display.arrivals import NotFound, Reception
from queue_display.desk import QueueDesk
from queue_display.machine import Illegal
from queue_display.options import KioskOptions
from queue_display.terms import Words, words
from queue_display.ticket import Ticket

log = logging.getLogger(__name__)

KEPT = 20.0
_FRESH = 60_000_000
"""µs after which a reading is not answered: whoever held the card has gone."""
_MOST_WAITING = 16
_MOST_PAGES = 16
_READ = frozenset({Kind.STATE, Kind.RESULT, Kind.MEASUREMENT})
"""What a device says by itself; that it came or went is none of it."""
_BEAT = 15.0

NO_BOOKS = words("暂时无法签到，请到前台。", "Check-in does not work now. Please come to the desk.")


@dataclass(frozen=True, slots=True)
class Answer:
    """The tickets of whoever was checked in, or why nobody was."""

    tickets: tuple[Ticket, ...] = ()
    fault: Words | None = None


@dataclass(slots=True)
class _Kiosk:
    who: Principal
    audience: Audience = field(default_factory=Audience)
    answers: dict[str, Answer] = field(default_factory=dict)


class CardReaders:
    """A subscriber that has no tables: what was read before the gateway started is past."""

    name = "queue-readers"

    def __init__(
        self,
        kiosks: dict[str, KioskOptions],
        desk: QueueDesk,
        reception: Reception,
        clock: Clock,
        since: int,
    ) -> None:
        self._desk, self._reception, self._clock = desk, reception, clock
        rights = frozenset({Permission.CHECK_IN})
        self._kiosks = {name: _Kiosk(Principal(f"kiosk:{name}", name, rights)) for name in kiosks}
        self._kiosk_of = {
            device: self._kiosks[name] for name, each in kiosks.items() for device in each.readers
        }
        self._read: asyncio.Queue[DeviceEvent] = asyncio.Queue(_MOST_WAITING)
        self._cursor = since

    def cursor(self) -> int:
        return self._cursor

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Let what was just read wait for its answer; nothing follows from it into the store."""
        del emit
        for event in events:
            self._cursor = max(self._cursor, event.seq)
            fresh = self._clock.now() - event.received_at <= _FRESH
            if event.source.device in self._kiosk_of and fresh and _text(event):
                if self._read.full():
                    log.warning("Too many cards at once at %s: one is lost", event.source.device)
                else:
                    self._read.put_nowait(event)

    async def run(self) -> None:
        """Answer one after another, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_BEAT):
                    event = await self._read.get()
            except TimeoutError:
                for kiosk in self._kiosks.values():
                    kiosk.audience.give(frame("beat", b"{}"))
                continue
            await self.answer(event)

    async def answer(self, event: DeviceEvent) -> None:
        """Check in whoever a reading means, and tell the kiosk's page."""
        kiosk = self._kiosk_of[event.source.device]
        name = os.urandom(9).hex()
        kiosk.answers[name] = await self._of(kiosk, _text(event))
        asyncio.get_running_loop().call_later(KEPT, kiosk.answers.pop, name, None)
        kiosk.audience.give(frame("read", encode({"answer": name})))

    def has(self, kiosk: str) -> bool:
        """Whether readers are bound to a kiosk."""
        return kiosk in self._kiosks

    def take(self, kiosk: str, name: str) -> Answer | None:
        """An answer, once; None if it was taken or is past."""
        return self._kiosks[kiosk].answers.pop(name, None) if kiosk in self._kiosks else None

    async def stream(self, kiosk: str) -> AsyncGenerator[bytes, None]:
        """What the page of a kiosk is told."""
        audience = self._kiosks[kiosk].audience
        with audience.listening() as listener:
            if len(audience) > _MOST_PAGES:
                listener.end()
            yield frame("beat", b"{}")
            async for chunk in listener.chunks():
                yield chunk

    def end_streams(self) -> None:
        """End every stream, so that a server that waits for its connections can stop."""
        for kiosk in self._kiosks.values():
            kiosk.audience.end()

    async def _of(self, kiosk: _Kiosk, text: str) -> Answer:
        try:
            arrival = await self._reception.scanned(text, self._clock.now())
            tickets = await self._desk.check_in(kiosk.who, arrival.stops, arrival.patient)
        except (NotFound, Illegal) as refused:
            return Answer(fault=refused.text)
        except StoreError as error:
            log.warning("Nobody can be checked in at %s: %s", kiosk.who.name, error)
            return Answer(fault=NO_BOOKS)
        return Answer(tuple(tickets))


def _text(event: DeviceEvent) -> str:
    """What was read; empty where the event says nothing, or nothing sure."""
    if event.kind not in _READ or event.value is None or event.quality is not Quality.GOOD:
        return ""
    return event.value.text.strip()
