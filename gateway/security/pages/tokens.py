"""`/settings/tokens`, and `/pair` where a display shows its code."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.room import Access, PageKit, Permission, Principal, access
from gateway.security import cookie
from gateway.security.invalid import Invalid
from gateway.security.issue import GRANTABLE
from gateway.security.pages.accounts import departments
from gateway.security.roles import WORDS
from gateway.security.security import Security
from gateway.web import Means, caller_of

HERE = "/settings/tokens"
_LONGEST_NUMBER = 5


class TokenPages:
    def __init__(self, security: Security, kit: PageKit) -> None:
        self._security, self._issue, self._kit = security, security.issue, kit

    def routes(self) -> list[BaseRoute]:
        return [
            Route(HERE, self.page, methods=["GET"]),
            Route(HERE, self.create, methods=["POST"]),
            Route(f"{HERE}/display", self.approve, methods=["POST"]),
            Route(HERE + "/{name}/revoke", self.revoke, methods=["POST"]),
            Route("/pair", self.pair, methods=["GET"]),
        ]

    @access(Permission.MANAGE_TOKENS)
    async def page(self, request: Request) -> Response:
        return self._page(request)

    @access(Permission.MANAGE_TOKENS)
    async def create(self, request: Request) -> Response:
        fields = await self._kit.form(request)
        try:
            secret = await self._issue.give(
                caller_of(request),
                fields.get("name", ""),
                _ticked(fields),
                departments=departments(fields),
                scope=fields.get("scope", ""),
                days=_days(fields),
            )
        except Invalid as invalid:
            return self._page(request, fields, invalid, "api")
        return self._kit.page(
            request, "accounts/token.html", name=fields.get("name", ""), secret=secret
        )

    @access(Permission.MANAGE_TOKENS)
    async def approve(self, request: Request) -> Response:
        fields = await self._kit.form(request)
        try:
            await self._issue.pair(
                caller_of(request),
                fields.get("code", ""),
                fields.get("name", ""),
                _ticked(fields),
                departments=departments(fields),
                scope=fields.get("scope", ""),
            )
        except Invalid as invalid:
            return self._page(request, fields, invalid, "display")
        return self._kit.done(request, HERE, "The display is let in.")

    @access(Permission.MANAGE_TOKENS)
    async def revoke(self, request: Request) -> Response:
        await self._issue.revoke(caller_of(request), request.path_params["name"])
        return self._kit.done(request, HERE, "The token is refused from now on.")

    @access(Access.PUBLIC)
    async def pair(self, request: Request) -> Response:
        """A display comes here again and again until it is let in."""
        caller = caller_of(request)
        if caller.means is Means.COOKIE:
            return RedirectResponse(_home(caller.principal), 303)
        secret = request.cookies.get(_pairing_cookie(request), "")
        pairings = self._issue.pairings
        granted = pairings.fetch(secret)
        if granted:
            response: Response = RedirectResponse("/pair", 303)
            cookie.put(response, request, cookie.DISPLAY, granted)
            cookie.drop(response, request, cookie.PAIRING)
            return response
        code = pairings.code(secret)
        if code:
            return self._kit.page(request, "accounts/pair.html", code=code)
        secret, code = pairings.begin()
        response = self._kit.page(request, "accounts/pair.html", code=code)
        cookie.put(response, request, cookie.PAIRING, secret)
        return response

    def _page(
        self,
        request: Request,
        fields: Mapping[str, str] | None = None,
        invalid: Invalid | None = None,
        form: str = "",
    ) -> Response:
        return self._kit.page(
            request,
            "accounts/tokens.html",
            status=invalid.status if invalid else 200,
            tokens=self._security.books.tokens.all(),
            now=self._security.books.clock.now(),
            unwritten=self._security.books.tokens.unwritten(),
            permissions=GRANTABLE,
            words=WORDS,
            form=form,
            fields=fields or {},
            invalid=invalid,
        )


def _home(who: Principal) -> str:
    """The page of a screen that was let in: what it may show."""
    if who.may(Permission.READ_SITE):
        return "/"
    return "/kiosk" if who.may(Permission.CHECK_IN) else "/display"


def _pairing_cookie(request: Request) -> str:
    return cookie.named(cookie.PAIRING, secure=request.url.scheme == "https")


def _ticked(fields: Mapping[str, str]) -> list[str]:
    return [permission for permission in GRANTABLE if f"may-{permission}" in fields]


def _days(fields: Mapping[str, str]) -> int | None:
    text = fields.get("days", "").strip()
    if not text:
        return None
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0
