"""The door of the application: who asks, and whether they are let in at all; before any route."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from ipaddress import IPv6Address, ip_address
from math import ceil

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.room import set_principal
from gateway.web.caller import OVER_SOCKET, Caller, Gate, set_caller
from gateway.web.policy import POLICY
from gateway.web.refusal import Refusal, problem

_OVER_SOCKET = "isogate.over_socket"
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_RELEVANT = frozenset(
    {
        b"accept",
        b"authorization",
        b"cookie",
        b"host",
        b"origin",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"user-agent",
        b"x-background",
        b"x-csrf-token",
    }
)
HEADERS = "isogate.headers"
"""Where the door leaves the headers that decide about access, by name."""

_MOST_HEADERS = 64
_LONGEST_HEADERS = 16 * 1024
_LONGEST_ADDRESS = 4 * 1024

_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})
_OVER_TLS = (*_HEADERS, (b"strict-transport-security", b"max-age=31536000"))


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

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        headers = _OVER_TLS if scope.get("scheme") in {"https", "wss"} else _HEADERS

        async def send_with_headers(message: Message) -> None:
            if message["type"] in _STARTS:
                given = {name for name, _ in message["headers"]}
                ours = [each for each in headers if each[0] not in given]
                message["headers"] = [*message["headers"], *ours]
            await send(message)

        return self._app(scope, receive, send_with_headers)


class Door:
    """Establishes the caller of each request, and refuses what no route should have to look at.

    `names` are those by which this gateway is called, besides loopback names and the very address
    that a connection came in on: another Host is a page of somebody else that had its name point
    here (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, gate: Gate, names: frozenset[str]) -> None:
        self._app, self._gate = app, gate
        self._names = _LOOPBACK_NAMES | {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            scope["method"] = "GET"  # which is how its handshake is asked for (RFC 6455 4.1)
        elif scope["type"] != "http":
            return
        try:
            caller = OVER_SOCKET if scope.get(_OVER_SOCKET) else self._caller(scope)
        except Refusal as refusal:
            await refused(refusal, scope, receive, send)
            return
        set_caller(scope, caller)
        set_principal(scope, caller.principal)
        await self._app(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller:
        headers = _measured(scope)
        scope[HEADERS] = headers
        self._check_host(headers, scope)
        address = _address(scope)
        if self._gate.closed_to(address):
            raise Refusal(
                403,
                "Not served to this machine",
                "No administrator exists yet; until then only the gateway's own machine is served.",
                "Open the set-up link on that machine; docs/how-to/accounts.md tells more.",
            )
        caller = self._gate.caller(
            headers,
            address,
            secure=scope["scheme"] in {"https", "wss"},
            active=b"x-background" not in headers,
        )
        wait = self._gate.delay(caller)
        if wait:
            raise too_often(wait)
        return caller

    def _check_host(self, headers: Mapping[bytes, bytes], scope: Scope) -> None:
        host = _without_port(headers.get(b"host", b"").decode("latin-1").lower())
        if host in self._names:
            return
        server = scope.get("server")
        own = server[0] if server else ""
        if not own or host not in (own, f"[{own}]"):
            raise Refusal(
                403,
                "Not allowed",
                "This gateway is not called {host}.",
                "Use one of its names, or add this one to listeners.http.names in devices.yaml.",
                host=host[:100] or "nothing",
            )


async def refused(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or the handshake of a WebSocket, with a problem."""
    answer = problem(refusal, scope["path"])
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).send_denial_response(answer)
    else:
        await answer(scope, receive, send)


def too_often(seconds: float) -> Refusal:
    return Refusal(
        429,
        "Too many requests",
        "More requests came from here than are answered.",
        "Wait {seconds} seconds and try again.",
        headers={"retry-after": str(ceil(seconds))},
        seconds=ceil(seconds),
    )


def loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    if address == "127.0.0.1":
        return True
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def _measured(scope: Scope) -> dict[bytes, bytes]:
    """The headers that matter here, if all of them together are of a size that is read."""
    every = scope["headers"]
    if len(every) > _MOST_HEADERS or sum(len(n) + len(v) for n, v in every) > _LONGEST_HEADERS:
        raise Refusal(
            431, "Headers too large", "The headers of the request are too large.", "Send fewer."
        )
    if len(scope["path"]) + len(scope["query_string"]) > _LONGEST_ADDRESS:
        raise Refusal(
            414, "Address too long", "The address of the request is too long.", "Ask for less."
        )
    return {name: value for name, value in every if name in _RELEVANT}


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
