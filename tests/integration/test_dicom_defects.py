"""What peers can do to pynetdicom's acceptor, done to a gateway in a process of its own.

Another peer's echo stays quick all the while, and the gateway's memory does not grow.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TypeAlias

import pytest

from dicom.dimse import Peer, Wanted, associate
from tests.acceptance.live import SiteFolder
from tests.dicom_peers import OURS
from tests.dicom_raw import (
    DATA,
    ECHO,
    RELEASE,
    RELEASED,
    VERIFICATION,
    Raw,
    associate_rq,
    pdu,
    raw,
    store_command,
    value,
)
from tests.dicom_tls import Authority
from tests.peers import LOOPBACK, Say, count, free_port, port_answers, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.quiet, pytest.mark.timeout(300)]

MEGABYTE = 1_000_000
MOST_GROWTH = 32 * MEGABYTE
QUICK = 0.1
DISK_THREADS = 8
ELSEWHERE = "127.0.0.2"


@dataclass(frozen=True, slots=True)
class Victim:
    """The gateway: its process, its ports, and how to call it properly."""

    pid: int
    plain: int
    tls: int
    authority: Authority

    def memory(self) -> int:
        """Resident bytes that are its own."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return 1024 * int(line.split()[1])
        raise ValueError(f"process {self.pid} has no memory")

    def threads(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/task").iterdir())

    def sockets(self) -> int:
        links = (_target(each) for each in Path(f"/proc/{self.pid}/fd").iterdir())
        return sum(1 for link in links if link.startswith("socket:"))


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return ""


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    home = tmp_path_factory.mktemp("victim")
    authority = Authority(home / "tls")
    mine = authority.issue("node")
    plain, tls = free_port(), free_port()
    files = {"certificate": str(mine.certificate), "key": str(mine.key)}
    site = SiteFolder.write(
        home / "site",
        {
            "dicom": {
                "listeners": [{"port": plain}, {"port": tls, "tls": files}],
                "titles": {OURS: {"allow": "anyone"}},
                "limits": {
                    "associations": 30,
                    "per_address": 20,
                    "silent": 64,
                    "artim": 2,
                    "handshake": 2,
                    "stalled": 5,
                },
                "storage": {"min_free": 10**6},
            }
        },
    )
    with site.gateway() as process:
        wait_until(
            lambda: port_answers(plain) or process.poll() is not None, within=60, what="the node"
        )
        assert process.poll() is None, site.log.read_text()
        yield Victim(process.pid, plain, tls, authority)


Attack: TypeAlias = Callable[[Victim, AsyncExitStack], AsyncIterator[None]]
"""Does its worst step by step; the victim is looked at after each."""


async def silent_handshakes(victim: Victim, stack: AsyncExitStack) -> AsyncIterator[None]:
    """The TLS handshake runs in the accept loop: one silent peer blocks everybody."""
    for _ in range(30):
        await stack.enter_async_context(raw(victim.tls, source=ELSEWHERE))
    for _ in range(10):
        yield


async def bare_probes(victim: Victim, stack: AsyncExitStack) -> AsyncIterator[None]:
    """Bare TCP health checks use up the places for associations."""
    for _ in range(50):
        await stack.enter_async_context(raw(victim.plain, source=ELSEWHERE))
    for _ in range(10):
        yield


async def half_pdus(victim: Victim, stack: AsyncExitStack) -> AsyncIterator[None]:
    """Peers that stop in the middle of a PDU are held past every time-out."""
    for _ in range(18):
        caller = await stack.enter_async_context(raw(victim.plain, source=ELSEWHERE))
        await caller.opened()
        await caller.send(pdu(DATA, b"half of it", length=100_000))
    for _ in range(10):
        yield


async def endless_pdu(victim: Victim, stack: AsyncExitStack) -> AsyncIterator[None]:
    """A PDU's length is not bounded: 200 MB are buffered before there is any association."""
    caller = await stack.enter_async_context(raw(victim.plain, source=ELSEWHERE))
    sending = asyncio.create_task(_flood(caller, associate_rq()[:6].replace(b"\0\0", b"\x0b\xeb")))
    stack.callback(sending.cancel)
    for _ in range(10):
        yield


async def pipelined_stores(victim: Victim, stack: AsyncExitStack) -> AsyncIterator[None]:
    """No back-pressure: 200 MB of stores that nobody waits for pile up in memory."""
    message = store_command("1.2.3.4.5")
    message += b"".join(pdu(DATA, value(3, 0, bytes(100_000))) for _ in range(10))
    message += pdu(DATA, value(3, 2, b""))
    caller = await stack.enter_async_context(raw(victim.plain, source=ELSEWHERE))
    await caller.opened()
    sending = asyncio.create_task(_flood(caller, b"", message, 200))
    stack.callback(sending.cancel)
    for _ in range(10):
        yield


async def aborts_inside_handlers(victim: Victim, stack: AsyncExitStack) -> AsyncIterator[None]:
    """An abort while an object comes in leaks a thread."""
    del stack
    for _ in range(10):
        async with AsyncExitStack() as callers:
            for _ in range(10):
                caller = await callers.enter_async_context(raw(victim.plain, source=ELSEWHERE))
                await caller.opened()
                await caller.send(
                    store_command("1.2.3.4.5"), *[pdu(DATA, value(3, 0, bytes(100_000)))] * 4
                )
                await caller.send(pdu(7, bytes(4)))
        yield


async def floods_of_associations(victim: Victim, stack: AsyncExitStack) -> AsyncIterator[None]:
    """More associations than there are places, again and again."""
    del stack
    for _ in range(5):
        async with AsyncExitStack() as callers:
            for _ in range(60):
                caller = await callers.enter_async_context(raw(victim.plain, source=ELSEWHERE))
                await caller.send(associate_rq([VERIFICATION] * 128))
        yield


ATTACKS = (
    silent_handshakes,
    bare_probes,
    half_pdus,
    endless_pdu,
    pipelined_stores,
    aborts_inside_handlers,
    floods_of_associations,
)


async def _flood(caller: Raw, head: bytes, part: bytes = bytes(MEGABYTE), times: int = 200) -> None:
    try:
        await caller.send(head)
        for _ in range(times):
            await caller.send(part)
    except ConnectionError:
        return


async def timed_echo(victim: Victim) -> float:
    """Seconds of an association, an echo and a release by another peer, with TLS and without."""
    begun = time.monotonic()
    for port, tls in ((victim.plain, None), (victim.tls, victim.authority.calling())):
        peer = Peer(OURS, LOOPBACK, port, "OTHER", tls, "localhost")
        async with associate(peer, [Wanted(VERIFICATION)]) as association:
            await association.echo()
    return time.monotonic() - begun


@asynccontextmanager
async def unchanged(victim: Victim) -> AsyncIterator[None]:
    """Sockets and threads are given back after the block, but for the threads of the disk."""
    threads, sockets = victim.threads(), victim.sockets()
    yield
    await asyncio.to_thread(
        wait_until,
        lambda: victim.sockets() <= sockets and victim.threads() <= threads + DISK_THREADS,
        within=30,
        what="sockets and threads given back",
    )


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_another_peers_echo_stays_quick_and_memory_does_not_grow(
    victim: Victim, attack: Attack, say: Say
) -> None:
    usual = [await timed_echo(victim) for _ in range(5)]
    async with unchanged(victim):
        before = victim.memory()
        took, most = [], 0
        async with AsyncExitStack() as stack:
            async for _ in attack(victim, stack):
                took.append(await timed_echo(victim))
                most = max(most, victim.memory() - before)
    say(
        f"echo {median(took) * 1000:.0f} ms (worst {max(took) * 1000:.0f}, usually"
        f" {median(usual) * 1000:.0f}), memory {most / MEGABYTE:+.1f} MB"
    )
    assert most < MOST_GROWTH
    assert median(took) < 2 * QUICK + 2 * median(usual)


LANES = 8
WARM = 1500
"""Associations after which the memory that is used again and again has been taken."""
LEFT_BEHIND = 2 * MEGABYTE


async def end_well(caller: Raw) -> None:
    await caller.send(pdu(RELEASE, bytes(4)))
    kind, _ = await caller.pdu()
    assert kind == RELEASED


async def vanish(caller: Raw) -> None:
    caller.writer.close()


async def abort(caller: Raw) -> None:
    await caller.send(pdu(7, bytes(4)))


async def associations(victim: Victim, number: int) -> None:
    """So many, a few at a time, each with an echo; some end in order, some do not."""
    turns = iter(range(number))

    async def lane() -> None:
        for turn in turns:
            async with raw(victim.plain, source=ELSEWHERE) as caller:
                await caller.opened()
                await caller.send(ECHO)
                kind, _ = await caller.pdu()
                assert kind == DATA
                await (end_well, vanish, abort)[turn % 3](caller)

    async with asyncio.TaskGroup() as group:
        for _ in range(LANES):
            group.create_task(lane())


@pytest.mark.timeout(3000)
async def test_many_associations_leave_nothing_behind(victim: Victim, say: Say) -> None:
    """What the first half takes for good, as caches do, the second does not take again."""
    half = count(500, 50_000)
    await associations(victim, WARM)
    async with unchanged(victim):
        held = [victim.memory()]
        for _ in range(2):
            await associations(victim, half)
            held.append(victim.memory())
    first, second = (after - before for before, after in pairwise(held))
    said = f"memory {first / MEGABYTE:+.1f}, then {second / MEGABYTE:+.1f} MB"
    say(f"2 x {half} associations: {said}")
    assert second < LEFT_BEHIND
    assert first < MOST_GROWTH
