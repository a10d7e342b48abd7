"""What callers did, put into the audit with whom they are and where they called from."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model import Subject
from gateway.room import Auditor, Outcome
from gateway.web.caller import Caller


class Audited:
    """The part of a `gateway.web.Gate`, or of whoever acts for a caller, that tells the audit."""

    def __init__(self, audit: Auditor) -> None:
        self._audit = audit

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
        """Put an action into the audit; StoreError if it can't be kept."""
        await self._audit.record(
            action,
            caller.principal,
            outcome=outcome,
            subject=subject,
            objects=objects,
            detail=detail,
            address=caller.address,
        )
