"""`/sign-in` and `/sign-out`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.room import Access, PageKit, access
from gateway.security import cookie
from gateway.security.gatekeeper import SECOND_FACTOR
from gateway.security.pages.address import safe_next
from gateway.security.security import Security
from gateway.security.sign_in import Attempt, NotSignedIn
from gateway.web import Means, caller_of

_LONGEST = 200


class DoorPages:
    def __init__(self, security: Security, kit: PageKit) -> None:
        self._security, self._kit = security, kit

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sign-in", self.page, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    @access(Access.PUBLIC)
    async def page(self, request: Request) -> Response:
        target = safe_next(request.query_params.get("next", "/"))
        if caller_of(request).means is Means.COOKIE:
            return RedirectResponse(target, 303)
        return self._page(request, target)

    @access(Access.PUBLIC)
    async def sign_in(self, request: Request) -> Response:
        fields = await self._kit.form(request)
        target = safe_next(fields.get("next", "/"))
        caller = caller_of(request)
        attempt = Attempt(
            fields.get("name", "")[:_LONGEST],
            fields.get("password", "")[:_LONGEST],
            fields.get("code", "")[:_LONGEST],
            caller.address,
            request.headers.get("user-agent", ""),
        )
        try:
            account, secret = await self._security.sign_in(attempt)
        except NotSignedIn as refusal:
            response = self._page(request, target, attempt.name, refusal)
            response.headers.update(refusal.headers)
            return response
        await self._security.books.sessions.end(caller.key)
        response = RedirectResponse(SECOND_FACTOR if account.needs_totp else target, 303)
        cookie.put(response, request, cookie.SESSION, secret)
        return response

    @access(Access.SIGNED_IN)
    async def sign_out(self, request: Request) -> Response:
        caller = caller_of(request)
        account = self._security.books.owner(caller.key)
        if account is not None:
            await self._security.own.sign_out(account, caller.key, address=caller.address)
        response = self._kit.done(request, "/sign-in", "Signed out.")
        cookie.drop(response, request, cookie.SESSION)
        return response

    def _page(
        self, request: Request, target: str, name: str = "", refusal: NotSignedIn | None = None
    ) -> Response:
        provider = self._security.provider
        return self._kit.page(
            request,
            "accounts/sign-in.html",
            status=refusal.status if refusal else 200,
            target=target,
            name=name,
            refusal=refusal,
            elsewhere=provider.options.name if provider is not None else "",
        )
