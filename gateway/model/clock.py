"""How far a device's clock can be believed. Pure."""

from __future__ import annotations

from gateway.model.terms import ClockQuality
from gateway.model.time import Instant

_AHEAD = 5 * 60 * 1_000_000
_BEHIND = 31 * 24 * 3600 * 1_000_000


def judge_clock(observed_at: Instant | None, received_at: Instant) -> tuple[Instant, ClockQuality]:
    """When it happened, and how far to believe it.

    A device's time more than 5 minutes ahead of ours or 31 days behind is kept as SUSPECT: a
    queue may deliver late by days, a dead clock battery shows years.
    """
    if observed_at is None:
        return received_at, ClockQuality.GATEWAY
    if -_BEHIND <= observed_at - received_at <= _AHEAD:
        return observed_at, ClockQuality.DEVICE
    return observed_at, ClockQuality.SUSPECT
