"""A service that is asked, and every kind of answer that is read from it as a device."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import NamedTuple

import httpx

from drivers.http.document import NoRows, answered
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
_MOST_PAGES = 5_000
_CHUNK = 200


class Absent(DeviceUnavailable):
    """What was asked for is not there; past the last page that is an end."""


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


class Heard(NamedTuple):
    """The rows of an answer, and the question that brings the following ones, if there are any."""

    rows: Sequence[Fetched]
    following: Question | None


class HttpSource:
    """Rows of a service's answers (`RowSource`).

    `_longest` is the most rows that a service gave a device in one answer: its limit is no less.
    """

    def __init__(self, client: httpx.AsyncClient, options: HttpLink, tap: Tap) -> None:
        self._client = client
        self._options = options
        self._tap = tap
        self._longest: dict[str, int] = {}

    async def now(self) -> Instant | None:
        """A service has no clock that could be asked."""
        return None

    async def pages(
        self, device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        """Rows from `start` on, in order of time."""
        profile = _profile(device)
        if request_of(profile).pages == "time":
            async for rows in self._by_time(device.id, profile, start.at):
                yield rows
            return
        rows = await self._gathered(profile, start.at)
        for at in range(0, len(rows), _CHUNK):
            yield rows[at : at + _CHUNK]

    async def _gathered(self, profile: HttpProfile, start: datetime) -> Sequence[Fetched]:
        """All pages together: their order is the service's own, the cursor needs that of time."""
        rows: list[Fetched] = []
        async with aclosing(self._answers(profile, start)) as answers:
            async for answer in answers:
                rows += answer
                if len(rows) > _MOST_ROWS:
                    raise DeviceUnavailable(
                        sentence(
                            "more than {count} rows since {time}",
                            count=_MOST_ROWS,
                            time=start.isoformat(),
                        )
                    )
        return sorted(rows, key=_time)

    async def _answers(
        self, profile: HttpProfile, start: datetime
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        request = request_of(profile)
        match request.pages:
            case "number":
                known: set[str] = set()
                for page in count(1):
                    rows = await self._page(profile, start, page)
                    fresh = {_identity(row) for row in rows} - known
                    if not fresh:
                        return
                    known |= fresh
                    yield rows
            case "link":
                following: Question | None = self._asked(profile, start)
                been: set[str] = set()
                while following is not None:
                    been.add(following.url)
                    heard = await self._ask(profile, following)
                    yield heard.rows
                    following = heard.following
                    if following is not None and following.url in been:
                        raise DeviceUnavailable(
                            sentence("{place} is its own next page", place=following.url)
                        )
                    if len(been) >= _MOST_PAGES:
                        raise DeviceUnavailable(
                            sentence(
                                "more than {count} pages since {time}",
                                count=_MOST_PAGES,
                                time=start.isoformat(),
                            )
                        )
            case _:
                rows = (await self._ask(profile, self._asked(profile, start))).rows
                if request.is_limited and len(rows) >= request.rows:
                    raise _filled_up(len(rows), start)
                yield rows

    async def _page(self, profile: HttpProfile, start: datetime, page: int) -> Sequence[Fetched]:
        """The rows of a page; none where the service has no such page after the first one."""
        try:
            return (await self._ask(profile, self._asked(profile, start, page))).rows
        except Absent:
            if page == 1:
                raise
            return ()

    async def _by_time(
        self, device: str, profile: HttpProfile, start: datetime
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        """Answers from the time on at which the last one ended.

        The one that goes no further holds all there is if the service is known to give more, or
        if it is a single row: else its limit may have cut it off.
        """
        while True:
            answer = (await self._ask(profile, self._asked(profile, start))).rows
            rows = sorted(answer, key=_time)
            yield rows
            last = max((_time(row) for row in rows), default=start)
            longest = self._longest.get(device, 0)
            if last <= start:
                if len(rows) > 1 and len(rows) >= min(longest, request_of(profile).rows):
                    raise _filled_up(len(rows), start)
                return
            self._longest[device] = max(longest, len(rows))
            start = last

    def _asked(self, profile: HttpProfile, start: datetime, page: int = 1) -> Question:
        return asked(profile, self._options.url, start, page)

    async def _ask(self, profile: HttpProfile, question: Question) -> Heard:
        body, charset = await self._answer(question)
        try:
            found = answered(profile, body, charset)
        except ProtocolViolation as error:
            said = sentence("{place}: {why}", place=question.url, why=error)
            raise (Absent if isinstance(error, NoRows) else DeviceUnavailable)(said) from error
        following = question.followed_by(found.following) if found.following else None
        return Heard([fetched(profile, row.values) for row in found.rows], following)

    async def _answer(self, question: Question) -> tuple[bytes, str]:
        """The body and its charset; ConnectionError if the service can't be reached."""
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

    async def _sent(self, request: httpx.Request) -> tuple[bytes, str]:
        self._tap(Direction.OUT, f"{request.method} {request.url.raw_path.decode()}".encode())
        response = await self._client.send(request, stream=True)
        try:
            return await self._read(response), response.charset_encoding or ""
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
            said = sentence("the service answered {status}", status=response.status_code)
            is_absent = response.status_code == httpx.codes.NOT_FOUND
            raise (Absent if is_absent else DeviceUnavailable)(said)
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
            self.method, self.url, params=self.query or None, headers=self.headers, content=content
        )

    def followed_by(self, link: str) -> Question:
        """What asks for the next page; DeviceUnavailable for a link that leads elsewhere."""
        try:
            here, there = httpx.URL(self.url), httpx.URL(self.url).join(link)
        except httpx.InvalidURL as error:
            raise DeviceUnavailable(sentence("{place}: {why}", place=link, why=error)) from error
        if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
            raise DeviceUnavailable(
                sentence("the next page is on another server, {place}: not asked", place=there)
            )
        return Question(self.method, str(there), {}, self.headers, "")


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


def _filled_up(rows: int, start: datetime) -> DeviceUnavailable:
    return DeviceUnavailable(
        sentence(
            "{count} rows since {time} may be all that the service gives at once: raise its limit"
            " and `rows`, or read page by page (`pages`)",
            count=rows,
            time=start.isoformat(),
        )
    )


def _identity(row: Fetched) -> str:
    """What tells whether a row was on an earlier page."""
    if isinstance(row, Row):
        return str(row.key)
    return json.dumps(dict(row.values), sort_keys=True)


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
