"""Which version of a test stands in the list of critical values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.lab.tie import Heard, Tied
from gateway.model import Status

WITHOUT_ALARM = frozenset({Status.CANCELLED, Status.ENTERED_IN_ERROR, Status.QC})
"""What is withdrawn or quality control calls nobody to a patient."""

_REPORTED = frozenset({Status.FINAL, Status.CORRECTED})


def listed(heard: Sequence[Heard], tied: Sequence[Tied]) -> int | None:
    """Seq of the one version of a test that stands in the list; None if none does.

    The current one if it is critical. Else the last critical one that was final or corrected,
    since somebody may have acted on it: a preliminary, cancelled or corrected version after it
    takes away the value, not that it was critical. One that was withdrawn is as if never said.
    """
    events = {event.seq: event for event in heard}
    withdrawn = withdrawn_of(events, tied)
    unsaid = {events[seq].alike for seq in withdrawn} - {b""}
    standing = [
        place
        for place in tied
        if _calls(events[place.seq])
        and place.repeats is None
        and (place.current or _was_reported(events[place.seq], withdrawn, unsaid))
    ]
    return max(standing, key=lambda place: (place.current, place.version)).seq if standing else None


def _calls(event: Heard) -> bool:
    return event.critical and event.status not in WITHOUT_ALARM


def _was_reported(event: Heard, withdrawn: frozenset[int], unsaid: set[bytes]) -> bool:
    taken_back = event.seq in withdrawn or event.alike in unsaid
    return event.status in _REPORTED and not taken_back


def withdrawn_of(events: Mapping[int, Heard], tied: Sequence[Tied]) -> frozenset[int]:
    """Seqs of what was entered in error, and of what that had corrected."""
    replaced = {place.seq: place.supersedes for place in tied}
    withdrawn: set[int] = set()
    for event in events.values():
        at = replaced[event.seq] if event.status is Status.ENTERED_IN_ERROR else None
        while at is not None:
            withdrawn.add(at)
            at = replaced[at]
    return frozenset(withdrawn)
