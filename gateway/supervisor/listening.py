"""Serves the devices that call a listening link, each in a task of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.errors import IsogateError
from gateway.transport import Connection, Tap, TcpListen, listen
from gateway.transport.stream import Stream

log = logging.getLogger(__name__)

Handle = Callable[[Connection], Awaitable[None]]


async def answer_calls(
    link: str, options: TcpListen, tap: Tap, listening: Callable[[], None], handle: Handle
) -> None:
    """Run `handle` for every call until cancelled; an error in one ends only that one.

    `listening` is called when the port is open.
    """
    open_calls: set[Stream] = set()

    async def serve(stream: Stream) -> None:
        open_calls.add(stream)
        try:
            await handle(stream)
        except (IsogateError, ConnectionError, TimeoutError) as error:
            log.info("Link %s: the connection of %s ended: %s", link, stream.name, error)
        except Exception:
            log.exception("Link %s: serving %s failed.", link, stream.name)
        finally:
            open_calls.discard(stream)
            await stream.close()

    async with asyncio.TaskGroup() as group:

        def accept(stream: Stream) -> None:
            coroutine = serve(stream) if len(open_calls) < options.connections else stream.close()
            group.create_task(coroutine, name=f"{link}-{stream.name}")

        def refuse(why: str) -> None:
            log.warning("Link %s: a call was refused: %s.", link, why)

        async with listen(options, tap, accept, refuse):
            listening()
            await asyncio.Event().wait()
