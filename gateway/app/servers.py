"""Serves the HTTP application on a TCP port and on the gateway's own Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gateway.app.bounded import BoundedHttp, Socket
from gateway.app.layout import CONTROL_SOCKET
from gateway.errors import ConfigError

_BACKLOG = 1024
_LAST_WORDS = 2
_MOST_CONNECTIONS = 8_000
_LONGEST_MESSAGE = 65_536
"""Of a client by WebSocket: nothing that is served has more to hear."""


class _Server(uvicorn.Server):
    """Says when it is up, and leaves the signals to whoever runs the gateway."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; a port in use is a ConfigError that says so."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's 40 ms off only for sockets that name their protocol.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"can't listen on {host}:{port}: {error.strerror}; free the port or choose another"
        ) from error
    sock.listen(_BACKLOG)
    return sock


@contextmanager
def control_socket(data: Path) -> Iterator[socket.socket]:
    """A listening Unix socket that only its owner may open, removed at the end."""
    path = data / CONTROL_SOCKET
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        sock.bind(os.fspath(path))
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"can't make the control socket {path}: {error.strerror or error}; "
            "the data directory needs to be writable and its path shorter than 90 characters"
        ) from error
    finally:
        os.umask(mask)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    sock.listen(_BACKLOG)
    try:
        yield sock
    finally:
        sock.close()
        path.unlink(missing_ok=True)


@asynccontextmanager
async def serving(
    app: ASGIApp,
    sockets: Sequence[socket.socket],
    *,
    tls: ssl.SSLContext | None = None,
    proxies: Sequence[str] = (),
) -> AsyncIterator[None]:
    """Serve `app` on `sockets` within the block; open streams get two seconds to end.

    Where a request came from is what the connection says, unless it comes from one of `proxies`.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        http=BoundedHttp,
        ws=Socket,
        ws_max_size=_LONGEST_MESSAGE,
        ws_per_message_deflate=False,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        limit_concurrency=_MOST_CONNECTIONS,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_WORDS,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.serve(sockets=list(sockets)), name="http")
        await server.up.wait()
        try:
            yield
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await task
