"""DICOM nodes for tests: one of ours, and the real programs that it meets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dicom.dimse import (
    Acceptor,
    Caller,
    Capacity,
    Limits,
    Listener,
    LocalTitle,
    Peer,
    Service,
    Services,
    TlsContext,
    accepting,
)
from dicom.services import verification
from tests.peers import LOOPBACK, require_peer

OURS = "ISOGATE"
ANYONE = (Caller(),)


@asynccontextmanager
async def node(
    *services: Service,
    limits: Limits | None = None,
    capacity: Capacity | None = None,
    callers: Sequence[Caller] = ANYONE,
    associations: int = 600,
    tls: TlsContext | None = None,
) -> AsyncIterator[Acceptor]:
    """An acceptor on loopback with one AE title, and verification beside `services`."""
    offered = Services((verification, *services))
    local = LocalTitle(OURS, offered, tuple(callers), associations)
    acceptor = Acceptor({OURS: local}, limits or Limits(), capacity or Capacity(600))
    async with accepting(acceptor, [Listener(LOOPBACK, 0, tls)]):
        yield acceptor


def peer_of(acceptor: Acceptor, *, calling: str = "TEST", tls: TlsContext | None = None) -> Peer:
    """How to call the acceptor."""
    return Peer(OURS, LOOPBACK, acceptor.ports[0], calling, tls, "localhost" if tls else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program said and how it ended."""

    code: int
    text: str


async def tool(
    program: str, *arguments: str | Path, cwd: Path | None = None, within: float = 60
) -> Outcome:
    """Run one of the peers' programs to its end; a missing one skips the test."""
    path = require_peer(program)
    process = await asyncio.create_subprocess_exec(
        path,
        *(str(each) for each in arguments),
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Outcome(process.returncode or 0, output.decode(errors="replace"))


def lines(outcomes: Iterable[Outcome]) -> str:
    """What programs said, for a failed assertion."""
    return "\n".join(each.text for each in outcomes)
