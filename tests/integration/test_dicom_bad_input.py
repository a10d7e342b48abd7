"""Peers that break the protocol: told so, cut off in time, and nobody else is slowed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from dicom.dimse import (
    Acceptor,
    Capacity,
    Limits,
    Offer,
    Operation,
    Request,
    Response,
    Responses,
    Service,
    Wanted,
    associate,
)
from tests.dicom_objects import CT
from tests.dicom_peers import node, peer_of
from tests.dicom_raw import (
    ABORT,
    ACCEPT,
    DATA,
    ECHO,
    REJECT,
    RELEASE,
    RELEASED,
    VERIFICATION,
    Raw,
    associate_rq,
    command,
    pdu,
    raw,
    store_command,
    value,
)
from tests.peers import LOOPBACK

SHORT = Limits(artim=0.2, pdu=0.2, idle=0.2, handshake=0.2, answer=5)


class Slow:
    """A storage that answers when it is told to, and takes nothing before."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.asked = asyncio.Event()
        self.cancelled = 0

    async def handle(self, request: Request) -> Responses:
        self.asked.set()
        try:
            await self.told.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        await request.dataset.skip()
        yield Response()

    def service(self) -> Service:
        return Service("slow", (Offer(CT),), frozenset((Operation.C_STORE,)), self.handle)


@asynccontextmanager
async def slow_node(limits: Limits | None = None) -> AsyncIterator[tuple[Acceptor, Slow]]:
    slow = Slow()
    async with node(slow.service(), limits=limits) as acceptor:
        yield acceptor, slow


async def echo(acceptor: Acceptor) -> None:
    """Another peer, who is not slowed."""
    async with asyncio.timeout(10), associate(peer_of(acceptor), [Wanted(VERIFICATION)]) as found:
        await found.echo()


async def send_each(caller: Raw, part: bytes, count: int) -> None:
    """Send the same so often, as fast as it is taken."""
    for _ in range(count):
        await caller.send(part)


async def connections_end() -> None:
    """Wait until the node's tasks of all connections are done."""
    place = f"dicom-{LOOPBACK}-"
    tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith(place)]
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "unknown type 0x47"),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", "unknown type 0x16"),
        (pdu(1, b"", length=2**32 - 1), "announces 4294967295 bytes"),
        (pdu(1, b"short"), "5 bytes instead of 68"),
        (pdu(4, value(1, 3, b"")), "out of turn"),
        (pdu(5, bytes(4)), "out of turn"),
        (pdu(2, b"", length=500_000), "announces 500000 bytes"),
    ],
)
async def test_who_does_not_begin_with_a_request_is_aborted(
    data: bytes, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with node(limits=SHORT) as acceptor:
        async with raw(acceptor.ports[0]) as caller:
            await caller.send(data)
            ((kind, _),) = await caller.ended()
        await echo(acceptor)
    assert kind == ABORT
    assert told in caplog.text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (pdu(4, b"", length=200_000_000), "announces 200000000 bytes"),
        (pdu(4, b""), "without a value"),
        (pdu(4, value(1, 3, b"", length=1)), "announces 1 bytes"),
        (pdu(4, value(9, 3, command(0x30, 1, VERIFICATION, data=False))), "context 9"),
        (pdu(4, value(1, 2, b"data")), "without a command"),
        (pdu(4, value(1, 3, b"no command")), "command set"),
        (pdu(4, value(1, 1, bytes(50_000))) * 2, "a command of more than"),
        (store_command("1.2.3") + ECHO, "inside a message in context 3"),
        (pdu(4, value(1, 3, command(0x8030, 1, VERIFICATION, data=False))), "command set without"),
        (associate_rq(), "AssociateRq out of turn"),
        (pdu(2, associate_rq()[6:]), "AssociateAc out of turn"),
        (pdu(6, bytes(4)), "ReleaseRp out of turn"),
        (pdu(5, bytes(400)), "announces 400 bytes"),
        (pdu(9, b""), "unknown type 0x09"),
    ],
)
async def test_what_breaks_an_open_association_aborts_it_with_the_reason_in_the_log(
    data: bytes, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with slow_node(Limits(artim=0.2)) as (acceptor, _), raw(acceptor.ports[0]) as caller:
        await caller.opened()
        await caller.send(data)
        answers = await caller.ended()
        await echo(acceptor)
        assert acceptor.associations == ()
    assert [kind for kind, _ in answers] == [ABORT]
    assert told in caplog.text


async def test_more_than_128_contexts_are_refused_by_their_ids() -> None:
    request = bytearray(associate_rq([VERIFICATION] * 128))
    extra = associate_rq([VERIFICATION] * 1)
    item = extra[extra.index(b"\x20\0\0") :][: 4 + 0x2E]
    more = bytes(request[6:]) + item
    async with node(limits=SHORT) as acceptor, raw(acceptor.ports[0]) as caller:
        await caller.send(pdu(1, more))
        ((kind, _),) = await caller.ended()
    assert kind == ABORT


async def test_128_contexts_are_answered() -> None:
    async with node() as acceptor, raw(acceptor.ports[0]) as caller:
        await caller.send(associate_rq([VERIFICATION] * 128))
        kind, body = await caller.pdu()
    assert kind == ACCEPT
    assert body.count(b"\x21\0\0\x1b") == 128


@pytest.mark.parametrize("said", [b"", associate_rq()[:3], associate_rq()[:100]])
async def test_a_silent_or_half_open_caller_is_cut_in_time(said: bytes) -> None:
    async with node(limits=SHORT) as acceptor, raw(acceptor.ports[0]) as caller:
        await caller.send(said)
        await caller.ended()
        await echo(acceptor)


@pytest.mark.parametrize(
    "said", [b"", ECHO[:3], ECHO[:40], store_command("1.2.3"), store_command("1.2.3")[:60]]
)
async def test_an_association_that_stalls_is_aborted_in_time(said: bytes) -> None:
    async with slow_node(SHORT) as (acceptor, slow), raw(acceptor.ports[0]) as caller:
        await caller.opened()
        await caller.send(said)
        answers = await caller.ended()
        await echo(acceptor)
    assert [kind for kind, _ in answers] == [ABORT]
    assert slow.cancelled == slow.asked.is_set()


async def test_a_service_that_takes_its_time_is_not_cut_off() -> None:
    async with slow_node(SHORT) as (acceptor, slow), raw(acceptor.ports[0]) as caller:
        await caller.opened()
        await caller.send(store_command("1.2.3"), pdu(DATA, value(3, 2, b"data")))
        await slow.asked.wait()
        asyncio.get_running_loop().call_later(3 * SHORT.idle, slow.told.set)
        kind, _ = await caller.pdu()
    assert kind == DATA


@pytest.mark.parametrize("how", ["abort", "cut", "release"])
async def test_a_caller_that_leaves_while_a_service_works_cancels_it(how: str) -> None:
    async with slow_node() as (acceptor, slow):
        before = len(asyncio.all_tasks())
        async with raw(acceptor.ports[0]) as caller:
            await caller.opened()
            await caller.send(store_command("1.2.3"))
            await slow.asked.wait()
            if how == "abort":
                await caller.send(pdu(ABORT, bytes(4)))
                await caller.ended()
            if how == "release":
                await caller.send(pdu(RELEASE, bytes(4)))
                assert (await caller.pdu())[0] == RELEASED
        await connections_end()
        assert slow.cancelled == 1
        assert len(asyncio.all_tasks()) == before


async def test_an_abort_is_heard_at_every_step() -> None:
    steps = [b"", associate_rq(), ECHO, store_command("1.2.3"), pdu(DATA, value(3, 0, b"part"))]
    async with slow_node() as (acceptor, _):
        for count in range(len(steps) + 1):
            async with raw(acceptor.ports[0]) as caller:
                await caller.send(*steps[:count], pdu(ABORT, bytes(4)))
                answers = await caller.ended()
            assert ABORT not in [kind for kind, _ in answers]
        await echo(acceptor)
        assert acceptor.associations == ()


async def test_bare_connections_hold_no_place_for_associations() -> None:
    async with (
        node(capacity=Capacity(associations=2, callers=8)) as acceptor,
        AsyncExitStack() as stack,
    ):
        first, *_ = [await stack.enter_async_context(raw(acceptor.ports[0])) for _ in range(40)]
        await echo(acceptor)
        assert await first.ended() == []
        assert acceptor.callers <= 8


@pytest.mark.parametrize(
    "capacity", [Capacity(associations=3), Capacity(associations=9, per_address=3)]
)
async def test_beyond_its_capacity_the_node_says_that_it_is_congested(capacity: Capacity) -> None:
    async with (
        node(capacity=capacity) as acceptor,
        AsyncExitStack() as stack,
    ):
        for _ in range(3):
            await (await stack.enter_async_context(raw(acceptor.ports[0]))).opened()
        async with raw(acceptor.ports[0]) as caller:
            await caller.send(associate_rq())
            kind, body = await caller.pdu()
        assert (kind, body) == (REJECT, b"\0\2\3\1")


async def test_a_sender_faster_than_the_service_is_held_back() -> None:
    part = pdu(DATA, value(3, 0, bytes(100_000)))
    async with slow_node() as (acceptor, slow), raw(acceptor.ports[0]) as caller:
        await caller.opened()
        await caller.send(store_command("1.2.3"))
        await slow.asked.wait()
        (association,) = acceptor.associations
        flood = asyncio.create_task(send_each(caller, part, 300))
        await echo(acceptor)
        received = -1
        while association.bytes_received != received:
            received = association.bytes_received
            await echo(acceptor)
        assert received < 3_000_000
        slow.told.set()
        await flood
        await caller.send(pdu(DATA, value(3, 2, b"")))
        assert (await caller.pdu())[0] == DATA


async def test_requests_without_waiting_for_answers_are_held_back_and_answered_in_order() -> None:
    message = [store_command("1.2.3"), pdu(DATA, value(3, 2, bytes(10_000)))]
    async with slow_node() as (acceptor, slow), raw(acceptor.ports[0]) as caller:
        await caller.opened()
        flood = asyncio.create_task(send_each(caller, b"".join(message), 500))
        await slow.asked.wait()
        await echo(acceptor)
        assert acceptor.associations[0].bytes_received < 3_000_000
        slow.told.set()
        for _ in range(500):
            assert (await caller.pdu())[0] == DATA
        await flood


async def test_stopping_aborts_what_is_open() -> None:
    async with AsyncExitStack() as stack:
        acceptor, slow = await stack.enter_async_context(slow_node())
        caller = await stack.enter_async_context(raw(acceptor.ports[0]))
        await caller.opened()
        await caller.send(store_command("1.2.3"))
        await slow.asked.wait()
        closing = stack.pop_all()
        reader = asyncio.create_task(caller.ended())
        await closing.aclose()
        assert [kind for kind, _ in await reader] in ([ABORT], [])
    assert slow.cancelled == 1
