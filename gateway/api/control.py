"""What the command line asks of a running gateway through its Unix socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api.route import PREFIX, route
from gateway.room import Access, access
from gateway.web import GatewayView, Refusal, json_response


class BackupTarget(BaseModel):
    """An absolute path on the gateway's machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Path


class Control:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [
            route(f"{PREFIX}/reload", self.reload, dict[str, Any], method="POST"),
            route(f"{PREFIX}/backup", self.backup, dict[str, Any], method="POST"),
        ]

    @access(Access.OWNER)
    async def reload(self) -> Response:
        """Take over devices.yaml as it stands; a wrong one changes nothing."""
        return json_response(await self._view.reload())

    @access(Access.OWNER)
    async def backup(self, body: BackupTarget) -> Response:
        """Write one consistent cut, verified by count and hash."""
        if not body.target.is_absolute():
            raise Refusal(
                422,
                "Relative path",
                "The target {target} does not say from where.",
                "Give the whole path, beginning with a slash.",
                target=body.target,
            )
        return json_response(await self._view.backup(body.target))
