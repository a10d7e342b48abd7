"""Turns at a fixed rate, for drivers that ask in their own way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


async def turns(seconds: float) -> AsyncIterator[None]:
    """The first at once, by the wire clock; one that was missed is left out."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        yield
        missed = max(0, int((loop.time() - due) // seconds))
        due += (missed + 1) * seconds
        await asyncio.sleep(due - loop.time())
