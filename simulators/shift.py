"""Work that goes on beside something else, and ends with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

log = logging.getLogger(__name__)


@asynccontextmanager
async def at_work(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Do `work` within the block; whatever it is at when that ends, it is broken off.

    Where it fails before that, the log says so.
    """
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_told)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _told(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("The simulated %s stopped: %s", task.get_name(), error, exc_info=error)
