"""Knows who calls: the accounts' side of `gateway.web.Gate`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from ipaddress import IPv6Address, ip_address

from gateway.security import cookie
from gateway.security.books import Books
from gateway.security.bucket import Buckets
from gateway.security.secret import form_token
from gateway.security.session import Session
from gateway.web import Caller, Means
from gateway.web.audited import Audited
from gateway.web.door import loopback

SECOND_FACTOR = "/account/second-factor"
_BEARER = b"bearer "


class Gatekeeper(Audited):
    """A `gateway.web.Gate`: finds sessions and tokens in memory, so a request costs it little."""

    def __init__(self, books: Books) -> None:
        super().__init__(books.audit)
        self._accounts, self._sessions, self._tokens = books.accounts, books.sessions, books.tokens
        self._streams, self._options = books.streams, books.options
        limits, seconds = books.options.limits, asyncio.get_running_loop().time
        self._known = Buckets(limits.per_second, limits.burst, seconds)
        self._unknown = Buckets(limits.anonymous_per_second, limits.anonymous_burst, seconds)
        self._set_up = False

    def caller(
        self, headers: Mapping[bytes, bytes], address: str, *, secure: bool, active: bool
    ) -> Caller:
        authorization = headers.get(b"authorization")
        if authorization is not None:
            return self._bearer(authorization, address)
        cookies = headers.get(b"cookie")
        if cookies is None:
            return Caller(address=address)
        return self._cookie(cookies, address, secure=secure, active=active)

    def delay(self, caller: Caller) -> float:
        if caller.means is Means.NONE:
            return self._unknown.take(network(caller.address))
        return self._known.take(caller.principal.id)

    def closed_to(self, address: str) -> bool:
        if self._set_up or loopback(address) or self._options.set_up_from_network:
            return False
        self._set_up = bool(self._accounts.administrators())
        return not self._set_up

    def lasting(self, caller: Caller, limit: asyncio.Timeout) -> AbstractContextManager[None]:
        return self._streams.lasting(caller.key, limit)

    def _bearer(self, authorization: bytes, address: str) -> Caller:
        scheme, secret = authorization[: len(_BEARER)], authorization[len(_BEARER) :]
        token = None
        if scheme.lower() == _BEARER:
            token = self._tokens.find(secret.decode("latin-1").strip())
        if token is None:
            return Caller(address=address, rejected=True)
        return Caller(token.principal, Means.BEARER, address, token.id)

    def _cookie(self, cookies: bytes, address: str, *, secure: bool, active: bool) -> Caller:
        secret = cookie.value_of(cookies, cookie.named(cookie.SESSION, secure=secure))
        if secret:
            session = self._sessions.find(secret)
            found = session and self._person(session, secret, address, active=active)
            return found or Caller(address=address, rejected=True)
        secret = cookie.value_of(cookies, cookie.named(cookie.DISPLAY, secure=secure))
        token = self._tokens.find(secret) if secret else None
        if token is None:
            return Caller(address=address, rejected=bool(secret))
        return Caller(token.principal, Means.COOKIE, address, token.id, form_token(secret))

    def _person(
        self, session: Session, secret: str, address: str, *, active: bool
    ) -> Caller | None:
        account = self._accounts.get(session.account)
        if account is None or account.locked:
            return None
        if active:
            self._sessions.touch(session)
        who, pending = account.principal, ""
        if account.needs_totp:
            who, pending = replace(who, permissions=frozenset()), SECOND_FACTOR
        return Caller(who, Means.COOKIE, address, session.id, form_token(secret), pending)


def network(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the 64 bits that an IPv6 customer is given."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
    return address
