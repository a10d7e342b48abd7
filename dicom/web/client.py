"""Asking a DICOMweb server: STOW-RS, QIDO-RS, WADO-RS (PS3.18 10)."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from dicom.dimse import Status
from dicom.web.media import DICOM, JSON, RELATED, media_type
from dicom.web.multipart import Body, NotMultipart, Part, Writer
from gateway import ConfigError, DeviceUnavailable, IsogateError, ProtocolViolation

_CONNECT = 10.0
_SILENCE = 60.0
_WORDS = 200
_LARGEST_ANSWER = 64 * 1024**2
_REF_INSTANCE, _REASON = "00081155", "00081197"
_FAILED, _STORED = "00081198", "00081199"
_LAST_CODE = 0xFFFF
_STORE_CODES = frozenset((200, 202, 409))
_NOT_NOW = frozenset((408, 425, 429, 502, 503, 504))


class RefusedByPeer(IsogateError):  # noqa: N818 - what it is
    """The server answered and did not do it: what it was asked, or who asked, is not right."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class NotNow(DeviceUnavailable):
    """The server, or what stands before it, takes nothing for now.

    `after` is in how many seconds it wants to be asked again; 0 if it does not say.
    """

    def __init__(self, words: str, after: float = 0.0) -> None:
        super().__init__(words)
        self.after = after


@dataclass(frozen=True, slots=True)
class WebPeer:
    """A server: the address under which `studies` lie, and how we show who we are.

    `ca` is a file of authorities where the machine's own do not count; `certificate` and `key` are
    ours.
    """

    name: str
    url: str
    token: str = ""
    user: str = ""
    password: str = ""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __str__(self) -> str:
        return f"{self.name} at {self.url}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An object to be stored: its UID, and the Part 10 file in pieces."""

    uid: str
    content: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a server said of the objects that it was sent, by SOP Instance UID.

    `failed` gives the reason's code, which is never that of success; what stands there counts as
    failed, whatever else is said of it. Of what stands in neither, nobody knows whether it has it.
    """

    stored: frozenset[str]
    failed: Mapping[str, int]


class WebClient:
    """One server, while it is open. Requests may run beside each other.

    DeviceUnavailable: nobody answers, or says that it is its own fault, of which NotNow; and
    RefusedByPeer; and ProtocolViolation for an answer that is none.
    """

    def __init__(self, peer: WebPeer, http: httpx.AsyncClient) -> None:
        self.peer, self._http = peer, http

    @classmethod
    @asynccontextmanager
    async def open(cls, peer: WebPeer) -> AsyncIterator[WebClient]:
        """ConfigError for TLS files that can't be used."""
        auth = (peer.user, peer.password) if peer.user else None
        headers = {"authorization": f"Bearer {peer.token}"} if peer.token else {}
        async with httpx.AsyncClient(
            base_url=peer.url.rstrip("/"),
            auth=auth,
            headers=headers,
            verify=_tls(peer),
            timeout=httpx.Timeout(_SILENCE, connect=_CONNECT),
            trust_env=False,
        ) as http:
            yield cls(peer, http)

    async def store(self, objects: Iterable[Outgoing], study: str = "") -> Answered:
        """Send objects in one request, streamed; to one study, if it is named."""
        writer = Writer(DICOM)
        request = self._http.build_request(
            "POST",
            f"/studies/{study}" if study else "/studies",
            content=_written(objects, writer),
            headers={"content-type": writer.content_type, "accept": JSON},
        )
        async with self._answer(request, _STORE_CODES) as answer:
            return _answered(self._json(answer, await self._whole(answer)))

    async def search(
        self, level: str, path: str = "", query: Mapping[str, str] | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """Datasets in the JSON model that fit; `level` is `studies`, `series` or `instances`.

        `path` names what they are of, as `/studies/1.2.3`; `query` are keywords with values to
        match, and `limit`, `offset`, `includefield`.
        """
        request = self._http.build_request(
            "GET", f"{path}/{level}", params=query, headers={"accept": JSON}
        )
        async with self._answer(request, frozenset((200, 204))) as answer:
            content = await self._whole(answer)
            said = self._json(answer, content) if content else []
        if not isinstance(said, list):
            raise ProtocolViolation(f"{self.peer}: the answer to a search is no list")
        return said

    @asynccontextmanager
    async def retrieve(self, path: str) -> AsyncIterator[AsyncGenerator[Part, None]]:
        """Objects as Part 10 files in the transfer syntaxes of the server, one after the other."""
        accept = f'{RELATED}; type="{DICOM}"; transfer-syntax=*'
        request = self._http.build_request("GET", path, headers={"accept": accept})
        async with self._answer(request, frozenset((200,))) as answer:
            kind = media_type(answer.headers.get("content-type", ""))
            boundary = kind.parameters.get("boundary", "")
            if kind.name != RELATED or not boundary:
                raise ProtocolViolation(f"{self.peer}: objects as {kind.name or 'nothing'}")
            async with aclosing(Body(self._chunks(answer), boundary).parts()) as parts:
                yield parts

    @asynccontextmanager
    async def _answer(
        self, request: httpx.Request, expected: frozenset[int]
    ) -> AsyncIterator[httpx.Response]:
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.TimeoutException:
            raise DeviceUnavailable(f"{self.peer}: no answer in time") from None
        except httpx.TransportError as error:
            raise DeviceUnavailable(f"{self.peer}: {error}: check address and network") from error
        try:
            if answer.status_code not in expected:
                raise await self._refusal(answer)
            yield answer
        except httpx.TransportError as error:
            raise DeviceUnavailable(f"{self.peer}: the answer broke off: {error}") from error
        except (NotMultipart, httpx.DecodingError) as error:
            raise ProtocolViolation(f"{self.peer}: {error}") from None
        finally:
            await answer.aclose()

    async def _refusal(self, answer: httpx.Response) -> IsogateError:
        try:
            text = (await self._whole(answer)).decode("utf-8", "replace")
        except (httpx.TransportError, httpx.DecodingError, ProtocolViolation):
            text = ""  # the status says enough
        words = f"{self.peer}: {answer.status_code} {' '.join(text.split())[:_WORDS]}"
        if answer.status_code in _NOT_NOW:
            return NotNow(words, _retry_after(answer.headers))
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return DeviceUnavailable(words)
        return RefusedByPeer(answer.status_code, words)

    async def _whole(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > _LARGEST_ANSWER:
                raise ProtocolViolation(
                    f"{self.peer}: an answer of more than {_LARGEST_ANSWER} bytes"
                )
        return bytes(content)

    async def _chunks(self, answer: httpx.Response) -> AsyncIterator[bytes]:
        async for chunk in answer.aiter_bytes():
            yield chunk

    def _json(self, answer: httpx.Response, content: bytes) -> Any:
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            kind = answer.headers.get("content-type", "")
            raise ProtocolViolation(f"{self.peer}: no JSON but {kind[:40]!r}") from None


async def _written(objects: Iterable[Outgoing], writer: Writer) -> AsyncIterator[bytes]:
    for each in objects:
        yield writer.head(DICOM)
        async for piece in each.content:
            yield piece
    yield writer.end()


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; 0 where no time stands in it (RFC 9110 10.2.3). A date is as of the answer's."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        wanted, now = (parsedate_to_datetime(each) for each in (text, headers.get("date", "")))
        return max(0.0, (wanted - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _answered(said: Any) -> Answered:
    """ProtocolViolation for what is not in the JSON model."""
    try:
        failed = {_value(each, _REF_INSTANCE): _reason(each) for each in _items(said, _FAILED)}
        stored = [_value(each, _REF_INSTANCE) for each in _items(said, _STORED)]
        return Answered(
            frozenset(filter(None, stored)),
            {uid: reason for uid, reason in failed.items() if uid},
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise ProtocolViolation(f"the answer to a store request is no dataset: {error}") from None


def _items(said: Any, key: str) -> Sequence[Any]:
    items: Sequence[Any] = said.get(key, {}).get("Value", [])
    return items


def _value(item: Any, key: str) -> Any:
    """The first value of an attribute, or None."""
    values = item.get(key, {}).get("Value", [])
    return values[0] if values else None


def _reason(item: Any) -> int:
    """The Failure Reason of what failed; where there is none to be read, a failure to process."""
    try:
        code = int(_value(item, _REASON))
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
        code = Status.SUCCESS
    return code if Status.SUCCESS < code <= _LAST_CODE else Status.PROCESSING_FAILURE


def _tls(peer: WebPeer) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=peer.ca)
        if peer.certificate is not None:
            context.load_cert_chain(peer.certificate, peer.key)
    except OSError as error:
        raise ConfigError(f"dicom: {peer.name}: {error}: check its TLS files (PEM)") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
