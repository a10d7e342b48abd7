"""Between the loop and the writer thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import apsw

from gateway.errors import IsogateError, StoreError
from gateway.store.writer import Job, Writer

_T = TypeVar("_T")


def on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[_T], None]) -> Callable[[_T], None]:
    """`call`, to be called in another thread and done on the loop."""

    def forward(argument: _T) -> None:
        loop.call_soon_threadsafe(call, argument)

    return forward


def in_writer(writer: Writer, work: Callable[[Writer], _T]) -> asyncio.Future[_T]:
    """Do something between two commits; the future fails with StoreError if it can't be done."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def give(result: _T) -> None:
        finish(future, result)

    def refuse(reason: str) -> None:
        fail(future, StoreError(reason))

    def run(writer: Writer) -> None:
        try:
            result = work(writer)
        except (apsw.Error, OSError, IsogateError) as error:
            loop.call_soon_threadsafe(refuse, str(error))
        else:
            loop.call_soon_threadsafe(give, result)

    def drop() -> None:
        loop.call_soon_threadsafe(refuse, "the store is closed")

    writer.put(Job(run, drop))
    return future


def finish(future: asyncio.Future[_T], result: _T) -> None:
    """Give a result to a future that may have been cancelled."""
    if not future.done():
        future.set_result(result)


def fail(future: asyncio.Future[_T], error: StoreError) -> None:
    """Give an error to a future that may have been cancelled."""
    if not future.done():
        future.set_exception(error)
