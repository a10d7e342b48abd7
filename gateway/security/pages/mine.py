"""`/account`: one's own password, second factor, sessions and language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import Access, PageKit, Site, access
from gateway.security import totp
from gateway.security.account import Account
from gateway.security.gatekeeper import SECOND_FACTOR
from gateway.security.invalid import Invalid
from gateway.security.security import Security
from gateway.web import Refusal, caller_of

_HERE = "/account"


class MyPages:
    def __init__(self, security: Security, site: Site, kit: PageKit) -> None:
        self._security, self._site, self._kit = security, site, kit

    def routes(self) -> list[BaseRoute]:
        return [
            Route(_HERE, self.page, methods=["GET"]),
            Route(f"{_HERE}/password", self.change_password, methods=["POST"]),
            Route(f"{_HERE}/sessions", self.end_sessions, methods=["POST"]),
            Route(SECOND_FACTOR, self.second_factor, methods=["GET"]),
            Route(SECOND_FACTOR, self.enrol, methods=["POST"]),
            Route(f"{SECOND_FACTOR}/remove", self.give_up, methods=["POST"]),
        ]

    @access(Access.SIGNED_IN)
    async def page(self, request: Request) -> Response:
        return self._page(request, self._account(request))

    @access(Access.SIGNED_IN)
    async def change_password(self, request: Request) -> Response:
        account, fields = self._account(request), await self._kit.form(request)
        caller = caller_of(request)
        try:
            await self._security.own.change_password(
                account,
                fields.get("old", ""),
                fields.get("new", ""),
                fields.get("again", ""),
                session=caller.key,
                address=caller.address,
            )
        except Invalid as invalid:
            return self._page(request, account, invalid)
        return self._kit.done(
            request, _HERE, "The password is changed; you are signed out everywhere else."
        )

    @access(Access.SIGNED_IN)
    async def end_sessions(self, request: Request) -> Response:
        """End the session that `session` names, or all others."""
        account, fields = self._account(request), await self._kit.form(request)
        caller = caller_of(request)
        named = fields.get("session", "")
        own = self._security.books.sessions.of(account.name)
        ids = [named] if named else [each.id for each in own if each.id != caller.key]
        await self._security.own.sign_out(account, *ids, address=caller.address)
        return self._kit.done(request, _HERE, "Signed out there.")

    @access(Access.SIGNED_IN)
    async def second_factor(self, request: Request) -> Response:
        return self._enrolment(request, self._account(request))

    @access(Access.SIGNED_IN)
    async def enrol(self, request: Request) -> Response:
        account, fields = self._account(request), await self._kit.form(request)
        caller = caller_of(request)
        try:
            codes = await self._security.own.enrol(
                account,
                fields.get("code", ""),
                fields.get("password", ""),
                session=caller.key,
                address=caller.address,
            )
        except Invalid as invalid:
            return self._enrolment(request, account, invalid)
        return self._kit.page(request, "accounts/recovery.html", codes=codes)

    @access(Access.SIGNED_IN)
    async def give_up(self, request: Request) -> Response:
        account, fields = self._account(request), await self._kit.form(request)
        caller = caller_of(request)
        try:
            await self._security.own.give_up_totp(
                account, fields.get("password", ""), address=caller.address
            )
        except Invalid as invalid:
            return self._page(request, account, invalid)
        return self._kit.done(request, _HERE, "Signing in takes the password alone now.")

    def _account(self, request: Request) -> Account:
        """Whose session it is; a token has no account of its own."""
        account = self._security.books.owner(caller_of(request).key)
        if account is None:
            raise Refusal(
                403,
                "Not allowed",
                "This page is a person's own, and you did not sign in as one.",
                "Sign in with name and password.",
            )
        return account

    def _page(self, request: Request, account: Account, invalid: Invalid | None = None) -> Response:
        sessions = self._security.books.sessions
        return self._kit.page(
            request,
            "accounts/account.html",
            status=invalid.status if invalid else 200,
            account=account,
            sessions=sessions.of(account.name),
            this=caller_of(request).key,
            invalid=invalid,
            fields=_NO_FIELDS,
        )

    def _enrolment(
        self, request: Request, account: Account, invalid: Invalid | None = None
    ) -> Response:
        secret = self._security.own.enrolment(caller_of(request).key)
        return self._kit.page(
            request,
            "accounts/second-factor.html",
            status=invalid.status if invalid else 200,
            account=account,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            picture=Markup(totp.picture(secret, account.name, self._site.id)),  # noqa: S704 - ours
            invalid=invalid,
            fields=_NO_FIELDS,
        )


_NO_FIELDS: Mapping[str, Any] = {}
