"""Following the event stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from gateway.model import DeviceEvent

Emit: TypeAlias = Callable[[Sequence[DeviceEvent]], Awaitable[None]]
"""Appends events that follow from others; returns when they are on disk."""


class Subscriber(Protocol):
    """Follows the event stream with a cursor of its own.

    Its tables are a projection: they and the cursor are committed in one transaction, so a
    replay from any cursor gives the same tables.
    """

    @property
    def name(self) -> str: ...

    def cursor(self) -> int:
        """The last seq applied; 0 before the first."""
        ...

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Fold events, in order of seq.

        What follows from them goes to `emit` before the projection is committed: their ids are
        deterministic, so a crash between the two repeats them and loses none.
        """
        ...
