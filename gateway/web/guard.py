"""Enforces the rule of a route: who may call it, from where, and that it is in the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import StoreError
from gateway.room import Access, Outcome, Permission, Rule
from gateway.room.about import About, about_of
from gateway.room.access import LARGEST_BODY
from gateway.web import body as bodies
from gateway.web.caller import Caller, Gate, Means, caller_in
from gateway.web.door import HEADERS, refused
from gateway.web.refusal import Refusal, problem, store_unavailable, unknown_page

CSRF_FIELD = "csrf"
"""The field of a form that carries its session's token; programs of a page send `x-csrf-token`."""

_PAGES = {"ws": "http", "wss": "https"}
"""The scheme of the pages that open a WebSocket."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_EVENT_STREAM = b"text/event-stream"
OPENED = "access.open"
"""In the audit: something that reveals patients was opened by a right to do something there."""
_READ = ".read"


class Guard:
    """A route's application behind its rule; raises Refusal for whoever may not call it."""

    def __init__(
        self,
        app: ASGIApp,
        rule: Rule,
        gate: Gate,
        largest_body: int = LARGEST_BODY,
        *,
        streamed: bool = False,
    ) -> None:
        self._app, self._gate = app, gate
        self._largest, self._streamed = largest_body, streamed
        self.access_rule = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await refused(unknown_page(scope["path"]), scope, receive, send)
            return
        caller = caller_in(scope)
        try:
            admit(scope, self.access_rule, caller)
            if scope["method"] not in _SAFE:
                receive = await self._checked_body(scope, receive, caller)
        except Refusal as refusal:
            await note_refusal(self._gate, scope, caller, str(refusal))
            raise
        if self.access_rule is Access.PUBLIC:
            await self._app(scope, receive, send)
        else:
            await self._answer(scope, receive, send, caller)

    async def _checked_body(self, scope: Scope, receive: Receive, caller: Caller) -> Receive:
        headers = Headers(scope=scope)
        if caller.means in (Means.NONE, Means.COOKIE):
            check_origin(scope)
        if self._streamed:
            if caller.means is Means.COOKIE:
                _check_token(headers.get("x-csrf-token", ""), caller)
            return bodies.bounded(receive, headers, self._largest)
        body = await bodies.read(receive, headers, self._largest)
        if caller.means is Means.COOKIE and self.access_rule is not Access.PUBLIC:
            sent = headers.get("x-csrf-token") or await bodies.form_field(body, headers, CSRF_FIELD)
            _check_token(sent, caller)
        return bodies.replayed(body, receive)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, caller: Caller) -> None:
        """The answer of a route that is not public: audited, uncached, ended with its right."""
        begun = withheld = False
        told = about_of(scope)
        limit = asyncio.timeout(None)
        lasting: AbstractContextManager[None] | None = None

        async def watched_send(message: Message) -> None:
            nonlocal begun, withheld, lasting
            if message["type"] == "http.response.start":
                failure = await self._audit(scope, caller, message["status"], told)
                if failure is not None:
                    withheld = True
                    await failure(scope, receive, send)
                    return
                message["headers"] = _private(message["headers"])
                if _is_stream(message["headers"]):
                    lasting = self._gate.lasting(caller, limit)
                    lasting.__enter__()
                begun = True
            if not withheld:
                await send(message)

        try:
            async with limit:
                await self._app(scope, receive, watched_send)
        except TimeoutError:
            if not (begun and limit.expired()):
                raise
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            # An exit stack would hold 760 bytes for each of thousands of streams.
            if lasting is not None:
                lasting.__exit__(None, None, None)

    async def _audit(
        self, scope: Scope, caller: Caller, status: int, told: About
    ) -> Response | None:
        """Nothing that reveals patients leaves before the audit has it; else what leaves instead.

        It is not raised: the handler's answer has begun already as far as its framework knows.
        """
        rule = told.reveals or self.access_rule
        if status >= HTTPStatus.BAD_REQUEST or not isinstance(rule, Permission):
            return None
        if not rule.reveals_patients:
            return None
        objects = {"path": scope["path"], **told.objects}
        action = rule.value
        if not action.endswith(_READ):
            # What may be done with a right is an act of its own: here it only opened something.
            action, objects = OPENED, {"right": rule.value, **objects}
        try:
            await self._gate.record(action, caller, subject=told.subject, objects=objects)
        except StoreError as error:
            return problem(store_unavailable(str(error)), scope["path"])
        return None


async def note_refusal(gate: Gate, scope: Scope, caller: Caller, why: str) -> None:
    """Put a refusal into the audit, if there is somebody to name."""
    if caller.means is Means.NONE and not caller.rejected:
        return
    await gate.record(
        "access.refuse",
        caller,
        outcome=Outcome.REFUSED,
        objects={"path": scope["path"], "method": scope["method"]},
        detail=why,
    )


def admit(scope: Scope, rule: Rule, caller: Caller) -> None:
    """Refusal for a caller whom a rule does not let in."""
    if rule is Access.PUBLIC or caller.means is Means.SOCKET:
        return
    if rule is Access.OWNER:
        raise Refusal(
            403,
            "Not allowed",
            "This address is open only through the gateway's Unix socket.",
            "Use the command line on the gateway's own machine.",
        )
    if caller.means is Means.NONE:
        raise _sign_in(scope, rejected=caller.rejected)
    if isinstance(rule, Permission):
        if caller.pending:
            raise _complete(caller.pending)
        if not caller.principal.may(rule):
            raise _not_allowed(caller, rule)


def check_origin(scope: Scope) -> None:
    """Refusal for another site's page.

    A program sends neither header; a browser sends Origin with every unsafe method and WebSocket.
    """
    headers: Mapping[bytes, bytes] = scope[HEADERS]
    if headers.get(b"sec-fetch-site", b"same-origin") not in {b"same-origin", b"none"}:
        raise _another_site("the request comes from another site's page")
    origin = headers.get(b"origin")
    scheme: str = scope["scheme"]
    own = _PAGES.get(scheme, scheme).encode() + b"://" + headers.get(b"host", b"").lower()
    if origin is not None and origin.lower() != own:
        raise _another_site("the request comes from another site's page")


def _check_token(sent: str, caller: Caller) -> None:
    if not compare_digest(sent.encode(), caller.form_token.encode()):
        raise _another_site("the form does not belong to this session")


def _sign_in(scope: Scope, *, rejected: bool) -> Refusal:
    query = scope["query_string"].decode("latin-1")
    here = scope["path"] + (f"?{query}" if query else "")
    back = f"?next={quote(here, safe='/')}" if scope["method"] == "GET" and here != "/" else ""
    page = f"/sign-in{back}"
    if rejected:
        return Refusal(
            401,
            "Not signed in",
            "The session or token is not, or no longer, valid.",
            "Sign in again, or ask for a new token.",
            go=page,
            headers={"www-authenticate": 'Bearer realm="isogate", error="invalid_token"'},
        )
    return Refusal(
        401,
        "Not signed in",
        "This address is open only to those who are signed in.",
        "Sign in, or send a token as `Authorization: Bearer`.",
        go=page,
        headers={"www-authenticate": 'Bearer realm="isogate"'},
    )


def _complete(page: str) -> Refusal:
    return Refusal(
        403,
        "Account not complete",
        "This account has something to set up before it can be used.",
        "Sign in on the pages and complete it.",
        go=page,
    )


def _not_allowed(caller: Caller, rule: Permission) -> Refusal:
    return Refusal(
        403,
        "Not allowed",
        "{who} does not have the permission {permission}.",
        "Ask an administrator if your work needs it.",
        who=caller.principal.name or caller.principal.id,
        permission=rule.value,
    )


def _another_site(why: str) -> Refusal:
    return Refusal(
        403,
        "Not allowed",
        "Nothing was done: {cause}.",
        "Open the page anew and try again.",
        cause=why,
    )


def _private(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    if any(name == b"cache-control" for name, _ in headers):
        return headers
    return [*headers, (b"cache-control", b"no-store")]


def _is_stream(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"content-type" and value.startswith(_EVENT_STREAM) for name, value in headers
    )
