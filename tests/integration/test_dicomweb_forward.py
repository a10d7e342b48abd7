"""Forwarding to DICOMweb servers by STOW-RS: in order, once, and also after one was away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset

from dicom.options import DicomOptions
from tests.dicom_forwarding import forwarder
from tests.dicom_objects import RT_PLAN, dataset, image
from tests.dicom_peers import OURS, orthanc
from tests.integration.test_dicomweb_peers import PLUGIN
from tests.peers import LOOPBACK, free_port, require_file

pytestmark = pytest.mark.peer


def section(url: str) -> dict[str, Any]:
    """Everything goes to one server."""
    return {
        "web": {"peers": {"cloud": {"url": url}}},
        "forward": {
            "destinations": {"archive": {"web": "cloud", "longest_pause": 1, "attempts": 3}},
            "rules": [{"name": "all", "to": ["archive"]}],
        },
    }


async def instances(http: int) -> list[str]:
    """The SOP Instance UIDs that an Orthanc has."""
    async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{http}", timeout=30) as client:
        ids = (await client.get("/instances")).json()
        tags = [(await client.get(f"/instances/{each}/simplified-tags")).json() for each in ids]
    return sorted(str(each["SOPInstanceUID"]) for each in tags)


def uids(objects: list[Dataset]) -> list[str]:
    return sorted(str(each.SOPInstanceUID) for each in objects)


@pytest.mark.dicom_peer(service="DICOMweb", ours="client", peer="Orthanc")
async def test_objects_arrive_by_stow_and_each_is_noted(tmp_path: Path) -> None:
    require_file(PLUGIN)
    objects = [*(image(16, InstanceNumber=number) for number in range(4)), dataset(RT_PLAN)]
    async with (
        orthanc(tmp_path / "theirs", Plugins=[str(PLUGIN)]) as theirs,
        forwarder(tmp_path / "ours", section(f"http://{LOOPBACK}:{theirs.http}/dicom-web")) as it,
    ):
        await it.take(*objects)
        await it.until("archive", lambda queue: queue.counts.done == len(objects))
        sent = it.said("forward.sent")
        assert await instances(theirs.http) == uids(objects)
    assert [(event.payload or {})["sop_instance"] for event in sent] == [
        str(each.SOPInstanceUID) for each in objects
    ]
    assert sent[0].source.device == "cloud"


@pytest.mark.dicom_peer(service="DICOMweb", ours="client", peer="Orthanc")
async def test_a_server_that_is_away_gets_all_of_it_later(tmp_path: Path) -> None:
    require_file(PLUGIN)
    port = free_port()
    objects = [image(16) for _ in range(3)]
    async with forwarder(tmp_path / "ours", section(f"http://{LOOPBACK}:{port}/dicom-web")) as it:
        await it.take(*objects)
        await it.until("archive", lambda queue: queue.failing is not None)
        async with orthanc(tmp_path / "theirs", HttpPort=port, Plugins=[str(PLUGIN)]):
            await it.until("archive", lambda queue: queue.counts.done == 3)
            assert await instances(port) == uids(objects)


async def test_a_server_that_has_no_such_service_is_waited_for(tmp_path: Path) -> None:
    require_file(PLUGIN)
    async with (
        orthanc(tmp_path / "theirs") as theirs,
        forwarder(tmp_path / "ours", section(f"http://{LOOPBACK}:{theirs.http}/none")) as it,
    ):
        await it.take(image(16))
        queue = await it.until("archive", lambda queue: queue.failing is not None)
    assert "404" in queue.error
    assert (queue.counts.waiting, queue.counts.dead) == (1, 0)


@pytest.mark.parametrize(
    ("destination", "fault"),
    [
        ({"web": "nowhere"}, "no server of web.peers 'nowhere'"),
        ({"web": "cloud", "peer": "pacs"}, "a peer or a DICOMweb server, not both"),
        ({"web": "cloud", "commit": True}, "no storage commitment"),
    ],
)
def test_a_destination_has_one_way_that_there_is(destination: dict[str, Any], fault: str) -> None:
    said = {
        "listeners": [{"port": 11112}],
        "titles": {OURS: {"allow": "anyone"}},
        "web": {"peers": {"cloud": {"url": "https://cloud.example/dicom-web"}}},
        "forward": {"destinations": {"archive": destination}},
    }
    with pytest.raises(ValueError, match=fault):
        DicomOptions.model_validate(said)
