"""Archives and worklists of others, as tests need them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pydicom.dataset import Dataset

from tests.dicom_objects import file_of
from tests.dicom_peers import Foreign, beside
from tests.peers import LOOPBACK, free_port, require_peer, running


@asynccontextmanager
async def dcmqrscp(
    folder: Path, hosts: Mapping[str, int], title: str = "ARCHIVE"
) -> AsyncIterator[Foreign]:
    """DCMTK's archive; `hosts` are ports of the titles that it may send to."""
    (folder / "db").mkdir(parents=True)
    port = free_port()
    known = "\n".join(
        f"h{n} = ({ae}, {LOOPBACK}, {at})" for n, (ae, at) in enumerate(hosts.items())
    )
    config = folder / "dcmqrscp.cfg"
    config.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\n{known}\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{title} {folder / 'db'} RW (200, 1024mb) ANY\nAETable END\n"
    )
    command = (require_peer("dcmqrscp"), "-c", config)
    async with beside(running(command, log=folder / "log"), port):
        yield Foreign(title, port, folder / "db")


def worklist_files(folder: Path, title: str, items: Mapping[str, Dataset]) -> None:
    """What wlmscpfs reads, by file name."""
    place = folder / title
    place.mkdir(parents=True)
    (place / "lockfile").touch()
    for name, item in items.items():
        file_of(item, place / f"{name}.wl")
