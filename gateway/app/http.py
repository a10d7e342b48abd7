"""The pages and the API of a gateway, on its port and on its own socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from gateway.api import open_app
from gateway.app.gateway import Gateway
from gateway.app.servers import control_socket, listen, serving
from gateway.console import Console
from gateway.security import Security
from gateway.web import OverSocket


@asynccontextmanager
async def serving_http(gateway: Gateway, data: Path) -> AsyncIterator[str]:
    """Serve within the block, which is given the URL of the pages."""
    http = gateway.config.listeners.http
    console = Console(gateway)
    pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
    security = gateway.rooms.neighbour(Security)
    async with AsyncExitStack() as stack:
        control = stack.enter_context(control_socket(data))
        tcp = stack.enter_context(listen(http.host, http.port))
        app = await stack.enter_async_context(
            open_app(gateway, pages, console.error_page, gate=security.gate)
        )
        await stack.enter_async_context(serving(app, [tcp]))
        await stack.enter_async_context(serving(OverSocket(app), [control]))
        stack.callback(app.end_streams)
        host = f"[{http.host}]" if ":" in http.host else http.host
        security.front.url = f"http://{host}:{tcp.getsockname()[1]}/"
        yield security.front.url
