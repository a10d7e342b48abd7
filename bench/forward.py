"""Forwarding to DCMTK's storescp: from our durable queue, beside Orthanc sending what it has.

Ours: each outcome is on disk before the next object goes out. Orthanc is told by one REST call to
send all of its instances, and remembers nothing of it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench._dicom_side import Server, ct_files, rt_files, send, size_of
from bench.case import Case, Options
from tests.acceptance.live import Api, SiteFolder
from tests.dicom_peers import OURS, Foreign, orthanc, storescp
from tests.peers import LOOPBACK, free_port, running, wait_until

_TITLE = "STORESCP"


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent, on one association."""

    name: str
    make: Callable[[Path, int], Path]
    count: int


LOADS = (
    Load("CT 512 x 512, 1 association", ct_files, 200),
    Load("RT records, 1 association", rt_files, 300),
)


async def run(options: Options) -> Sequence[Case]:
    """Each load once: both have it stored before they are told to send."""
    return [await _measure(load, 5 if options.smoke else load.count) for load in LOADS]


async def _measure(load: Load, count: int) -> Case:
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        home = Path(folder)
        files = load.make(home / "files", count)
        size = size_of(files) // count
        ours = await _ours(home / "ours", files, count)
        theirs = await _orthanc(home / "orthanc", files, count)
    return Case(
        name="forward",
        case=load.name,
        ours=ours,
        peer=theirs,
        peer_name="Orthanc",
        unit="instances/s",
        better="higher",
        size=f"{size / 1e6:.2f} MB an object",
        peer_ack="a REST call that returns when all is sent; nothing noted",
    )


async def _ours(home: Path, files: Path, count: int) -> float:
    """The archive comes up when the queue is full: from then to the last outcome."""
    port, archive = free_port(), free_port()
    site = SiteFolder.write(home, _site(port, archive))
    with Api.of(site.data) as api:
        async with _gateway(site, api):
            await send(Server(OURS, port), [files], nagle=False)
            await asyncio.to_thread(_until, api, waiting=count)
            async with storescp(home / "in", port=archive, env={"TCP_NODELAY": "1"}):
                begun = time.monotonic()
                answer = api.client.post("/api/v1/dicom/queues/archive/retry", json={"objects": []})
                answer.raise_for_status()
                await asyncio.to_thread(_until, api, done=count)
                return count / (time.monotonic() - begun)


async def _orthanc(home: Path, files: Path, count: int) -> float:
    async with (
        storescp(home / "in", env={"TCP_NODELAY": "1"}) as archive,
        orthanc(
            home / "orthanc", {_TITLE: (LOOPBACK, archive.port)}, env={"TCP_NODELAY": "1"}
        ) as pacs,
    ):
        await send(Server(pacs.title, pacs.port), [files], nagle=False)
        return count / await _told(pacs)


async def _told(pacs: Foreign) -> float:
    url = f"http://{LOOPBACK}:{pacs.http}"
    async with httpx.AsyncClient(base_url=url, timeout=300) as http:
        instances = (await http.get("/instances")).json()
        begun = time.monotonic()
        answer = await http.post(f"/modalities/{_TITLE}/store", json=instances)
        answer.raise_for_status()
        return time.monotonic() - begun


@asynccontextmanager
async def _gateway(site: SiteFolder, api: Api) -> AsyncIterator[None]:
    command = (sys.executable, "-m", "gateway", "run", site.file, "--data", site.data)
    process = running(command, log=site.log)
    started = await asyncio.to_thread(process.__enter__)
    try:
        await asyncio.to_thread(site.wait_ready, api, started, within=60)
        yield
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)


def _site(port: int, archive: int) -> dict[str, object]:
    return {
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone"}},
            "peers": {"archive": {"title": _TITLE, "host": LOOPBACK, "port": archive}},
            "forward": {
                "destinations": {"archive": {}},
                "rules": [{"name": "all", "to": ["archive"]}],
            },
            "watch": {"skip": ["archive"]},
            "storage": {"min_free": 10**6},
        }
    }


def _until(api: Api, *, waiting: int = 0, done: int = 0) -> None:
    def reached() -> bool:
        items = api.get("/dicom/queues")["items"]
        return bool(items) and items[0]["waiting"] >= waiting and items[0]["done"] >= done

    wait_until(reached, within=300, what="the queue")
