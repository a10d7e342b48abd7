"""DICOMweb with Orthanc's plugin, each side asking the other, and what a client says of trouble."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from dicom.web.client import RefusedByPeer, WebClient, WebPeer
from gateway import ConfigError, DeviceUnavailable, ProtocolViolation
from tests.acceptance.browser import served
from tests.dicom_objects import RT_PLAN, dataset, file_of, image, series_of
from tests.dicom_peers import Foreign, orthanc
from tests.peers import LOOPBACK, free_port, require_file
from tests.unit.dicom.pages_case import Desk, FollowedPorts, desk
from tests.unit.dicom.web_case import BASE

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
STUDY = "1.2.826.0.1.3680043.8.498.1"
SERVER = "DICOMweb server (STOW, QIDO, WADO)"
CLIENT = "DICOMweb client (STOW, QIDO, WADO)"


@dataclass(frozen=True, slots=True)
class Both:
    """Our node over real HTTP, and an Orthanc that knows it; each is a server of the other."""

    ours: Desk
    theirs: Foreign
    http: httpx.AsyncClient

    async def orthanc_says(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = await (self.http.get(path) if body is None else self.http.post(path, json=body))
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def both(folder: Path) -> AsyncIterator[Both]:
    require_file(PLUGIN)
    port = free_port()
    options: dict[str, Any] = {
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Servers": {"ours": {"Url": f"http://{LOOPBACK}:{port}{BASE}/"}}},
    }
    async with orthanc(folder / "theirs", **options) as theirs:
        there = f"http://{LOOPBACK}:{theirs.http}"
        servers = {"orthanc": {"url": f"{there}/dicom-web"}}
        async with (
            desk(folder / "ours", FollowedPorts(), web=servers) as ours,
            served(ours.app, port),
            httpx.AsyncClient(base_url=there, timeout=60) as http,
        ):
            yield Both(ours, theirs, http)
            ours.app.end_streams()


async def put(http: httpx.AsyncClient, *objects: Dataset, folder: Path) -> None:
    """Give objects to Orthanc by its own interface."""
    for made in objects:
        content = file_of(made, folder / "one.dcm").read_bytes()
        assert (await http.post("/instances", content=content)).is_success


@pytest.mark.peer
@pytest.mark.dicom_peer(service="DICOMweb", ours="server", peer="Orthanc")
async def test_orthanc_stores_here_finds_it_and_fetches_it_back(tmp_path: Path) -> None:
    async with both(tmp_path) as sides:
        sent = [image(128, InstanceNumber=1), dataset(RT_PLAN, InstanceNumber=2)]
        await put(sides.http, *sent, folder=tmp_path)
        (study,) = await sides.orthanc_says("/studies")
        await sides.orthanc_says("/dicom-web/servers/ours/stow", {"Resources": [study]})
        for made in sent:
            kept = await sides.ours.node.index.instance(str(made.SOPInstanceUID))
            assert kept is not None
            async with sides.ours.node.blobs.in_memory(kept.blob) as file:
                assert dcmread(file) == made
        found = await sides.orthanc_says(
            "/dicom-web/servers/ours/qido",
            {"Uri": "/studies", "Arguments": {"PatientID": "P-100"}},
        )
        assert [STUDY in str(each) for each in found] == [True]
        assert (await sides.http.delete(f"/studies/{study}")).is_success
        assert await sides.orthanc_says("/studies") == []
        await sides.orthanc_says(
            "/dicom-web/servers/ours/retrieve", {"Resources": [{"Study": STUDY}]}
        )
        instances = await sides.orthanc_says("/instances")
        got = [(await sides.http.get(f"/instances/{each}/file")).content for each in instances]
    again = {str(each.SOPInstanceUID): each for each in map(dcmread, map(io.BytesIO, got))}
    assert again == {str(made.SOPInstanceUID): made for made in sent}


@pytest.mark.peer
@pytest.mark.dicom_peer(service="DICOMweb", ours="client", peer="Orthanc")
async def test_we_store_in_orthanc_find_it_and_fetch_from_it(tmp_path: Path) -> None:
    async with both(tmp_path) as sides:
        ours, web = sides.ours, "/api/v1/dicom/web/orthanc"
        files = series_of(tmp_path / "sent", 3, 128)
        await ours.store(*(dcmread(path) for path in files.values()))
        sent = (await ours.http.post(f"{web}/send", json={"study": STUDY})).json()
        assert (sorted(sent["done"]), sent["failed"]) == (sorted(files), {})
        found = (await ours.http.get(f"{web}/studies", params={"PatientID": "P-100"})).json()
        assert [each["0020000D"]["Value"] for each in found] == [[STUDY]]
        theirs = dataset(StudyInstanceUID="1.2.3.7", SeriesInstanceUID="1.2.3.7.1")
        await put(sides.http, theirs, folder=tmp_path)
        fetched = (await ours.http.post(f"{web}/fetch", json={"study": "1.2.3.7"})).json()
        assert fetched == {"done": [theirs.SOPInstanceUID], "failed": {}}
        kept = await ours.node.index.instance(str(theirs.SOPInstanceUID))
        assert kept is not None
        assert kept.origin.calling == "orthanc"
        async with ours.node.blobs.in_memory(kept.blob) as file:
            assert dcmread(file) == theirs
        acts = [each.action for each in ours.audit.entries]
    assert {"images.send", "images.fetch"} <= set(acts)


@pytest.mark.dicom_peer(service="DICOMweb", ours="client", peer="Isogate")
async def test_two_nodes_of_ours_exchange_a_study(tmp_path: Path) -> None:
    port = free_port()
    servers = {"other": {"url": f"http://{LOOPBACK}:{port}{BASE}"}}
    async with (
        desk(tmp_path / "one", FollowedPorts(), web=servers) as one,
        desk(tmp_path / "two", FollowedPorts()) as two,
        served(two.app, port),
    ):
        sent = [image(64), dataset(RT_PLAN)]
        await one.store(*sent)
        answer = await one.http.post("/api/v1/dicom/web/other/send", json={"study": STUDY})
        assert len(answer.json()["done"]) == 2
        for made in sent:
            ours = await one.node.index.instance(str(made.SOPInstanceUID))
            theirs = await two.node.index.instance(str(made.SOPInstanceUID))
            assert ours is not None
            assert theirs is not None
            assert ours.blob == theirs.blob
        for path, status in (("nobody/send", 404), ("other/send", 422)):
            answer = await one.http.post(f"/api/v1/dicom/web/{path}", json={"study": "no uid"})
            assert answer.status_code in (status, 422)
        missing = await one.http.post("/api/v1/dicom/web/other/fetch", json={"study": "1.2.3.9"})
        assert missing.status_code == 502
        assert "404" in missing.text
        two.app.end_streams()


@asynccontextmanager
async def answering(answer: Response) -> AsyncIterator[WebClient]:
    """A client of a server that always answers the same."""

    async def same(_request: object) -> Response:
        return answer

    app = Starlette(routes=[Route("/{path:path}", same, methods=["GET", "POST"])])
    async with (
        served(app, free_port()) as home,
        WebClient.open(WebPeer("strange", home)) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, RefusedByPeer), (401, RefusedByPeer), (503, DeviceUnavailable)],
)
async def test_what_a_server_refuses_is_told_apart_from_what_it_can_not(
    status: int, expected: type[Exception]
) -> None:
    async with answering(Response(b"not today", status)) as client:
        with pytest.raises(expected, match=f"strange.*{status} not today"):
            await client.search("studies")
        with pytest.raises(expected):
            await client.store([])


@pytest.mark.parametrize("content", [b"<html>", b'{"00081199": 7}', b"[1]", b"null"])
async def test_an_answer_that_is_none_is_a_violation(content: bytes) -> None:
    async with answering(Response(content)) as client:
        with pytest.raises(ProtocolViolation):
            await client.store([])
        with pytest.raises(ProtocolViolation):
            async with client.retrieve("/studies/1.2.3"):
                pass


async def test_nobody_there_is_said_with_the_address() -> None:
    url = f"http://{LOOPBACK}:{free_port()}"
    async with WebClient.open(WebPeer("gone", url)) as client:
        with pytest.raises(DeviceUnavailable, match=url):
            await client.search("studies")


async def test_tls_files_that_can_not_be_used_are_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="TLS files"):
        async with WebClient.open(WebPeer("pacs", "https://pacs", ca=tmp_path / "ca.pem")):
            pass
