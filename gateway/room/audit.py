"""The audit as rooms see it: what was done to data and settings, by whom, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from gateway.model import Subject
from gateway.room.access import Principal


class Outcome(StrEnum):
    """What came of it (DICOM PS3.15 A.5, EventOutcomeIndicator).

    REFUSED: by a rule, as it should be (minor failure). FAILED: it could not be done (serious).
    """

    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"


class Auditor(Protocol):
    """Given to rooms. What can't be audited is not done: a StoreError withholds the answer."""

    async def record(
        self,
        action: str,
        who: Principal,
        *,
        outcome: Outcome = Outcome.SUCCESS,
        subject: Subject | None = None,
        objects: Mapping[str, str] | None = None,
        detail: str = "",
        address: str = "",
    ) -> None:
        """Add an entry; when it returns, it is on disk and chained to all before it.

        `action` is `area.verb` (`session.open`, `results.read`, `account.lock`); `subject` the
        patient or specimen it is about; `objects` other things by kind (`device`, `path`,
        `study`); `address` where the request came from.
        """
        ...
