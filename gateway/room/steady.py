"""A job that looks again and again, and outlives a store that refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from gateway.errors import StoreError


async def steadily(
    turn: Callable[[], Awaitable[None]],
    pause: Callable[[], Awaitable[None]],
    say: Callable[[StoreError], None],
) -> NoReturn:
    """Take a turn, then a pause, until cancelled; `say` tells the first of several StoreErrors."""
    failing = False
    while True:
        try:
            await turn()
            failing = False
        except StoreError as error:
            if not failing:
                say(error)
            failing = True
        await pause()


async def roused(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, for so many seconds at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
