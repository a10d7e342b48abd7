"""The one plug: what a room brings to the gateway. `app` composes rooms, nothing else knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from gateway.model import Clock, DeviceEvent

ENTRY_POINT_GROUP = "gateway.rooms"


class Subscriber(Protocol):
    """Follows the event stream with a cursor of its own.

    Its tables are a projection: `apply` commits them and the cursor in one transaction, so a
    replay from any cursor gives the same tables. Events it derives have deterministic ids.
    """

    @property
    def name(self) -> str: ...

    def cursor(self) -> int:
        """The last seq applied; 0 before the first."""
        ...

    async def apply(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Fold events, in order of seq; return what follows from them."""
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
    """A room. `open` yields the running room's subscribers; leaving it stops the room."""

    name: str
    open: Callable[[RoomContext], AbstractAsyncContextManager[Sequence[Subscriber]]]
    section: type[BaseModel] | None = None
