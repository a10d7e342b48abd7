"""Frames of many connections, journalled together: one commit for all that came at one time."""

from __future__ import annotations

import asyncio

from gateway import Ports, StoreError, WireRecord


class FrameJournal:
    """Hands on what the connections of a link put in during one turn of the loop.

    It needs the task group of the link: a hand-over goes on while the next one gathers.
    """

    def __init__(self, ports: Ports, tasks: asyncio.TaskGroup) -> None:
        self._ports = ports
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._records: list[WireRecord] = []
        self._waiting: list[asyncio.Future[None]] = []

    def put(self, record: WireRecord) -> asyncio.Future[None]:
        """Journal a record; the future is done when it is on disk, or fails with StoreError."""
        future: asyncio.Future[None] = self._loop.create_future()
        if not self._records:
            self._loop.call_soon(self._hand_over)
        self._records.append(record)
        self._waiting.append(future)
        return future

    def _hand_over(self) -> None:
        records, waiting = self._records, self._waiting
        self._records, self._waiting = [], []
        self._tasks.create_task(self._journal(records, waiting), name="astm-journal")

    async def _journal(
        self, records: list[WireRecord], waiting: list[asyncio.Future[None]]
    ) -> None:
        try:
            await self._ports.journal(*records)
        except StoreError as error:
            for future in waiting:
                if not future.done():
                    future.set_exception(StoreError(str(error)))
        else:
            for future in waiting:
                if not future.done():
                    future.set_result(None)
