"""`/sign-in/elsewhere` and back: the hospital's own sign-in."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.room import NOBODY, Access, Outcome, PageKit, access
from gateway.security import cookie
from gateway.security.oidc import Provider, ProviderFault
from gateway.security.pages.address import safe_next
from gateway.security.security import Security
from gateway.security.vouched import NotVouched
from gateway.web import Refusal, caller_of

_RETURN = "/sign-in/returned"


class ElsewherePages:
    def __init__(self, security: Security, provider: Provider, kit: PageKit) -> None:
        self._security, self._provider, self._kit = security, provider, kit

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sign-in/elsewhere", self.begin, methods=["GET"]),
            Route(_RETURN, self.returned, methods=["GET"]),
        ]

    @access(Access.PUBLIC)
    async def begin(self, request: Request) -> Response:
        target = safe_next(request.query_params.get("next", "/"))
        back = str(request.base_url).rstrip("/") + _RETURN
        try:
            address, binding = await self._provider.begin(target, back)
        except ProviderFault as fault:
            raise await self._refused(request, fault) from fault
        response = RedirectResponse(address, 303)
        cookie.put(response, request, cookie.ELSEWHERE, binding)
        return response

    @access(Access.PUBLIC)
    async def returned(self, request: Request) -> Response:
        query, address = request.query_params, caller_of(request).address
        secure = request.url.scheme == "https"
        binding = request.cookies.get(cookie.named(cookie.ELSEWHERE, secure=secure), "")
        try:
            person = await self._provider.finish(
                query.get("state", ""), query.get("code", ""), binding
            )
            account = await self._security.vouched(person)
        except (ProviderFault, NotVouched) as fault:
            raise await self._refused(request, fault) from fault
        agent = request.headers.get("user-agent", "")
        secret = await self._security.sign_in.admit(account, address, agent)
        response = _onward(person.target)
        cookie.put(response, request, cookie.SESSION, secret)
        cookie.drop(response, request, cookie.ELSEWHERE)
        return response

    async def _refused(self, request: Request, fault: Exception) -> Refusal:
        """What went wrong is in the audit; the person is told that it did."""
        await self._security.books.audit.record(
            "session.open",
            NOBODY,
            outcome=Outcome.REFUSED,
            detail=f"oidc: {fault}"[:500],
            address=caller_of(request).address,
        )
        if isinstance(fault, NotVouched):
            return Refusal(
                403,
                "Not signed in",
                "The hospital's sign-in knows you, and gives you no role or no department here.",
                "Ask an administrator which group and department you should be in.",
            )
        return Refusal(
            502,
            "Not signed in",
            "The hospital's sign-in did not work.",
            "Try again, or sign in with name and password.",
        )


def _onward(target: str) -> Response:
    """Go on to a page as from this site: a redirect would still count as coming from the provider.

    Under SameSite=Strict it would arrive without the cookie.
    """
    html = f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(target)}">'
    return HTMLResponse(html, headers={"cache-control": "no-store"})
