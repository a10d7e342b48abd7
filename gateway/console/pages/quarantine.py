"""`/quarantine`: what was not understood, and reading it again once that is mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.render import Renderer
from gateway.console.pages.worklist import tasks
from gateway.model import QuarantineReason
from gateway.room import Permission, access
from gateway.store import QuarantineEntry
from gateway.web import GatewayView

_READ = 500
_MOST = 5_000


class Quarantine:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_QUARANTINE)
    async def page(self, request: Request) -> Response:
        return await self._page(request, None)

    @access(Permission.RESOLVE_QUARANTINE)
    async def interpret(self, request: Request) -> Response:
        """Read entries again by the profiles in force; `device` and `reason` choose them.

        It changes no configuration, and doing it twice changes nothing.
        """
        query = request.query_params
        reason = query.get("reason", "")
        outcome = await self._view.interpret_again(
            device=query.get("device") or None,
            reason=QuarantineReason(reason) if reason in list(QuarantineReason) else None,
            actor="console",
        )
        return await self._page(request, outcome)

    async def _page(self, request: Request, outcome: Mapping[str, Any] | None) -> Response:
        entries, more = await self._open_entries()
        reader = self._renderer.reader(request)
        return self._renderer.page(
            request,
            "quarantine.html",
            tasks=tasks(entries, self._view.registry),
            total=len(entries),
            more=more,
            outcome=outcome,
            names={
                status.entry.id: reader.text(status.entry.name) or status.entry.id
                for status in self._view.registry
            },
        )

    async def _open_entries(self) -> tuple[list[QuarantineEntry], bool]:
        """The oldest entries that wait, and whether there are more."""
        entries: list[QuarantineEntry] = []
        after = 0
        while len(entries) < _MOST:
            page = await self._view.store.quarantine(after=after, limit=_READ, open_only=True)
            entries += page
            if len(page) < _READ:
                return entries, False
            after = page[-1].id
        return entries, True
