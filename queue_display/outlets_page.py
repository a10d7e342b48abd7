"""`/queue/outlets`: what the services that tell patients did not take."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import PageKit, Permission, RoomContext, access, principal
from gateway.web.number import number
from queue_display.outlets import PREFIX, Outlets

_PATH = "/queue/outlets"


class OutletsPage:
    """Nothing of patients but the ids of their tickets."""

    def __init__(self, kit: PageKit, context: RoomContext, outlets: Outlets | None) -> None:
        self._kit, self._context, self._outlets = kit, context, outlets

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route(_PATH, self.page, methods=["GET"]),
            Route(_PATH + "/{delivery}/again", self.again, methods=["POST"]),
        ]

    @access(Permission.CALL_PATIENTS)
    async def page(self, request: Request) -> Response:
        outbox = self._context.ports.outbox
        courier = self._outlets.courier if self._outlets is not None else None
        return self._kit.page(
            request,
            "queue/outlets.html",
            names=[each.removeprefix(PREFIX) for each in courier.rounds] if courier else [],
            failing=courier.failing() if courier else [],
            dead=[each for each in await outbox.dead() if each.destination.startswith(PREFIX)],
            may_configure=principal(request).may(Permission.CONFIGURE),
        )

    @access(Permission.CONFIGURE)
    async def again(self, request: Request) -> Response:
        """Try one again; what is too old by then is not told after all."""
        if self._outlets is not None:
            await self._outlets.courier.again(number(request.path_params["delivery"]))
        return self._kit.done(request, _PATH, "It is being tried again.")
