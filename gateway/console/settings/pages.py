"""`/settings`: about this gateway; `/settings/configuration`: what runs beside the file."""

from __future__ import annotations

import asyncio
import platform
import sys

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.render import Renderer
from gateway.console.settings.distributions import Distribution, installed
from gateway.errors import ConfigError
from gateway.room import Column, Permission, Search, Table, access, changes, principal
from gateway.web import GatewayView

LICENCES: Table[Distribution] = Table(
    "licences",
    (
        Column("name", "Package", lambda each: each.name),
        Column("version", "Version", lambda each: each.version),
        Column("licence", "Licence", lambda each: each.licence or None),
    ),
    (Search("q", "Search", lambda each: f"{each.name} {each.licence}"),),
    sort="name",
    size=25,
)


class Settings:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_SETTINGS)
    async def about(self, request: Request) -> Response:
        return self._renderer.table(
            request,
            "about.html",
            LICENCES,
            await asyncio.to_thread(installed),
            python=platform.python_version(),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            implementation=sys.implementation.name,
            links=self._view.links(),
            readiness=self._view.readiness(),
            last_seq=self._view.store.last_seq,
        )

    @access(Permission.READ_SETTINGS)
    async def configuration(self, request: Request) -> Response:
        now = await self._view.configuration_now()
        found = list(changes(now.running, now.on_disk)) if now.on_disk is not None else []
        return self._renderer.page(
            request,
            "configuration.html",
            now=now,
            found=found,
            report={kind: names for kind, names in now.reload.items() if names},
            may_reload=principal(request).may(Permission.CONFIGURE),
        )

    @access(Permission.CONFIGURE)
    async def reload(self, request: Request) -> Response:
        """Take over the file; one that can't be used changes nothing, and its faults are shown."""
        try:
            await self._view.reload()
        except ConfigError:
            return await self.configuration(request)
        return self._renderer.done(
            request, "/settings/configuration", "The configuration was taken over."
        )
