"""Who makes a request and by what right; and what the guard asks in order to know."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from starlette.requests import HTTPConnection

from gateway.model import Subject
from gateway.room import NOBODY, OWNER, Outcome, Principal

_CALLER = "isogate.caller"


class Means(StrEnum):
    """How a caller showed who they are. A browser sends a COOKIE by itself, the others it can't."""

    NONE = "none"
    SOCKET = "socket"
    COOKIE = "cookie"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    `key` names the session or token for as long as it lasts; `form_token` must come back with
    what a cookie's owner posts; `pending` is the page where a signed-in person must first complete
    the account; `rejected` says that something was shown and is not, or no longer, valid.
    """

    principal: Principal = NOBODY
    means: Means = Means.NONE
    address: str = ""
    key: str = ""
    form_token: str = ""
    pending: str = ""
    rejected: bool = False


class Gate(Protocol):
    """Knows the callers; given to `gateway.api.open_app`."""

    def caller(
        self, headers: Mapping[bytes, bytes], address: str, *, secure: bool, active: bool
    ) -> Caller:
        """Who asks. `secure`: over TLS; `active`: a person did something, so a session stays."""
        ...

    def delay(self, caller: Caller) -> float:
        """0, or for how many seconds a caller who asks too often is not answered."""
        ...

    def closed_to(self, address: str) -> bool:
        """Whether an address is not served yet: nobody can sign in, and it is another machine."""
        ...

    def lasting(self, caller: Caller, limit: asyncio.Timeout) -> AbstractContextManager[None]:
        """While an endless answer is given: `limit` runs out when its caller's right to it does."""
        ...

    async def record(
        self,
        action: str,
        caller: Caller,
        *,
        outcome: Outcome = Outcome.SUCCESS,
        subject: Subject | None = None,
        objects: Mapping[str, str] | None = None,
        detail: str = "",
    ) -> None:
        """Put it into the audit; StoreError: it is not there, so don't do it."""
        ...


OVER_SOCKET = Caller(OWNER, Means.SOCKET)


def caller_of(request: HTTPConnection) -> Caller:
    """Who makes a request, with the means by which they showed it."""
    return caller_in(request.scope)


def caller_in(scope: MutableMapping[str, Any]) -> Caller:
    caller = scope.get(_CALLER)
    return caller if isinstance(caller, Caller) else Caller()


def set_caller(scope: MutableMapping[str, Any], caller: Caller) -> None:
    scope[_CALLER] = caller
