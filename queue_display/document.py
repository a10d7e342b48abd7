"""What `/api/v1/queue` is asked and answers, in JSON."""

from __future__ import annotations

from pydantic import Field

from gateway.model import Localized
from gateway.room.document import Body, Document, Moment
from queue_display.terms import Mark, State


class Arrival(Body):
    """A patient's number and who gave it out; `proxy`: somebody else came for the patient."""

    number: str = Field(min_length=1)
    issuer: str = Field(min_length=1)
    proxy: bool = False


class Following(Body):
    """Whom a call is to call: the `next` of the queue as it was shown.

    409 if it is another one by now; null calls whoever is next, and once more if sent again.
    """

    ticket: str | None = None


class TicketItem(Document):
    """A ticket; `calls` counts how often it was called."""

    ticket: str
    label: str
    queue: str
    state: State
    since: Moment
    appointment: str
    calls: int
    marks: list[Mark]
    priority: str


class TicketList(Document):
    tickets: list[TicketItem]


class EntryItem(TicketItem):
    """A ticket in its queue: its place among those that wait, and what stands against a call."""

    gates: list[dict[str, str]]
    place: int | None
    why: list[dict[str, str]]
    ahead_because: dict[str, str] | None


class LaneItem(Document):
    """A queue. `waiting` is in the order of calling, `next` the ticket that a call would call."""

    queue: str
    name: Localized
    stopped: Moment | None
    blocked: list[dict[str, str]]
    next: str | None
    running: list[EntryItem]
    waiting: list[EntryItem]
    aside: list[EntryItem]
    booked: int
    ended: int


class LaneList(Document):
    queues: list[LaneItem]
