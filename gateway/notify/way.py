"""The ways by which people and systems are told: mail and webhooks."""

from __future__ import annotations

import hmac
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
from urllib.parse import quote

import aiosmtplib
import httpx

from gateway.errors import DeviceUnavailable, ProtocolViolation
from gateway.model import Clock, to_datetime
from gateway.notify.letter import Paper, Told, letter
from gateway.notify.options import Mail, Person, Security, Webhook
from gateway.room import Delivery

_SECOND = 1_000_000
_PERMANENT = 500
_TOO_LARGE = 552
"""Answer to MAIL that is about the letter, not about its sender (RFC 1870)."""
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")
_TRY_AGAIN = frozenset({408, 409, 425, 429})
"""Answers of a client error that a later attempt may mend (RFC 9110, RFC 8470, RFC 6585)."""


class Way(Protocol):
    """One destination's way. `most` deliveries may go together."""

    @property
    def most(self) -> int: ...

    async def tell(self, deliveries: Sequence[Delivery]) -> None:
        """Hand them over; when it returns, the other side has said that it has them.

        DeviceUnavailable: try again later. ProtocolViolation: they will never be taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class MailWay:
    """Letters to one person; what waits together goes together."""

    server: Mail
    person: Person
    paper: Paper
    clock: Clock
    most: int = 50

    async def tell(self, deliveries: Sequence[Delivery]) -> None:
        message = self._composed(deliveries)
        server = self.server
        secret = server.password
        try:
            await aiosmtplib.send(
                message,
                sender=self.paper.sender,
                recipients=[self.person.mail],
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=secret.get_secret_value() if secret is not None else None,
                use_tls=server.security is Security.TLS,
                start_tls=server.security is Security.STARTTLS,
                tls_context=_tls(server.ca) if server.security is not Security.NONE else None,
                timeout=server.timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            said = f"the mail server refuses {self.person.mail}: {error}"
            if codes and min(codes) >= _PERMANENT:
                raise ProtocolViolation(said) from error
            raise DeviceUnavailable(said) from error
        except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused) as error:
            said = f"the mail server refuses the letter: {error}"
            of_content = isinstance(error, aiosmtplib.SMTPDataError) or error.code == _TOO_LARGE
            if of_content and error.code >= _PERMANENT:
                raise ProtocolViolation(said) from error
            raise DeviceUnavailable(said) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise DeviceUnavailable(
                f"mail server {server.host}:{server.port}: {str(error) or type(error).__name__}"
            ) from error

    def _composed(self, deliveries: Sequence[Delivery]) -> EmailMessage:
        try:
            several = [Told.read(each.payload) for each in deliveries]
            message = letter(self.paper, self.person, several, to_datetime(self.clock.now()))
            message.as_bytes(policy=SMTP)
        except Exception as error:  # composing is pure: the fault lies in what was to be said
            raise ProtocolViolation(
                f"no letter can be made of it: {type(error).__name__}: {error}"
            ) from error
        return message


@dataclass(frozen=True, slots=True)
class WebhookWay:
    """POSTs to one address, one notice each.

    Headers: `Idempotency-Key` is the same each time the same telling is sent: its key, of which
    `%` and what is not printable ASCII are percent-encoded UTF-8 (RFC 3986, 2.1);
    `X-Isogate-Signature` is `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">` by the secret.
    """

    options: Webhook
    client: httpx.AsyncClient
    clock: Clock
    most: int = 1

    async def tell(self, deliveries: Sequence[Delivery]) -> None:
        for each in deliveries:
            await self._post(each)

    async def _post(self, delivery: Delivery) -> None:
        at = str(self.clock.now() // _SECOND)
        headers = {
            "content-type": "application/json",
            "idempotency-key": quote(delivery.key, safe=_PLAIN),
            "x-isogate-signature": f"t={at},v1={self._signed(at, delivery.payload)}",
        }
        url, host = self.options.url.get_secret_value(), self.options.host
        try:
            answer = await self.client.post(url, content=delivery.payload, headers=headers)
        except httpx.HTTPError as error:
            said = str(error).replace(url, host) or type(error).__name__
            raise DeviceUnavailable(f"{host}: {said}") from error
        if answer.is_success:
            return
        said = f"{host} answered {answer.status_code}"
        if answer.is_client_error and answer.status_code not in _TRY_AGAIN:
            raise ProtocolViolation(said)
        raise DeviceUnavailable(said)

    def _signed(self, at: str, body: bytes) -> str:
        secret = self.options.secret.get_secret_value().encode()
        return hmac.new(secret, at.encode() + b"." + body, "sha256").hexdigest()


def webhook_client(options: Webhook) -> httpx.AsyncClient:
    """A client that never follows a redirect: an address is what the site wrote."""
    verify = _tls(options.ca) if options.scheme == "https" else False
    return httpx.AsyncClient(timeout=options.timeout, verify=verify, follow_redirects=False)


def _tls(ca: object) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca) if ca is not None else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
