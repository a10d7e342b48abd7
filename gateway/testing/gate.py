"""A gate that knows everybody, for tests of routes and pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from gateway.room import OWNER, Principal
from gateway.testing.room import MemoryAuditor
from gateway.web import Caller, Means
from gateway.web.audited import Audited


class Recognizing(Audited):
    """A `gateway.web.Gate` that takes every request for `who`'s; `audit` has what was recorded.

    Without `who` it is somebody's with all permissions, shown as a program shows its token.
    """

    def __init__(self, who: Principal = OWNER) -> None:
        self.audit = MemoryAuditor()
        super().__init__(self.audit)
        self.who = who

    def caller(
        self, headers: Mapping[bytes, bytes], address: str, *, secure: bool, active: bool
    ) -> Caller:
        del headers, secure, active
        return Caller(self.who, Means.BEARER, address, self.who.id)

    def delay(self, _caller: Caller) -> float:
        return 0.0

    def closed_to(self, _address: str) -> bool:
        return False

    def lasting(self, _caller: Caller, _limit: asyncio.Timeout) -> AbstractContextManager[None]:
        return nullcontext()
