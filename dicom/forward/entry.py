"""What is owed to a destination, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dicom.storage.object import Blob
from gateway import Instant


class State(StrEnum):
    """How an entry stands.

    WAITING: to be sent. COMMITTING: the peer has it, its commitment is awaited. DONE: the peer has
    it. DEAD: it will not be sent until a person says so. DROPPED: a person said that it never will.
    """

    WAITING = "waiting"
    COMMITTING = "committing"
    DONE = "done"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Entry:
    """One object for one destination; `seq` is that of its object's event.

    `place` orders a queue. `doubt` says that the peer may have it already: its answer was lost, or
    it is sent once more. `error` is the last refusal in words; `sent_as` the SOP Instance UID that
    the peer knows it by, and `altered` whether what it has is a de-identified or coerced copy.
    """

    destination: str
    seq: int
    place: int
    uid: str
    sop_class: str
    transfer_syntax: str
    study: str
    modality: str
    blob: Blob
    rule: str
    coerce: Mapping[str, str]
    queued_at: Instant
    changed_at: Instant
    state: State
    attempts: int = 0
    doubt: bool = False
    error: str = ""
    sent_as: str = ""
    transaction: str = ""
    altered: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one destination, by state; `bytes` is what waits, `oldest` since when."""

    waiting: int = 0
    committing: int = 0
    done: int = 0
    dead: int = 0
    dropped: int = 0
    bytes: int = 0
    oldest: Instant | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """A destination as a page shows it.

    `peer` is its name in `dicom.peers`; not `configured` is one that devices.yaml no longer has.
    `sending` counts its associations that are open now. While nothing gets through, `failing` is
    since when, `error` why, `next_try` when it is tried again.
    """

    destination: str
    peer: str
    configured: bool
    counts: Counts
    sending: int = 0
    failing: Instant | None = None
    error: str = ""
    next_try: Instant | None = None
