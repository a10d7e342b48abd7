"""The pages and the API of a gateway, on its port and on its own socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from gateway.api import open_app
from gateway.app.certificates import Certificates
from gateway.app.gateway import Gateway
from gateway.app.servers import control_socket, listen, serving
from gateway.config import Http
from gateway.console import Console
from gateway.room import EndsStreams
from gateway.security import Security
from gateway.web import OverSocket

log = logging.getLogger(__name__)

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognized, not bound


@asynccontextmanager
async def serving_http(gateway: Gateway, data: Path) -> AsyncIterator[str]:
    """Serve within the block, which is given the URL of the pages."""
    http = gateway.config.listeners.http
    security = gateway.rooms.neighbour(Security)
    console = Console(gateway)
    pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
    async with AsyncExitStack() as stack:
        certificates = Certificates(http.tls) if http.tls is not None else None
        control = stack.enter_context(control_socket(data))
        tcp = stack.enter_context(listen(http.host, http.port))
        app = await stack.enter_async_context(
            open_app(
                gateway,
                pages,
                console.error_page,
                gate=security.gate,
                names=frozenset(http.names),
            )
        )
        tls = certificates.context if certificates is not None else None
        await stack.enter_async_context(
            serving(app, [tcp], tls=tls, proxies=list(http.trusted_proxies))
        )
        await stack.enter_async_context(serving(OverSocket(app), [control]))
        if certificates is not None:
            gateway.at_reload = certificates.reload
            watching = asyncio.create_task(certificates.watch(), name="watch-certificate")
            stack.callback(watching.cancel)
        stack.callback(app.end_streams)
        for service in gateway.rooms.everybody():
            if isinstance(service, EndsStreams):
                stack.callback(service.end_streams)
        if http.reaches_others and tls is None:
            log.warning("Pages and API are served to others without TLS: %s", http.reason)
            security.front.plain = http.reason
        security.front.url = _url(http, tcp.getsockname()[1])
        yield security.front.url


def _url(http: Http, port: int) -> str:
    """Where people find the pages."""
    scheme, usual = ("https", 443) if http.tls is not None else ("http", 80)
    host = "localhost" if http.host in _EVERYWHERE else http.host
    host = http.names[0] if http.names else f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}/" if port == usual else f"{scheme}://{host}:{port}/"
