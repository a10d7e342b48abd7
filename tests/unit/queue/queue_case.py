"""Tickets, acts and policies for the tests of the queue."""

from __future__ import annotations

from hypothesis import strategies as st

from gateway.model import Instant
from queue_display.options import PolicyOptions, PriorityOptions
from queue_display.rank import Ranking
from queue_display.terms import Mark, State, Verb
from queue_display.ticket import Act, Ticket

MINUTE = 60_000_000
EIGHT = Instant(1_795_737_600_000_000)
"""2026-11-27 08:00 in Shanghai."""

POLICY = PolicyOptions(
    priorities={
        "emergency": PriorityOptions(name={"zh-CN": "急诊", "en": "Emergency"}, first=True),
        "urgent": PriorityOptions(name={"zh-CN": "加急", "en": "Urgent"}, minutes=45),
    }
)


def at(minutes: float) -> Instant:
    """So many minutes after eight."""
    return Instant(EIGHT + round(minutes * MINUTE))


def clock(instant: Instant) -> str:
    minutes = (instant - EIGHT) // MINUTE + 8 * 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


RANKING = Ranking(POLICY, clock)


def waiting(
    number: int,
    due: float | None = 0,
    came: float = 0,
    *,
    marks: frozenset[Mark] = frozenset(),
    priority: str = "",
) -> Ticket:
    """A ticket that waits; times are minutes after eight."""
    return Ticket(
        id=f"t{number}",
        queue="linac-1",
        day="2026-11-27",
        state=State.WAITING,
        label=f"A{number:03}",
        number=number,
        start=None if due is None else at(due),
        checked_in=at(came),
        since=at(came),
        marks=marks,
        priority=priority,
    )


def act(verb: Verb, minutes: float = 0, **facts: object) -> Act:
    return Act(verb, at(minutes), "person:wang", **facts)  # type: ignore[arg-type]


tickets = st.builds(
    waiting,
    st.integers(1, 999),
    st.none() | st.integers(0, 600),
    st.integers(-60, 660),
    marks=st.frozensets(st.sampled_from(Mark)),
    priority=st.sampled_from(["", "emergency", "urgent"]),
)
lines = st.lists(tickets, max_size=12, unique_by=lambda each: each.number)
