"""Letters over SMTP and POSTs over HTTP, to strangers on loopback."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hmac
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import orjson
import pytest
from pydantic import SecretStr

from gateway.errors import DeviceUnavailable, ProtocolViolation
from gateway.model import Instant
from gateway.notify.letter import Paper
from gateway.notify.options import Mail, Person, Security, Webhook
from gateway.notify.way import MailWay, WebhookWay, webhook_client
from gateway.profile import Priority
from gateway.room import Notice
from gateway.testing import ManualClock
from gateway.testing.room import MemoryDelivery
from tests.certificates import as_server, make_certificates

SECRET = "s3cret"  # noqa: S105 - of this test alone
PAPER = Paper(
    {"en": "Example Hospital", "zh-CN": "示例医院"},
    ZoneInfo("Asia/Shanghai"),
    "isogate@h.example",
    "https://isogate.h.example",
)


def delivery(key: str, priority: Priority = Priority.HIGH) -> MemoryDelivery:
    notice = Notice(
        key,
        open=True,
        priority=priority,
        title={"en": "Chiller: too warm", "zh-CN": "冷水机组：过热"},
        text="26 Cel > 25",
        advice={"en": "Look at it.", "zh-CN": "请检查。"},
        path="/alarms/chiller-1/temperature/high",
    )
    at = Instant(1_795_435_200_000_000)
    body = {"key": key, "stage": 0, "at": at, "site": "site", **notice.as_payload()}
    return MemoryDelivery(1, "x", key, orjson.dumps(body), at, at)


@dataclass(slots=True)
class MailServer:
    """A stranger that speaks RFC 5321; `refuse` is what it answers to RCPT.

    `answers` are to other verbs; that to DATA comes after the letter.
    """

    refuse: str = ""
    starts_tls: ssl.SSLContext | None = None
    letters: list[EmailMessage] = field(default_factory=list)
    port: int = 0
    answers: dict[bytes, str] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        refuse: str = "",
        *,
        tls: ssl.SSLContext | None = None,
        starts_tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[MailServer]:
        stranger = cls(refuse, starts_tls)
        server = await asyncio.start_server(stranger._serve, "127.0.0.1", 0, ssl=tls)
        async with server:
            stranger.port = server.sockets[0].getsockname()[1]
            yield stranger

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except OSError:
            return
        finally:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 stranger ESMTP\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.strip() else b""
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                body = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                self.letters.append(email.message_from_bytes(body, policy=email.policy.default))
            if verb in self.answers:
                writer.write(self.answers[verb].encode() + b"\r\n")
            elif verb == b"EHLO":
                offers = b"250-STARTTLS\r\n" if self.starts_tls else b""
                writer.write(b"250-stranger\r\n" + offers + b"250 SMTPUTF8\r\n")
            elif verb == b"STARTTLS" and self.starts_tls:
                writer.write(b"220 go on\r\n")
                await writer.drain()
                await writer.start_tls(self.starts_tls)
            elif verb == b"RCPT" and self.refuse:
                writer.write(self.refuse.encode() + b"\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                await writer.drain()
                return
            else:
                writer.write(b"250 ok\r\n")


def mail_way(server: MailServer, language: str | None = "zh-CN") -> MailWay:
    options = Mail(
        host="127.0.0.1", port=server.port, security=Security.NONE, sender=PAPER.sender, timeout=5
    )
    person = Person.model_validate({"name": "王工", "mail": "w@h.example", "language": language})
    return MailWay(options, person, PAPER, ManualClock())


async def test_a_letter_tells_several_at_once_in_the_persons_language() -> None:
    async with MailServer.running() as server:
        grave = delivery("b", Priority.CRITICAL)
        await mail_way(server).tell([delivery("a"), grave])
        (letter,) = server.letters
    assert letter["Subject"] == "[紧急] 冷水机组：过热 · 2 条通知"
    assert letter["To"] == "王工 <w@h.example>"
    text = letter.get_content()
    assert text.count("26 Cel > 25") == 2
    assert "处置建议：请检查。" in text
    assert "https://isogate.h.example/alarms/chiller-1/temperature/high" in text
    assert "What to do" not in text


async def test_the_same_letter_has_the_same_name_and_both_languages_if_none_is_asked() -> None:
    async with MailServer.running() as server:
        for _ in range(2):
            await mail_way(server, None).tell([delivery("a")])
        first, second = server.letters
    assert first["Message-ID"] == second["Message-ID"]
    assert "What to do: Look at it." in first.get_content()
    assert "处置建议：请检查。" in first.get_content()


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 no such person", ProtocolViolation), ("451 later", DeviceUnavailable)],
)
async def test_a_refused_person_is_never_tried_again_and_a_busy_server_is(
    answer: str, error: type[Exception]
) -> None:
    async with MailServer.running(answer) as server:
        with pytest.raises(error):
            await mail_way(server).tell([delivery("a")])


@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("DATA", "554 5.7.1 content refused", ProtocolViolation),
        ("DATA", "451 later", DeviceUnavailable),
        ("MAIL", "552 too large", ProtocolViolation),
        ("MAIL", "550 who are you", DeviceUnavailable),
    ],
)
async def test_what_is_said_against_a_letter_itself_is_said_for_good(
    verb: str, answer: str, error: type[Exception]
) -> None:
    async with MailServer.running() as server:
        server.answers[verb.encode()] = answer
        with pytest.raises(error, match="refuses the letter"):
            await mail_way(server).tell([delivery("a")])


async def test_a_mail_server_that_is_away_is_tried_again() -> None:
    async with MailServer.running() as server:
        way = mail_way(server)
    with pytest.raises(DeviceUnavailable, match=r"127\.0\.0\.1"):
        await way.tell([delivery("a")])


@dataclass(slots=True)
class Hook:
    """A stranger that takes POSTs and answers `status`."""

    status: int = 204
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    @classmethod
    @asynccontextmanager
    async def running(
        cls, status: int = 204, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[Hook]:
        stranger = cls(status)
        server = await asyncio.start_server(stranger._serve, "127.0.0.1", 0, ssl=tls)
        async with server:
            stranger.port = server.sockets[0].getsockname()[1]
            yield stranger

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}
        self.heads.append(fields)
        self.bodies.append(await reader.readexactly(int(fields["content-length"])))
        writer.write(f"HTTP/1.1 {self.status} x\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def hook_way(hook: Hook) -> AsyncIterator[WebhookWay]:
    url = f"http://127.0.0.1:{hook.port}/alarms"
    options = Webhook(url=url, secret=SecretStr(SECRET))
    async with webhook_client(options) as client:
        yield WebhookWay(options, client, ManualClock())


async def test_a_webhook_gets_a_signed_body_and_the_same_key_each_time() -> None:
    async with Hook.running() as hook, hook_way(hook) as way:
        for _ in range(2):
            await way.tell([delivery("alarm:x:1:open:0")])
    assert [head["idempotency-key"] for head in hook.heads] == ["alarm:x:1:open:0"] * 2
    at, _, signature = hook.heads[0]["x-isogate-signature"].removeprefix("t=").partition(",v1=")
    expected = hmac.new(SECRET.encode(), at.encode() + b"." + hook.bodies[0], "sha256").hexdigest()
    assert hmac.compare_digest(signature, expected)
    assert orjson.loads(hook.bodies[0])["notice"]["title"]["zh-CN"] == "冷水机组：过热"


async def test_a_key_in_any_letters_fits_into_a_header_and_stays_as_it_is_in_the_body() -> None:
    key = "alarm:pump-1/pump/is-故障 50%:1:open:0"
    async with Hook.running() as hook, hook_way(hook) as way:
        await way.tell([delivery(key)])
    (head,) = hook.heads
    assert head["idempotency-key"] == "alarm:pump-1/pump/is-%E6%95%85%E9%9A%9C%2050%25:1:open:0"
    assert unquote(head["idempotency-key"]) == key == orjson.loads(hook.bodies[0])["key"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, DeviceUnavailable),
        (429, DeviceUnavailable),
        (302, DeviceUnavailable),
        (404, ProtocolViolation),
    ],
)
async def test_what_a_webhook_answers_decides_whether_it_is_told_again(
    status: int, error: type[Exception]
) -> None:
    async with Hook.running(status) as hook, hook_way(hook) as way:
        with pytest.raises(error, match=str(status)):
            await way.tell([delivery("a")])


async def test_nobody_is_told_the_address_of_a_webhook(caplog: pytest.LogCaptureFixture) -> None:
    async with Hook.running(404) as hook:
        address = f"http://127.0.0.1:{hook.port}/send?key=T0PSECRET"
        options = Webhook.model_validate({"url": address, "secret": SECRET})
        async with webhook_client(options) as client:
            way = WebhookWay(options, client, ManualClock())
            with pytest.raises(ProtocolViolation) as refused:
                await way.tell([delivery("a")])
    async with webhook_client(options) as client:
        with pytest.raises(DeviceUnavailable) as away:
            await WebhookWay(options, client, ManualClock()).tell([delivery("a")])
    assert str(refused.value) == "127.0.0.1 answered 404"
    assert str(away.value).startswith("127.0.0.1: ")
    said = [each.getMessage() for each in caplog.records if each.name.startswith("gateway")]
    assert "T0PSECRET" not in " ".join([*said, str(refused.value), str(away.value), repr(options)])


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private authority and the certificate of `localhost` that it signed."""
    folder = tmp_path_factory.mktemp("pem")
    make_certificates(folder, "localhost")
    return folder


def protected(server: MailServer, security: Security, ca: Path | None) -> MailWay:
    options = Mail(
        host="localhost",
        port=server.port,
        security=security,
        sender=PAPER.sender,
        ca=ca,
        timeout=5,
    )
    person = Person.model_validate({"name": "Wang", "mail": "w@h.example", "language": "en"})
    return MailWay(options, person, PAPER, ManualClock())


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_a_letter_goes_over_tls_to_a_server_that_the_sites_authority_vouches_for(
    pem: Path, security: Security
) -> None:
    ours = as_server(pem)
    at_once, later = (ours, None) if security is Security.TLS else (None, ours)
    async with MailServer.running(tls=at_once, starts_tls=later) as server:
        way = protected(server, security, pem / "authority.pem")
        await way.tell([delivery("a")])
        assert len(server.letters) == 1
        with pytest.raises(DeviceUnavailable, match="certificate"):
            await protected(server, security, None).tell([delivery("b")])
        assert len(server.letters) == 1, "nothing is told to a stranger"


async def test_a_letter_is_not_sent_in_plain_text_where_tls_is_wanted(pem: Path) -> None:
    async with MailServer.running() as server:
        way = protected(server, Security.STARTTLS, pem / "authority.pem")
        with pytest.raises(DeviceUnavailable):
            await way.tell([delivery("a")])
        assert server.letters == []


async def test_a_webhook_is_called_over_https_with_the_sites_authority_alone(pem: Path) -> None:
    async with Hook.running(tls=as_server(pem)) as hook:
        url = f"https://localhost:{hook.port}/alarms"
        known = Webhook(url=url, secret=SecretStr(SECRET), ca=pem / "authority.pem")
        async with webhook_client(known) as client:
            await WebhookWay(known, client, ManualClock()).tell([delivery("a")])
        unknown = Webhook(url=url, secret=SecretStr(SECRET))
        async with webhook_client(unknown) as client:
            with pytest.raises(DeviceUnavailable, match="certificate"):
                await WebhookWay(unknown, client, ManualClock()).tell([delivery("b")])
        assert [head["idempotency-key"] for head in hook.heads] == ["a"]
