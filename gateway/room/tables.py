"""Tables of a room that change in place and are no projection of events, such as accounts."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class TableSet:
    """The tables that a room brings.

    `models` names the modules with its Tortoise models, `migrations` the package of these.
    """

    models: tuple[str, ...]
    migrations: str


class RoomTables(Protocol):
    """Given to a room: the file that holds its tables beside those of others."""

    def use(self) -> AbstractAsyncContextManager[Any]:
        """A Tortoise connection in one transaction, which ends with the block; pass it to queries.

        Blocks take turns, whichever task they run in. What is written is on disk after the block;
        StoreError means that nothing of it was. Rows stay inside; give plain values out.
        """
        ...
