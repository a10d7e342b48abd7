"""`python -m bench._http_server KIND FOLDER`: a server of its own process, ours or a peer's.

It prints the port that it listens on, and the cookie of a person who is signed in: ours stand
behind the real guard, which finds the session, judges it and audits. The fan-out servers publish
an event for each line on their standard input, stamped with the monotonic clock just before.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import uvicorn
from fastapi import FastAPI, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.types import ASGIApp

from gateway.api import open_app
from gateway.api.item import event_item
from gateway.audit.key import audit_key
from gateway.audit.trail import AuditTrail
from gateway.model import Instant, Retention, SystemClock
from gateway.security import Security
from gateway.security import room as accounts
from gateway.security.options import AccountsOptions
from gateway.security.roles import Role
from gateway.security.room import TABLES
from gateway.store import Batch, EventStore, StoreOptions
from gateway.store.relational import Tables
from gateway.testing import room_context
from gateway.testing.room import MemoryRoomPorts
from gateway.web.caller import OVER_SOCKET
from queue_display.terms import Verb
from tests.accounts import CHEAP, PASSWORD
from tests.unit.api.memory_site import NOON, measured, wire
from tests.unit.api.stored_site import StoredSite
from tests.unit.queue.desk_case import WANG, department

POINTS = 50
EVENTS = 5_000
_BATCH = 50
_PADDING = "x" * 180

Served: TypeAlias = tuple[ASGIApp, str]
"""An application, and the cookie with which it is asked."""

_UNLIMITED = AccountsOptions.model_validate(
    {
        "limits": {
            "per_second": 1e6,
            "burst": 1_000_000,
            "anonymous_per_second": 1e6,
            "anonymous_burst": 1_000_000,
        }
    }
)
"""How often somebody may ask is not what is measured."""


async def main(kind: str, folder: Path) -> None:
    async with _APPS[kind](folder) as (app, cookie):
        with socket.socket(
            proto=socket.IPPROTO_TCP
        ) as sock:  # asyncio sets NODELAY by the protocol
            sock.bind(("127.0.0.1", 0))
            sock.listen(4096)
            config = uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                ws="none",
            )
            print(sock.getsockname()[1], cookie, flush=True)
            await uvicorn.Server(config).serve(sockets=[sock])


@asynccontextmanager
async def _rest(folder: Path) -> AsyncIterator[Served]:
    async with _guarded(folder) as (store, app, cookie):
        for first in range(0, EVENTS, _BATCH):
            await store.append(_batch(store, first))
        yield app, cookie


@asynccontextmanager
async def _bare(_folder: Path) -> AsyncIterator[Served]:
    """As little as FastAPI can do: rows that exist already, encoded and sent."""
    app = FastAPI()
    rows = [event_item(measured("meter-1", f"p{n}", f"{n}.5", "kW", raw_id=n)) for n in range(50)]

    @app.get("/rows")
    async def get_rows() -> Response:
        return Response(orjson.dumps(rows), media_type="application/json")

    yield app, ""


@asynccontextmanager
async def _fan_out(folder: Path) -> AsyncIterator[Served]:
    async with _guarded(folder) as (store, app, cookie):

        async def publish(number: int) -> None:
            record = replace(wire(store.raw_id(), b"\x01"), at=Instant(NOON + number))
            event = measured("meter-1", "power", str(number), "kW", at=record.at)
            stamped = replace(
                event, payload={"padding": _PADDING[:80], "sent": time.monotonic_ns()}
            )
            await store.append(Batch(Retention.TELEMETRY, (record,), (stamped,)))

        async with _on_each_line(publish):
            yield app, cookie


@asynccontextmanager
async def _fastapi_sse(_folder: Path) -> AsyncIterator[Served]:
    """FastAPI's own server-sent events, one queue a client."""
    app = FastAPI()
    queues: set[asyncio.Queue[dict[str, Any]]] = set()

    @app.get("/stream", response_class=EventSourceResponse)
    async def stream() -> AsyncIterator[ServerSentEvent]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1000)
        queues.add(queue)
        try:
            while True:
                yield ServerSentEvent(data=await queue.get(), event="event")
        finally:
            queues.discard(queue)

    async def publish(number: int) -> None:
        item = event_item(measured("meter-1", "power", str(number), "kW"))
        stamped = {**item, "padding": _PADDING[:40], "sent": time.monotonic_ns()}
        for queue in queues:
            queue.put_nowait(stamped)

    async with _on_each_line(publish):
        yield app, ""


@asynccontextmanager
async def _displays(folder: Path) -> AsyncIterator[Served]:
    """The queue in memory with forty who wait: each line calls somebody, or takes it back.

    It prints the monotonic clock from just before.
    """
    async with department(folder) as office:
        for number in range(40):
            queue = ("linac-1", "linac-2")[number % 2]
            await office.desk.walk_in(WANG, queue, None, "bench")

        async def act(number: int) -> None:
            print(time.monotonic_ns(), flush=True)
            if number % 2:
                await office.desk.call_next(WANG, "linac-1")
                return
            (called,) = (await office.desk.scene(WANG)).lanes["linac-1"].running
            await office.desk.take(WANG, called.ticket.id, Verb.UNDO)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(office.jobs["air"](), name="air")
            async with _on_each_line(act):
                yield office.app, ""
            task.cancel()


@asynccontextmanager
async def _guarded(folder: Path) -> AsyncIterator[tuple[EventStore, ASGIApp, str]]:
    """The API over a store, behind the real gate, with a physicist who is signed in."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            EventStore.open(folder, StoreOptions(min_free=0), clock)
        )
        tables = await stack.enter_async_context(
            Tables.open(folder / "tables.sqlite", clock, {accounts.name: TABLES})
        )
        context = room_context(folder, MemoryRoomPorts(), section=_UNLIMITED, tables=tables)
        trail = await stack.enter_async_context(
            AuditTrail.open(
                folder / "audit",
                folder / "anchors",
                clock,
                key=audit_key(folder / "audit-key", folder / "audit"),
                ring=context.ring,
            )
        )
        context = replace(context, clock=clock, audit=trail)
        security = await stack.enter_async_context(Security.open(context, CHEAP))
        link = await security.staff.create(OVER_SOCKET, "bench", "", [Role.PHYSICIST])
        account = await security.own.set_up(link, PASSWORD, PASSWORD)
        secret = await security.sign_in.admit(account, "127.0.0.1", "bench")
        app = await stack.enter_async_context(open_app(StoredSite(store), gate=security.gate))
        yield store, app, f"isogate={secret}"


def _batch(store: EventStore, first: int) -> Batch:
    record = replace(wire(store.raw_id(), b"\x01\x03"), at=Instant(NOON + first))
    events = tuple(
        measured("meter-1", f"p{n}", f"{first + n}.5", "kW", at=record.at, raw_id=record.raw_id)
        for n in range(POINTS)
    )
    return Batch(Retention.TELEMETRY, (record,), events)


@asynccontextmanager
async def _on_each_line(publish: Any) -> AsyncIterator[None]:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)

    async def read() -> None:
        number = 0
        while await reader.readline():
            number += 1
            await publish(number)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read(), name="publisher")
        try:
            yield
        finally:
            task.cancel()


_APPS = {
    "rest": _rest,
    "bare": _bare,
    "fan-out": _fan_out,
    "fastapi-sse": _fastapi_sse,
    "displays": _displays,
}

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
