"""How it stands with a critical value: whether whoever treats the patient was told. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.lab.listing import Listing
from gateway.model import Instant


class State(StrEnum):
    """WAITING: somebody has to be told. REPORTED: they were.

    TO_RETRACT: they were told of a value that was then withdrawn, and have to be told of that.
    RETRACTED: they were. REPLACED: another version of the test stands in its place. WITHDRAWN: it
    was withdrawn before anybody was told.
    """

    WAITING = "waiting"
    REPORTED = "reported"
    TO_RETRACT = "to-retract"
    RETRACTED = "retracted"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        """Whether somebody has to be told."""
        return self in {State.WAITING, State.TO_RETRACT}


class Way(StrEnum):
    """How they were told."""

    PHONE = "phone"
    PERSON = "person"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Report:
    """Who said at what moment that `told` was told, and how; it was read back to them."""

    seq: int
    at: Instant
    by: str
    told: str
    way: Way
    note: str


@dataclass(frozen=True, slots=True)
class CriticalValue:
    """A result that stands or stood in the list; `since` is when its state last changed.

    `result` is its id, `seq` that of its event, `at` when it entered the list.
    """

    result: bytes
    seq: int
    device: str
    test: str
    state: State
    at: Instant
    since: Instant
    reports: tuple[Report, ...] = ()


_RETRACTING = frozenset({State.TO_RETRACT, State.RETRACTED})


def listed_as(before: State | None, listing: Listing, *, reported: bool) -> State:
    """The state after a change of the list; `reported` is whether anybody was ever told of it.

    One that comes back is to be told, unless it is what they know.
    """
    match listing:
        case Listing.LISTED:
            known = before in {State.REPORTED, State.TO_RETRACT}
            return State.REPORTED if known else State.WAITING
        case Listing.REPLACED:
            return before if before in _RETRACTING else State.REPLACED
        case Listing.WITHDRAWN:
            if before in _RETRACTING:
                return before
            return State.TO_RETRACT if reported else State.WITHDRAWN


def told(before: State | None) -> State | None:
    """The state after somebody was told; None where nobody has to be."""
    match before:
        case State.WAITING:
            return State.REPORTED
        case State.TO_RETRACT:
            return State.RETRACTED
        case _:
            return None
