"""`/set-up`: the first administrator, or whoever was given a set-up link, chooses a password."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.room import Access, PageKit, access
from gateway.security import cookie
from gateway.security.gatekeeper import SECOND_FACTOR, network
from gateway.security.invalid import Invalid
from gateway.security.security import Security
from gateway.security.throttle import Throttle
from gateway.web import caller_of


class SetUpPages:
    """The code comes in the fragment of the address, which browsers send to nobody."""

    def __init__(self, security: Security, kit: PageKit) -> None:
        self._security, self._kit = security, kit
        self._wrong = Throttle[str](security.books.clock, free=10, first=2, longest=900)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/set-up", self.page, methods=["GET"]),
            Route("/set-up", self.set_up, methods=["POST"]),
        ]

    @access(Access.PUBLIC)
    async def page(self, request: Request) -> Response:
        return self._page(request)

    @access(Access.PUBLIC)
    async def set_up(self, request: Request) -> Response:
        fields = await self._kit.form(request)
        caller = caller_of(request)
        where = network(caller.address)
        own = self._security.own
        try:
            self._check_delay(where)
            account = await own.set_up(
                fields.get("code", ""),
                fields.get("new", ""),
                fields.get("again", ""),
                name=fields.get("name", ""),
                address=caller.address,
            )
        except Invalid as invalid:
            if invalid.field == "code":
                self._wrong.failed(where)
            return self._page(request, fields, invalid)
        if account.totp:
            return self._kit.done(request, "/sign-in", "The password is changed: sign in with it.")
        agent = request.headers.get("user-agent", "")
        secret = await self._security.sign_in.admit(account, caller.address, agent)
        response = RedirectResponse(SECOND_FACTOR if account.needs_totp else "/", 303)
        cookie.put(response, request, cookie.SESSION, secret)
        return response

    def _check_delay(self, where: str) -> None:
        wait = self._wrong.closed_for(where)
        if wait:
            raise Invalid(
                "code",
                "There were too many attempts. Wait {seconds} seconds and try again.",
                seconds=wait,
            )

    def _page(
        self,
        request: Request,
        fields: Mapping[str, str] | None = None,
        invalid: Invalid | None = None,
    ) -> Response:
        return self._kit.page(
            request,
            "accounts/set-up.html",
            status=invalid.status if invalid else 200,
            first=not self._security.books.accounts.administrators(),
            fields=fields or {},
            invalid=invalid,
        )
