"""Backups: what there is, and making, checking and trying them."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.backup import Keeping, Order, Shelf
from gateway.errors import ConfigError
from gateway.room import OWNER, Permission, access, principal
from gateway.room.document import Body
from gateway.room.route import PREFIX, route
from gateway.web import GatewayView, Refusal, json_response

_Target = Annotated[Path | None, Query(description="another directory than that of devices.yaml")]


class Wanted(Body):
    """What is to be done. A `target` beside that of devices.yaml is the owner's to name.

    `adopt` makes a backup in the directory of devices.yaml whatever it was before: another disk.
    """

    what: Literal["backup", "verify", "drill"] = "backup"
    full: bool = False
    target: Path | None = None
    adopt: bool = False


class Backups:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [
            route(f"{PREFIX}/backups", self.list, dict[str, Any]),
            route(f"{PREFIX}/backups", self.order, dict[str, Any], method="POST", refusals=(409,)),
        ]

    @access(Permission.RUN_BACKUP)
    async def list(self, request: Request, target: _Target = None) -> Response:
        """The backups of a target, what is being done, and what the last drill found."""
        return await self._answer(request, target)

    @access(Permission.RUN_BACKUP)
    async def order(self, request: Request, body: Wanted) -> Response:
        """Ask for a backup, a check or a drill; GET tells how far it is."""
        self._check(request, body.target)
        try:
            self._keeping.order(Order(body.what, body.full, body.target, body.adopt))
        except ConfigError as error:
            raise _not_now(error) from error
        return await self._answer(request, body.target)

    @property
    def _keeping(self) -> Keeping:
        return self._view.subscriber(Keeping)

    def _check(self, request: Request, target: Path | None) -> None:
        if target is None:
            return
        if principal(request) != OWNER:
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "Not your target",
                "Only the owner of the gateway may name {target}.",
                "Leave the target out: that of devices.yaml is taken.",
                target=target,
            )
        if not target.is_absolute():
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "Relative path",
                "The target {target} does not say from where.",
                "Give the whole path, beginning with a slash.",
                target=target,
            )

    async def _answer(self, request: Request, target: Path | None) -> Response:
        self._check(request, target)
        keeping = self._keeping
        backups = keeping.backups
        has_target = target is not None or backups.plan is not None
        shelf = await backups.shelf(target) if has_target else Shelf()
        work = backups.work
        return json_response(
            {
                "target": str(backups.target(target)) if has_target else None,
                "busy": keeping.busy,
                "work": {"what": work.what, "done": work.done, "total": work.total}
                if work is not None
                else None,
                "failed": keeping.failed,
                "backups": [each.manifest.as_json() for each in shelf.backups],
                "damaged": shelf.damaged,
                "drill": backups.last_drill(target) if has_target else None,
            }
        )


def _not_now(error: ConfigError) -> Refusal:
    return Refusal(
        HTTPStatus.CONFLICT,
        "No backup begun",
        "{message}.",
        "Nothing was changed.",
        message=error.args[0],
    )
