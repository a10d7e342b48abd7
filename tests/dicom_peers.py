"""DICOM nodes for tests: one of ours, and the real programs that it meets."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from tests.peers import LOOPBACK, free_port, port_answers, require_peer, running, wait_until

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
    acceptor = Acceptor({OURS: local}, limits or Limits(), capacity or Capacity(600, 600))
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
    program: str,
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    within: float = 60,
) -> Outcome:
    """Run one of the peers' programs to its end; a missing one skips the test."""
    path = require_peer(program)
    process = await asyncio.create_subprocess_exec(
        path,
        *(str(each) for each in arguments),
        cwd=cwd,
        env={**os.environ, **(env or {})},
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


@dataclass(frozen=True, slots=True)
class Foreign:
    """A running node of somebody else."""

    title: str
    port: int
    folder: Path
    http: int = 0


@asynccontextmanager
async def storescp(
    folder: Path,
    *options: str,
    title: str = "STORESCP",
    env: Mapping[str, str] | None = None,
    port: int = 0,
) -> AsyncIterator[Foreign]:
    """DCMTK's receiver, a process an association; it writes files and syncs nothing."""
    _make(folder)
    port = port or free_port()
    command: tuple[str | Path, ...] = (
        require_peer("storescp"),
        "--fork",
        *options,
        "-od",
        folder,
        "-aet",
        title,
        str(port),
    )
    async with beside(running(command, env=env), port):
        yield Foreign(title, port, folder)


@asynccontextmanager
async def orthanc(
    folder: Path,
    modalities: Mapping[str, tuple[str, int]] | None = None,
    env: Mapping[str, str] | None = None,
    port: int = 0,
    **options: Any,
) -> AsyncIterator[Foreign]:
    """Orthanc with an empty store. `modalities` are nodes that it may send to, by title."""
    _make(folder)
    port, http = port or free_port(), free_port()
    config = {
        "Name": "bench",
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "DicomAet": "ORTHANC",
        "DicomPort": port,
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomModalities": {
            title: [title, host, number] for title, (host, number) in (modalities or {}).items()
        },
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowEcho": True,
        "Plugins": [],
        **options,
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(config))
    process = running((require_peer("Orthanc"), file), env=env, log=folder / "log")
    async with beside(process, port):
        yield Foreign("ORTHANC", port, folder / "store", http)


@asynccontextmanager
async def wlmscpfs(
    folder: Path, title: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[Foreign]:
    """DCMTK's worklist of the files in the folder of a title; a process an association."""
    port = free_port()
    command: tuple[str | Path, ...] = (
        require_peer("wlmscpfs"),
        "-csk",
        "-dhl",
        "-dfp",
        folder,
        str(port),
    )
    async with beside(running(command, env=env), port):
        yield Foreign(title, port, folder)


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


@asynccontextmanager
async def beside(
    process: AbstractContextManager[subprocess.Popen[bytes]], port: int
) -> AsyncIterator[None]:
    """Run a program for the block; start and stop do not hold the loop."""
    await asyncio.to_thread(process.__enter__)
    try:
        await asyncio.to_thread(
            wait_until, lambda: port_answers(port), within=30, what=f"port {port}"
        )
        yield
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)
