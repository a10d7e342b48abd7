"""An archive that answers C-ECHO and C-STORE, and keeps nothing but a count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt

TITLE = "ARCHIVE"
FAULTS = ("down", "refusing")
_VERIFICATION = "1.2.840.10008.1.1"
_SUCCESS, _OUT_OF_RESOURCES = 0x0000, 0xA700


class Archive:
    """`down`: it takes no calls. `refusing`: it is out of room for what it is sent."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._faults: set[str] = set()
        self._server: Any = None
        self.received = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Archive]:
        """Answer within the block."""
        self._start()
        try:
            yield self
        finally:
            await asyncio.to_thread(self._stop)

    @property
    def port(self) -> int:
        return self._place[1]

    def fault(self, kind: str) -> None:
        self._faults.add(kind)
        if kind == "down":
            self._stop()

    def clear(self) -> None:
        self._faults.clear()
        self._start()

    def _start(self) -> None:
        if self._server is not None:
            return
        entity = AE(TITLE)
        entity.add_supported_context(_VERIFICATION)
        for each in AllStoragePresentationContexts:
            entity.add_supported_context(str(each.abstract_syntax), ALL_TRANSFER_SYNTAXES)
        self._server = entity.start_server(
            self._place, block=False, evt_handlers=[(evt.EVT_C_STORE, self._take)]
        )
        self._place = self._server.server_address

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()

    def _take(self, _event: evt.Event) -> int:
        if "refusing" in self._faults:
            return _OUT_OF_RESOURCES
        self.received += 1
        return _SUCCESS
