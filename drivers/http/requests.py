"""HTTP/1.1 of one caller: one request at a time, each bounded in size and time."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import h11

from drivers.http.answer import Answer, RefusedError, problem
from drivers.http.gate import Head, too_large
from gateway import Connection

_HEAD_LIMIT = 16 * 1024
_IDLE = 60.0
_LINGER = 2.0


class Requests:
    """The requests of one connection. ConnectionError when it ends in the middle of one.

    RefusedError: what came is no HTTP, too large or too slow; answer it, and the connection ends.
    """

    def __init__(self, connection: Connection, *, timeout: float, limit: int) -> None:
        self._connection = connection
        self._timeout = timeout
        self._limit = limit
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_LIMIT)
        self._deadline = 0.0

    async def head(self) -> Head | None:
        """The beginning of the next request; None if no other one comes within a minute."""
        if not self._http.trailing_data[0]:
            try:
                async with asyncio.timeout(_IDLE):
                    self._http.receive_data(await self._connection.read())
            except (TimeoutError, ConnectionError):
                return None
        self._deadline = asyncio.get_running_loop().time() + self._timeout
        event = await self._event()
        if not isinstance(event, h11.Request):
            raise ConnectionError(f"{self._connection.name}: the connection ended")
        headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in event.headers]
        return Head(event.method.decode("latin-1"), event.target.decode("latin-1"), headers)

    async def body(self) -> bytes:
        """The whole body."""
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > self._limit:
                raise too_large(self._limit)
        return bytes(body)

    async def answer(self, answer: Answer) -> bool:
        """Answer the request; whether the connection may go on with another one."""
        headers = {**answer.headers}
        if answer.status != HTTPStatus.NO_CONTENT:
            headers["content-length"] = str(len(answer.body))
        if answer.content_type:
            headers["content-type"] = answer.content_type
        if self._http.their_state is not h11.DONE:
            headers["connection"] = "close"
        parts = [h11.Response(status_code=answer.status, headers=list(headers.items()))]
        sent = b"".join(self._http.send(part) or b"" for part in parts)
        sent += self._http.send(h11.Data(data=answer.body)) or b""
        sent += self._http.send(h11.EndOfMessage()) or b""
        await self._connection.write(sent)
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            return True
        await self._linger()
        return False

    async def _event(self) -> object:
        """The next part of the request, within its time."""
        try:
            async with asyncio.timeout_at(self._deadline):
                while (event := self._http.next_event()) is h11.NEED_DATA:
                    await self._more()
                return event
        except TimeoutError:
            detail = f"The request did not end within {self._timeout:g} s."
            raise _bad(HTTPStatus.REQUEST_TIMEOUT, detail) from None
        except h11.RemoteProtocolError as error:
            status = HTTPStatus(error.error_status_hint)
            raise _bad(status, f"The request is not valid HTTP/1.1: {error}.") from error

    async def _more(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=HTTPStatus.CONTINUE, headers=[])
            await self._connection.write(self._http.send(go_on) or b"")
        self._http.receive_data(await self._connection.read())

    async def _linger(self) -> None:
        """Throw away what the caller still sends: closing on it would take the answer from it."""
        try:
            async with asyncio.timeout(_LINGER):
                while True:
                    await self._connection.read()
        except (TimeoutError, ConnectionError):
            return


def _bad(status: HTTPStatus, detail: str) -> RefusedError:
    return RefusedError(problem(status, detail, "Send a whole HTTP/1.1 request."))
