"""A gate that knows everybody, for tests of routes and pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from gateway.room import OWNER, Principal
from gateway.testing.room import MemoryAuditor
from gateway.web import Caller, Means
from gateway.web.audited import Audited


class Recognizing(Audited):
    """A `gateway.web.Gate` that takes every request for `who`'s; `audit` has what was recorded.

    Without `who` it is somebody's with all permissions, shown as a program shows its token, or by
    other `means`.
    """

    def __init__(self, who: Principal = OWNER) -> None:
        self.audit = MemoryAuditor()
        super().__init__(self.audit)
        self.who, self.means = who, Means.BEARER
        self._limits: set[asyncio.Timeout] = set()

    def caller(
        self, headers: Mapping[bytes, bytes], address: str, *, secure: bool, active: bool
    ) -> Caller:
        del headers, secure, active
        return Caller(self.who, self.means, address, self.who.id)

    def delay(self, _caller: Caller) -> float:
        return 0.0

    def closed_to(self, _address: str) -> bool:
        return False

    @contextmanager
    def lasting(self, _caller: Caller, limit: asyncio.Timeout) -> Iterator[None]:
        self._limits.add(limit)
        yield
        self._limits.discard(limit)

    def end(self) -> None:
        """Take the right to whatever is open away."""
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            limit.reschedule(now)
