"""Keeps the LED boards of one line as the queue is."""

from __future__ import annotations

import asyncio
import logging

from gateway.errors import DeviceUnavailable, StoreError
from gateway.model import Clock, Direction, localize
from gateway.room import roused
from gateway.transport import Connection, connect
from queue_display.boards.template import Facts
from queue_display.options import BoardOptions, LineOptions
from queue_display.scene import Lane, Stage
from queue_display.terms import State

log = logging.getLogger(__name__)

_AGAIN = 30.0
"""Seconds after which a board is told again: it may have been switched off and on."""
_LONGEST_PAUSE = 30.0


class LineSender:
    """One line with its boards. It opens it again for as long as it runs."""

    def __init__(self, name: str, options: LineOptions, stage: Stage, clock: Clock) -> None:
        self._name, self._options = name, options
        self._stage, self._clock = stage, clock
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; the log has the first failure and the recovery."""
        stop = self._stage.book.watch(self._moved.set)
        failing, pause = False, 1.0
        try:
            while True:
                try:
                    async with connect(self._options.transport, _untapped) as line:
                        await self._send(line)
                        if failing:
                            log.info("The boards of %s are reached again", self._name)
                        failing, pause = False, 1.0
                        while True:
                            await self._wait()
                            await self._send(line)
                except (DeviceUnavailable, ConnectionError, StoreError) as error:
                    if not failing:
                        log.warning("The boards of %s show no news: %s", self._name, error)
                    failing = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            stop()

    async def frames(self) -> list[bytes]:
        """What the boards of the line are to be sent now."""
        scene = await self._stage.scene(self._clock.now())
        found = []
        for board in self._options.boards:
            lane = scene.lanes.get(board.queue)
            facts = _facts(board, lane) if lane is not None else None
            if facts is None:
                continue
            try:
                found.append(board.template.frame(facts))
            except ValueError as error:
                log.warning("A board of %s can't show it: %s", self._name, error)
        return found

    async def _send(self, line: Connection) -> None:
        for frame in await self.frames():
            await line.write(frame)
            await asyncio.sleep(self._options.pause)

    async def _wait(self) -> None:
        """Until something moves, or the boards are told again."""
        await roused(self._moved, _AGAIN)
        self._moved.clear()


def _facts(board: BoardOptions, lane: Lane) -> Facts | None:
    """The newest call that stands; what the board shows while there is none, or nothing new."""
    called = [each.ticket for each in lane.running if each.ticket.state is State.CALLED]
    if not called:
        return Facts(board.idle, board.idle_text) if board.idle is not None else None
    newest = max(called, key=lambda each: (each.called or 0, each.id))
    place = localize(lane.options.place or lane.options.name, board.language)
    written = board.text.replace("{label}", newest.label).replace("{place}", place)
    return Facts(newest.number, written)


def _untapped(_direction: Direction, _data: bytes) -> None:
    """Frames to boards are not journalled: the queue's own events say what was shown."""
