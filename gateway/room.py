"""The one plug: what a room brings to the gateway. `app` composes rooms, nobody else knows all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel

from gateway.model import Clock, DeviceEvent

ENTRY_POINT_GROUP = "gateway.rooms"


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


@runtime_checkable
class OpensPorts(Protocol):
    """A room's section that knows which TCP ports the room will listen on, for the check."""

    def ports(self) -> Sequence[tuple[str, int]]:
        """Host and port of each."""
        ...


@dataclass(frozen=True, slots=True)
class RoomContext:
    """What a room is given when it opens. `section` is its part of devices.yaml, or None."""

    site: str
    clock: Clock
    data: Path
    section: Any


@dataclass(frozen=True, slots=True)
class Room:
    """A room. `open` yields the running room's subscribers; leaving it stops the room.

    One with a `section` is open where devices.yaml has that section; one without is always open.
    """

    name: str
    open: Callable[[RoomContext], AbstractAsyncContextManager[Sequence[Subscriber]]]
    section: type[BaseModel] | None = None
