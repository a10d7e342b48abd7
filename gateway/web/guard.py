"""Enforces access rules, and sends the headers that keep a browser from being turned against us."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.room import OWNER, Access, Rule, with_principal
from gateway.web.policy import POLICY
from gateway.web.refusal import Refusal

_OVER_SOCKET = "isogate.over_socket"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """A route's application behind its rule; raises Refusal for whoever may not call it."""

    def __init__(self, app: ASGIApp, rule: Rule) -> None:
        self._app = app
        self.access_rule = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get(_OVER_SOCKET):
            _admit(scope, self.access_rule)
        await self._app(with_principal(scope, OWNER), receive, send)


class OverSocket:
    """The application as served on the gateway's Unix socket, whose callers are its owner."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, _OVER_SOCKET: True}, receive, send)


class BrowserHeaders:
    """Adds the security headers to every response that does not bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                ours = [each for each in _HEADERS if each[0] not in given]
                message["headers"] = [*message["headers"], *ours]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _admit(scope: Scope, rule: Rule) -> None:
    if rule is Access.OWNER:
        raise _refused("it is open only through the gateway's Unix socket")
    client = scope.get("client")
    if client is None or not _is_loopback(client[0]):
        raise _refused("it is open only to this machine")
    headers = {name: value for name, value in scope["headers"] if name in _RELEVANT}
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if _without_port(host) not in _LOOPBACK_NAMES:
        raise _refused("the Host header is not a loopback name")
    if scope["method"] not in _SAFE and not _is_same_origin(headers, host):
        raise _refused("the request comes from another site's page")


_RELEVANT = frozenset({b"host", b"origin", b"sec-fetch-site"})


def _is_loopback(address: str) -> bool:
    if address == "127.0.0.1":
        return True
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _is_same_origin(headers: dict[bytes, bytes], host: str) -> bool:
    """A program sends neither header; a browser sends Origin with every unsafe method."""
    if headers.get(b"sec-fetch-site", b"same-origin") not in {b"same-origin", b"none"}:
        return False
    origin = headers.get(b"origin")
    return origin is None or origin.decode("latin-1").lower() == f"http://{host}"


def _refused(why: str) -> Refusal:
    return Refusal(
        403,
        "Not allowed",
        "This address is not served here: {cause}.",
        "Call it on the gateway's own machine, by localhost or 127.0.0.1.",
        cause=why,
    )
