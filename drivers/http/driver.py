"""A service that is asked, and every kind of answer that is read from it as a device."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx

from drivers.http.document import rows_of
from drivers.http.profile import HttpLink, HttpProfile, Request
from gateway import (
    ConfigError,
    DeviceEntry,
    DeviceUnavailable,
    Direction,
    Fetched,
    Instant,
    LinkEntry,
    Ports,
    Position,
    ProtocolViolation,
    Row,
    Tap,
    fetched,
    follow,
    sentence,
    write_wall,
)

_MOST_ROWS = 50_000
_CHUNK = 200


class HttpDriver:
    """Asks the service of one link."""

    def __init__(self, link: LinkEntry, transport: httpx.AsyncBaseTransport | None = None) -> None:
        if not isinstance(link.options, HttpLink):
            raise TypeError(f"link {link.id}: not a link of the http driver")
        self._link = link
        self._options = link.options
        self._transport = transport

    async def run(self, ports: Ports) -> None:
        """Ask until the service can't be reached or the store refuses, then raise."""
        async with _client(self._options, self._transport) as client:
            source = HttpSource(client, self._options, ports.tap)
            await follow(ports, self._link.devices, source)


class HttpSource:
    """Rows of a service's answers (`RowSource`)."""

    def __init__(self, client: httpx.AsyncClient, options: HttpLink, tap: Tap) -> None:
        self._client = client
        self._options = options
        self._tap = tap

    async def now(self) -> Instant | None:
        """A service has no clock that could be asked."""
        return None

    async def pages(
        self, device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        """Rows from `start` on, in order of time."""
        profile = _profile(device)
        if request_of(profile).pages == "time":
            async for rows in self._by_time(profile, start.at):
                yield rows
            return
        rows = await self._gathered(profile, start.at)
        for at in range(0, len(rows), _CHUNK):
            yield rows[at : at + _CHUNK]

    async def _gathered(self, profile: HttpProfile, start: datetime) -> Sequence[Fetched]:
        """All pages together: their order is the service's own, the cursor needs that of time."""
        request = request_of(profile)
        rows: list[Fetched] = []
        page = 1
        while True:
            answered = await self._ask(profile, start, page)
            rows += answered
            if len(rows) > _MOST_ROWS:
                raise DeviceUnavailable(
                    sentence(
                        "more than {count} rows since {time}",
                        count=_MOST_ROWS,
                        time=start.isoformat(),
                    )
                )
            if request.pages == "one" or len(answered) < request.rows:
                return sorted(rows, key=_time)
            page += 1

    async def _by_time(
        self, profile: HttpProfile, start: datetime
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        while True:
            rows = sorted(await self._ask(profile, start, 1), key=_time)
            yield rows
            last = max((_time(row) for row in rows), default=start)
            if last <= start:
                if len(rows) >= request_of(profile).rows:
                    raise DeviceUnavailable(
                        sentence(
                            "{count} rows of {time} fill an answer: raise `rows`",
                            count=len(rows),
                            time=start.isoformat(),
                        )
                    )
                return
            start = last

    async def _ask(self, profile: HttpProfile, start: datetime, page: int) -> Sequence[Fetched]:
        question = asked(profile, self._options.url, start, page)
        body = await self._answer(question)
        try:
            return [fetched(profile, row.values) for row in rows_of(profile, body)]
        except ProtocolViolation as error:
            raise DeviceUnavailable(
                sentence("{place}: {why}", place=question.url, why=error)
            ) from error

    async def _answer(self, question: Question) -> bytes:
        """The body; ConnectionError if the service can't be reached."""
        try:
            async with asyncio.timeout(self._options.timeout):
                return await self._sent(question.built(self._client))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise DeviceUnavailable(
                sentence(
                    "{place}: no whole answer within {seconds} s",
                    place=question.url,
                    seconds=f"{self._options.timeout:g}",
                )
            ) from error
        except httpx.RequestError as error:
            raise ConnectionError(
                sentence("{place}: {why}", place=question.url, why=error)
            ) from error

    async def _sent(self, request: httpx.Request) -> bytes:
        self._tap(Direction.OUT, f"{request.method} {request.url.raw_path.decode()}".encode())
        response = await self._client.send(request, stream=True)
        try:
            return await self._read(response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > self._options.limit:
                raise DeviceUnavailable(
                    sentence("the answer is over {limit} bytes", limit=self._options.limit)
                )
        self._tap(Direction.IN, bytes(body))
        if response.status_code != httpx.codes.OK:
            raise DeviceUnavailable(
                sentence("the service answered {status}", status=response.status_code)
            )
        return bytes(body)


@dataclass(frozen=True, slots=True)
class Question:
    """A request with everything filled in."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    def built(self, client: httpx.AsyncClient) -> httpx.Request:
        content = self.body.encode() if self.body else None
        return client.build_request(
            self.method, self.url, params=self.query, headers=self.headers, content=content
        )


def asked(profile: HttpProfile, url: str, start: datetime, page: int) -> Question:
    """What is asked for the rows since `start`."""
    request = request_of(profile)
    since = write_wall(start.replace(microsecond=0), profile.time_form, profile.time_pattern)
    values = {
        "from": since.isoformat() if isinstance(since, datetime) else str(since),
        "page": str(page),
        "rows": str(request.rows),
    }
    query = {name: _filled(text, values) for name, text in request.query.items()}
    body = _filled(request.body, values)
    return Question(request.method, url + request.path, query, request.headers, body)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _time(row: Fetched) -> datetime:
    """What cannot be read comes first, so that it holds nobody up."""
    return row.at if isinstance(row, Row) else datetime.min  # noqa: DTZ901 - a wall time


def _client(options: HttpLink, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    headers = {"user-agent": "isogate"}
    if options.token is not None:
        headers["authorization"] = f"Bearer {options.token.get_secret_value()}"
    password = options.password.get_secret_value() if options.password else ""
    return httpx.AsyncClient(
        auth=(options.username, password) if options.username else None,
        headers=headers,
        timeout=options.timeout,
        verify=ssl.create_default_context(cafile=options.ca),
        trust_env=False,
        transport=transport,
    )


def request_of(profile: HttpProfile) -> Request:
    """What a service is asked; ConfigError for a profile of one that calls us."""
    if profile.request is None:
        raise ConfigError(f"profile {profile.profile} asks nothing: use it with `mode: listen`")
    return profile.request


def _profile(device: DeviceEntry) -> HttpProfile:
    if not isinstance(device.profile, HttpProfile):
        raise TypeError(f"{device.id}: not a device of the http driver")
    return device.profile
