"""Enforces the rule of a WebSocket: before it opens, and for as long as its caller may have it."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import StoreError
from gateway.room import Permission, Rule
from gateway.web.caller import Caller, Gate, Means, caller_in
from gateway.web.door import refused
from gateway.web.guard import admit, check_origin, note_refusal
from gateway.web.refusal import Refusal, store_unavailable

RIGHT_ENDED = 1008
"""Close code (RFC 6455 7.4.1): the session or token does not open it any more."""


class SocketGuard:
    """A route's application behind its rule; whoever may not open it hears why over HTTP."""

    def __init__(self, app: ASGIApp, rule: Rule, gate: Gate) -> None:
        self._app, self._gate = app, gate
        self.access_rule = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = caller_in(scope)
        try:
            admit(scope, self.access_rule, caller)
            if caller.means is not Means.SOCKET:
                # No browser keeps a page of another site from opening a socket with its cookies.
                check_origin(scope)
        except Refusal as refusal:
            await note_refusal(self._gate, scope, caller, str(refusal))
            await refused(refusal, scope, receive, send)
            return
        await self._open(scope, receive, send, caller)

    async def _open(self, scope: Scope, receive: Receive, send: Send, caller: Caller) -> None:
        withheld = False

        async def watched_send(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "websocket.accept":
                failure = await self._audit(scope, caller)
                if failure is not None:
                    withheld = True
                    await refused(failure, scope, receive, send)
            elif message["type"] == "websocket.http.response.start":
                said = f"answered with {message['status']}"
                await note_refusal(self._gate, scope, caller, said)
            if not withheld:
                await send(message)

        limit = asyncio.timeout(None)
        with self._gate.lasting(caller, limit):
            try:
                async with limit:
                    await self._app(scope, receive, watched_send)
            except TimeoutError:
                if not limit.expired():
                    raise
                reason = "the right to it has ended"
                await send({"type": "websocket.close", "code": RIGHT_ENDED, "reason": reason})

    async def _audit(self, scope: Scope, caller: Caller) -> Refusal | None:
        """What reveals patients is in the audit before it opens; else why it does not open."""
        rule = self.access_rule
        if not isinstance(rule, Permission) or not rule.reveals_patients:
            return None
        try:
            await self._gate.record(rule.value, caller, objects={"path": scope["path"]})
        except StoreError as error:
            return store_unavailable(str(error))
        return None
