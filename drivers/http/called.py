"""A service that calls us: what it posts is on disk before it is told so."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus

from drivers.http.answer import Answer, RefusedError, acknowledgement, problem
from drivers.http.document import answered
from drivers.http.gate import Gate
from drivers.http.profile import HttpLink, HttpProfile
from drivers.http.requests import Requests
from gateway import (
    Connection,
    DeviceEntry,
    Direction,
    Handed,
    LinkEntry,
    Ports,
    ProtocolViolation,
    Publication,
    QuarantineReason,
    RawId,
    StoreError,
    WireRecord,
    content_digest,
    fetched,
    handed_over,
)

log = logging.getLogger(__name__)

_GRACE = 3.0
_MOST_REFUSED = 1_000
_RETRY_AFTER = {"retry-after": "5"}


class CalledDriver:
    """Answers the calls of one link."""

    def __init__(self, link: LinkEntry) -> None:
        if not isinstance(link.options, HttpLink):
            raise TypeError(f"link {link.id}: not a link of the http driver")
        self._link = link
        self._options = link.options

    async def run(self, ports: Ports) -> None:
        """Listen until cancelled; ConfigError if the port can't be had."""
        reception = Reception(self._link, self._options, ports)
        await ports.serve(reception.serve, on=self._options.listener())


class Reception:
    """Takes what callers of one link post. They share what was refused."""

    def __init__(self, link: LinkEntry, options: HttpLink, ports: Ports) -> None:
        self._link = link
        self._options = options
        self._ports = ports
        self._gate = Gate(link, options)
        self._refused: dict[bytes, None] = {}

    async def serve(self, connection: Connection) -> None:
        """Serve one caller until it goes or sends what can't be gone on with."""
        options = self._options
        requests = Requests(connection, timeout=options.timeout, limit=options.limit)
        try:
            while await self._once(requests, connection.name):
                pass
        except RefusedError as error:
            log.info("Link %s: %s was refused: %s", self._link.id, connection.name, error)
            await self._tell(requests, error.answer)

    async def _once(self, requests: Requests, caller: str) -> bool:
        """Take one post and answer it; whether another one may follow."""
        head = await requests.head()
        if head is None:
            return False
        entry = self._gate.admit(head)
        body = await requests.body()
        self._ports.tap(Direction.IN, b"POST %s\n%s" % (head.target.encode("latin-1"), body))
        return await self._to_its_end(requests, entry, body, caller)

    async def _to_its_end(
        self, requests: Requests, entry: DeviceEntry, body: bytes, caller: str
    ) -> bool:
        """Store and answer; when cancelled, what is under way is still answered."""

        async def take() -> bool:
            return await self._tell(requests, await self._take(entry, body, caller))

        taking = asyncio.create_task(take(), name=f"{self._link.id} post")
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait((taking,), timeout=_GRACE)
            if not taking.cancel() and not taking.cancelled():
                taking.exception()
            raise

    async def _tell(self, requests: Requests, answer: Answer) -> bool:
        self._ports.tap(Direction.OUT, b"%d\n%s" % (answer.status, answer.body))
        return await requests.answer(answer)

    async def _take(self, entry: DeviceEntry, body: bytes, caller: str) -> Answer:
        """Put a document on disk, as events or in quarantine; what its sender is told of that."""
        record = self._ports.record(body, device=entry.id, session=caller)
        try:
            publications = posted(entry, body, record.raw_id)
        except ProtocolViolation as error:
            return await self._refuse(record, str(error))
        try:
            await self._ports.publish_all(publications, (), record)
        except StoreError as error:
            return self._unavailable(error)
        return acknowledgement(profile_of(entry).accepted)

    async def _refuse(self, record: WireRecord, why: str) -> Answer:
        """Keep what can't be read, once however often it is sent."""
        content = content_digest(record.device.encode(), record.data)
        if content not in self._refused:
            reason = QuarantineReason.UNREADABLE
            entry = self._ports.quarantined(record, reason, record.device, why)
            try:
                await self._ports.quarantine(entry, record)
            except StoreError as error:
                return self._unavailable(error)
            if len(self._refused) >= _MOST_REFUSED:
                self._refused.clear()
            self._refused[content] = None
        advice = "Nothing of it was taken. Mend the document, or the profile that describes it."
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, advice)

    def _unavailable(self, error: StoreError) -> Answer:
        log.debug("Link %s: %s", self._link.id, error)
        detail = "The document could not be stored; nothing of it was taken."
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, "Send it again.", _RETRY_AFTER)


def posted(entry: DeviceEntry, body: bytes, raw_id: RawId) -> tuple[Publication, ...]:
    """What a posted document says; ProtocolViolation if it can't be read as a whole."""
    profile = profile_of(entry)
    rows = [
        Handed(fetched(profile, row.values), row.content) for row in answered(profile, body).rows
    ]
    return handed_over(entry, rows, raw_id)


def profile_of(entry: DeviceEntry) -> HttpProfile:
    if not isinstance(entry.profile, HttpProfile):
        raise TypeError(f"{entry.id}: not a device of the http driver")
    return entry.profile
