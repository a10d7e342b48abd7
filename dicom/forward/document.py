"""What the queues and the watched peers are asked and answer, in JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dicom.forward.entry import State
from dicom.watch.watch import PeerState
from gateway.room.document import Body, Document, Moment
from gateway.room.route import MOST


class WhatToSend(Body):
    """A UID of a study, a series or an instance; the first that is named counts."""

    study: str | None = None
    series: str | None = None
    instance: str | None = None


class DeadLetters(Body):
    """Dead letters by the numbers of their objects; null: all of the destination."""

    objects: list[Annotated[int, Field(ge=0, le=MOST)]] | None = None


class PeerItem(Document):
    """A peer; `seconds` is how long its last echo took, `error` why there was none."""

    name: str
    title: str
    host: str
    port: int
    tls: bool
    watched: bool
    state: PeerState
    since: Moment | None
    checked: Moment | None
    seconds: float | None
    error: str


class PeerList(Document):
    items: list[PeerItem]


class QueueItem(Document):
    """A destination's queue; while nothing gets through, `failing` is since when."""

    destination: str
    peer: str
    configured: bool
    waiting: int
    committing: int
    done: int
    dead: int
    dropped: int
    bytes: int
    oldest: Moment | None
    sending: int
    failing: Moment | None
    error: str
    next_try: Moment | None


class QueueList(Document):
    items: list[QueueItem]


class QueueEntry(Document):
    """One object for one destination; `object` is its number."""

    object: int
    sop_instance: str
    sop_class: str
    study: str
    modality: str
    bytes: int
    rule: str
    queued: Moment
    state: State
    attempts: int
    doubt: bool
    error: str
    sent_as: str
    changed: Moment


class QueueEntries(Document):
    items: list[QueueEntry]


class Owed(Document):
    """How many objects it is about."""

    objects: int
