"""Sub-operations counted, and what comes of them in the end (PS3.4 C.4.2.1, C.4.3.1). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from dicom.dimse import Response, Status, SubOperations, is_good
from dicom.elements import Element, encode
from dicom.query.keys import FAILED

NONE_DONE = 0xA702
"""Refused: unable to perform sub-operations."""
SOME_FAILED = 0xB000
"""Warning: sub-operations are complete, and one or more failed or had a warning."""
_MOST_COUNTED = 0xFFFF
_MOST_LISTED = 1000
"""UIDs that a list can hold, whose length has 16 bits."""


@dataclass(slots=True)
class Tally:
    """Of one C-MOVE or C-GET."""

    remaining: int
    completed: int = 0
    warning: int = 0
    failed: list[str] = field(default_factory=list)

    def took(self, uid: str, status: int | None) -> None:
        """A sub-operation ended: the peer's status, or None if it could not be asked."""
        self.remaining -= 1
        if status == Status.SUCCESS:
            self.completed += 1
        elif status is not None and is_good(status):
            self.warning += 1
        else:
            self.failed.append(uid)

    def pending(self) -> Response:
        return Response(Status.PENDING, sub_operations=self._counts(self.remaining))

    def final(self, transfer_syntax: str, *, cancelled: bool = False, words: str = "") -> Response:
        """The last response, with the list of what failed (Failed SOP Instance UID List)."""
        return Response(
            self._status(cancelled=cancelled),
            dataset=self._list(transfer_syntax),
            comment=words[:64],
            sub_operations=self._counts(self.remaining if cancelled else None),
        )

    @property
    def words(self) -> str:
        """For the audit."""
        counts = f"{self.completed} sent, {len(self.failed)} failed, {self.warning} with a warning"
        return f"{counts}, {self.remaining} not begun" if self.remaining else counts

    def _status(self, *, cancelled: bool) -> int:
        if cancelled:
            return Status.CANCEL
        if not (self.failed or self.warning):
            return Status.SUCCESS
        return SOME_FAILED if self.completed or self.warning else NONE_DONE

    def _counts(self, remaining: int | None) -> SubOperations:
        """What does not fit into 16 bits is told as their greatest number."""
        numbers = (remaining, self.completed, len(self.failed), self.warning)
        left, done, failed, warning = (
            None if each is None else min(each, _MOST_COUNTED) for each in numbers
        )
        return SubOperations(left, done, failed, warning)

    def _list(self, transfer_syntax: str) -> bytes | None:
        if not self.failed:
            return None
        uids = "\\".join(self.failed[:_MOST_LISTED]).encode("ascii")
        return encode({FAILED: Element("UI", uids)}, transfer_syntax)
