"""multipart/related (RFC 2387) as it comes: parts one after the other, none held whole."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from secrets import token_hex
from typing import TypeAlias

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

Headers: TypeAlias = Mapping[str, str]
"""Fields of a part, in lower case."""

_LONGEST_FIELD = 4096


class NotMultipart(ValueError):  # noqa: N818 - a property of the message
    """A body that is not what its type says, or ends before its last boundary."""


class Part:
    """One part: `headers`, and its bytes. Taken before the next one is asked for."""

    def __init__(self, headers: Headers, body: Body) -> None:
        self.headers = headers
        self._body = body
        self.received = 0
        self.is_drained = False

    async def take(self, at_least: int = 1) -> list[bytes]:
        """What came, `at_least` so many bytes unless it ends before; NotMultipart if cut off."""
        parts: list[bytes] = []
        size = 0
        while size < at_least and not self.is_drained:
            data = await self._body.data()
            if data is None:
                self.is_drained = True
                break
            parts.append(data)
            size += len(data)
        self.received += size
        return parts

    def give_back(self, data: bytes) -> None:
        """Bytes that were taken and belong to what is read next."""
        self._body.give_back(data)
        self.received = 0

    async def skip(self) -> None:
        """Throw away what is left."""
        while not self.is_drained:
            await self.take()


class Body:
    """A whole body, read from chunks as they come."""

    def __init__(self, chunks: AsyncIterator[bytes], boundary: str) -> None:
        self._chunks = chunks
        self._found: deque[bytes | Headers | None] = deque()
        self._headers: dict[str, str] = {}
        self._name = self._value = b""
        self._whole = False
        self._parser = MultipartParser(
            boundary.encode("latin-1"),
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_name,
                "on_header_value": self._on_value,
                "on_header_end": self._on_field,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._on_end,
                "on_end": self._on_last,
            },
        )

    async def parts(self) -> AsyncGenerator[Part, None]:
        """Part by part; what a caller left of one is thrown away. NotMultipart."""
        while (headers := await self._next()) is not None:
            if not isinstance(headers, dict):
                raise NotMultipart("bytes outside of a part")
            part = Part(headers, self)
            yield part
            await part.skip()

    async def data(self) -> bytes | None:
        """The next bytes of the part that is read, None at its end; for `Part`."""
        found = await self._next(within=True)
        assert found is None or isinstance(found, bytes)  # noqa: S101 - headers follow an end
        return found

    def give_back(self, data: bytes) -> None:
        """Bytes that come first again; for `Part`."""
        if data:
            self._found.appendleft(data)

    async def _next(self, *, within: bool = False) -> bytes | Headers | None:
        while not self._found:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                if within or not self._whole:
                    raise NotMultipart("the body ends before its last boundary")
                return None
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise NotMultipart(str(error)) from None
        return self._found.popleft()

    def _begin(self) -> None:
        self._headers = {}

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._check(self._name)

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check(self._value)

    def _on_field(self) -> None:
        name, value = self._name.decode("latin-1"), self._value.decode("latin-1")
        self._headers[name.strip().lower()] = value.strip()
        self._name = self._value = b""

    def _on_headers(self) -> None:
        self._found.append(self._headers)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if end > start:
            self._found.append(data[start:end])

    def _on_end(self) -> None:
        self._found.append(None)

    def _on_last(self) -> None:
        self._whole = True

    def _check(self, field: bytes) -> None:
        if len(field) > _LONGEST_FIELD:
            raise FormParserError(f"a field of a part longer than {_LONGEST_FIELD} bytes")


class Writer:
    """Writes a multipart body. `kind` is the type of its parts."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._boundary = token_hex(16)

    @property
    def content_type(self) -> str:
        return f'multipart/related; type="{self._kind}"; boundary={self._boundary}'

    def head(self, kind: str, location: str = "") -> bytes:
        """What stands before a part's bytes."""
        place = f"Content-Location: {location}\r\n" if location else ""
        return f"\r\n--{self._boundary}\r\nContent-Type: {kind}\r\n{place}\r\n".encode("latin-1")

    def end(self) -> bytes:
        """What stands behind the last part."""
        return f"\r\n--{self._boundary}--\r\n".encode("latin-1")
