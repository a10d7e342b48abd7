"""Frames of many connections, journalled together: one commit for all that came at one time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from gateway import Ports, Receipt, StoreError, WireRecord

Done: TypeAlias = Callable[[BaseException | None], None]
"""Told that a record is on disk, or why it is not; must not raise."""


class FrameJournal:
    """Hands on what the connections of a link put in during one turn of the loop."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._loop = asyncio.get_running_loop()
        self._records: list[WireRecord] = []
        self._waiting: list[Done] = []

    def put(self, record: WireRecord, done: Done) -> None:
        """Journal a record; `done` is called once."""
        if not self._records:
            self._loop.call_soon(self._hand_over)
        self._records.append(record)
        self._waiting.append(done)

    def _hand_over(self) -> None:
        records, waiting = self._records, self._waiting
        self._records, self._waiting = [], []
        try:
            future = self._ports.journal_soon(*records)
        except StoreError as error:
            _tell(waiting, error)
        else:
            future.add_done_callback(partial(_settled, waiting))


def _settled(waiting: Sequence[Done], future: asyncio.Future[Receipt]) -> None:
    if future.cancelled():
        _tell(waiting, StoreError("the store was closed before the commit"))
        return
    _tell(waiting, future.exception())


def _tell(waiting: Sequence[Done], error: BaseException | None) -> None:
    for done in waiting:
        done(error)
