"""Receivers and senders of the DICOM benchmarks, each in a process of its own."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.acceptance.live import SiteFolder
from tests.dicom_objects import RT_DOSE, RT_RECORD, dataset, file_of, image
from tests.dicom_peers import OURS, orthanc, storescp
from tests.peers import LOOPBACK, free_port, port_answers, require_peer, running, wait_until

SERVERS = ("ours", "orthanc", "storescp")


@dataclass(frozen=True, slots=True)
class Server:
    """Where to send to."""

    title: str
    port: int
    pid: int = 0


@asynccontextmanager
async def servers(folder: Path, *, nagle: bool = False) -> AsyncIterator[dict[str, Server]]:
    """The receivers that a benchmark compares, all running at the same time.

    Without `nagle` the peers are told to send at once (TCP_NODELAY), as ours always does.
    """
    env = {} if nagle else {"TCP_NODELAY": "1"}
    async with AsyncExitStack() as stack:
        found: dict[str, Server] = {}
        for name in SERVERS:
            match name:
                case "ours":
                    found[name] = await stack.enter_async_context(gateway(folder / name))
                case "orthanc":
                    one = await stack.enter_async_context(orthanc(folder / name, env=env))
                    found[name] = Server(one.title, one.port)
                case _:
                    other = await stack.enter_async_context(storescp(folder / name, env=env))
                    found[name] = Server(other.title, other.port)
        yield found


@asynccontextmanager
async def gateway(folder: Path) -> AsyncIterator[Server]:
    """The whole gateway, as `isogate run` starts it, with the DICOM node alone."""
    port = free_port()
    site = SiteFolder.write(
        folder,
        {
            "dicom": {
                "listeners": [{"port": port}],
                "titles": {OURS: {"allow": "anyone", "associations": 1000}},
                "limits": {"associations": 1000, "per_address": 1000, "silent": 1000},
                "storage": {"min_free": 10**6},
            }
        },
    )
    process = running(
        (sys.executable, "-m", "gateway", "run", site.file, "--data", site.data), log=site.log
    )
    started = await asyncio.to_thread(process.__enter__)
    try:
        await asyncio.to_thread(
            wait_until, lambda: port_answers(port), within=60, what="the gateway's DICOM port"
        )
        yield Server(OURS, port, started.pid)
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)


async def send(server: Server, folders: Sequence[Path], *, nagle: bool) -> float:
    """Send each folder by a sender of its own, all at once; the seconds of the slowest.

    With `nagle` it is DCMTK's storescu as it comes, from its start to its end; else a sender that
    costs little and counts from its first object.
    """
    begun = time.monotonic()
    outputs = await asyncio.gather(*(_sent(server, folder, nagle=nagle) for folder in folders))
    return time.monotonic() - begun if nagle else max(map(float, outputs))


async def _sent(server: Server, folder: Path, *, nagle: bool) -> str:
    command: tuple[str | Path, ...] = (
        (require_peer("storescu"), "-aec", server.title, LOOPBACK, str(server.port), "+sd", folder)
        if nagle
        else (sys.executable, "-m", "bench._dicom_sender", server.title, str(server.port), folder)
    )
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    words, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{server}: {words.decode()[-2000:]}")
    return words.decode()


def ct_files(folder: Path, count: int) -> Path:
    """So many CT images of 512 x 512, with UIDs of their own."""
    return _files(folder, [image(512)], count)


def rt_files(folder: Path, count: int) -> Path:
    """RT treatment records of 20 to 150 kB, nested as such are."""
    return _files(folder, [_record(control_points) for control_points in (30, 100, 230)], count)


def dose_files(folder: Path, count: int) -> Path:
    """RT dose grids of 30 MB."""
    made = dataset(RT_DOSE)
    made.Modality = "RTDOSE"
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.NumberOfFrames, made.Rows, made.Columns = 120, 256, 256
    made.BitsAllocated = made.BitsStored = 32
    made.HighBit, made.PixelRepresentation = 31, 0
    made.PixelData = b"\x10\x02\x33\x01" * (120 * 256 * 256)
    return _files(folder, [made], count)


def _record(control_points: int) -> Dataset:
    def point(number: int) -> Dataset:
        one = Dataset()
        one.SpecifiedMeterset = one.DeliveredMeterset = number * 1.25
        one.TreatmentControlPointDate, one.TreatmentControlPointTime = "20250601", "101500"
        one.ReferencedControlPointIndex = number
        one.GantryAngle, one.GantryRotationDirection = float(number), "CW"
        return one

    beam = Dataset()
    beam.CurrentFractionNumber, beam.ReferencedBeamNumber = 1, 1
    beam.BeamName = "A1"
    beam.ControlPointDeliverySequence = [point(number) for number in range(control_points)]
    made = dataset(RT_RECORD)
    made.Modality = "RTRECORD"
    made.TreatmentSessionBeamSequence = [beam, beam, beam]
    return made


def _files(folder: Path, templates: Sequence[Dataset], count: int) -> Path:
    """Copies of the templates in turn, each with its own instance UID of the same length."""
    folder.mkdir(parents=True)
    contents = []
    for template in templates:
        template.SOPInstanceUID = generate_uid()[:60].ljust(60, "1")
        path = file_of(template, folder / "template")
        contents.append((path.read_bytes(), str(template.SOPInstanceUID).encode()))
        path.unlink()
    for number in range(count):
        content, uid = contents[number % len(contents)]
        fresh = generate_uid()[:60].ljust(60, "1").encode()
        (folder / f"{number:05}.dcm").write_bytes(content.replace(uid, fresh))
    return folder


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())
