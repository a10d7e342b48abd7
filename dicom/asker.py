"""Who asks over an association, as the audit names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dicom.dimse import Parties
from gateway import Subject
from gateway.room import Auditor, Outcome, Principal


def asker(parties: Parties) -> Principal:
    """An application entity: nothing but its title and address tell who it is."""
    return Principal(f"ae:{parties.calling}", parties.calling, frozenset())


@dataclass(frozen=True, slots=True)
class Trail:
    """Writes down what was asked of one service. StoreError withholds the answer."""

    audit: Auditor

    async def note(
        self,
        action: str,
        parties: Parties,
        detail: str,
        *,
        outcome: Outcome = Outcome.SUCCESS,
        subject: Subject | None = None,
        objects: Mapping[str, str] | None = None,
    ) -> None:
        """An entry, with our title among its objects; empty ones are left out."""
        named = {"title": parties.called, **(objects or {})}
        await self.audit.record(
            action,
            asker(parties),
            outcome=outcome,
            subject=subject,
            objects={kind: text for kind, text in named.items() if text},
            detail=detail,
            address=parties.address,
        )
