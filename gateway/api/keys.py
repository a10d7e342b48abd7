"""The keys of the gateway, for its owner: who needs which, rotation, resealing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from pydantic import Field
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.errors import ConfigError, StoreError
from gateway.room import Access, access
from gateway.room.document import Body
from gateway.room.route import PREFIX, route
from gateway.seal import Rotation, suite_named
from gateway.web import GatewayView, Refusal, json_response


class NewKey(Body):
    """Algorithms of the new key; those of devices.yaml if none are named."""

    suite: str | None = None


class OldKey(Body):
    id: int = Field(ge=1)


class Keys:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [
            route(f"{PREFIX}/keys", self.list, dict[str, Any]),
            route(f"{PREFIX}/keys/rotate", self.rotate, dict[str, Any], method="POST"),
            route(f"{PREFIX}/keys/retire", self.retire, dict[str, Any], method="POST"),
            route(f"{PREFIX}/keys/reseal", self.reseal, dict[str, Any], method="POST"),
        ]

    @access(Access.OWNER)
    async def list(self) -> Response:
        """Every key without its secret, who needs it, and how far resealing is."""
        return await self._answer()

    @access(Access.OWNER)
    async def rotate(self, body: NewKey) -> Response:
        """Make a new active key; what is written from now on is sealed with it."""
        with _said():
            self._rotation.rotate(suite_named(body.suite) if body.suite else None)
        return await self._answer()

    @access(Access.OWNER)
    async def retire(self, body: OldKey) -> Response:
        """Remove a key that nothing needs any more."""
        with _said():
            await self._rotation.retire(body.id)
        return await self._answer()

    @access(Access.OWNER)
    async def reseal(self) -> Response:
        """Begin to bring everything under the active key; GET /keys tells how far it is."""
        self._rotation.reseal()
        return await self._answer()

    @property
    def _rotation(self) -> Rotation:
        return self._view.subscriber(Rotation)

    async def _answer(self) -> Response:
        rotation = self._rotation
        state = rotation.state
        return json_response(
            {
                "ring": rotation.ring.name,
                "place": rotation.place,
                "keys": [
                    {
                        "id": use.key.id,
                        "suite": use.key.suite.name,
                        "made": use.key.made,
                        "active": use.active,
                        "needed_by": use.users,
                    }
                    for use in await rotation.uses()
                ],
                "resealing": {
                    "running": state.running,
                    "user": state.user,
                    "done": state.done,
                    "total": state.total,
                    "failed": state.failed,
                },
            }
        )


@contextmanager
def _said() -> Iterator[None]:
    """What can't be done with the keys, as an answer."""
    try:
        yield
    except (ConfigError, StoreError) as error:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "Keys unchanged",
            "{message}.",
            "All keys are as they were.",
            message=error.args[0],
        ) from error
