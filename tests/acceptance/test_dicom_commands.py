"""The commands of a node, in a whole gateway beside an Orthanc."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.acceptance.live import ISOGATE, Api, SiteFolder
from tests.dicom_objects import RT_PLAN, dataset, file_of, series_of
from tests.dicom_peers import OURS, orthanc
from tests.peers import LOOPBACK, free_port, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.peer, pytest.mark.timeout(300)]

STUDY = "1.2.826.0.1.3680043.8.498.1"


def isogate(*words: str | Path, code: int = 0, env: Mapping[str, str] | None = None) -> Any:
    """What a verb prints as JSON."""
    done = subprocess.run(
        [*ISOGATE, "dicom", *map(str, words), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout) if done.stdout else None


def site(port: int, pacs: int) -> Mapping[str, Any]:
    return {
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone"}},
            "peers": {
                "pacs": {"title": "ORTHANC", "host": LOOPBACK, "port": pacs},
                "gone": {"title": "GONE", "host": LOOPBACK, "port": free_port()},
            },
            "forward": {
                "destinations": {"gone": {}},
                "rules": [
                    {"name": "plans", "match": {"modality": ["RTPLAN"]}, "to": ["gone"]},
                ],
            },
            "deid": {"trial": {"key": "file:trial.key"}},
            "watch": {"interval": 1, "timeout": 2},
            "storage": {"min_free": 10**6},
        }
    }


@asynccontextmanager
async def beside_orthanc(tmp_path: Path) -> AsyncIterator[tuple[SiteFolder, Api]]:
    port = free_port()
    async with orthanc(tmp_path / "orthanc", {OURS: (LOOPBACK, port)}) as pacs:
        folder = SiteFolder.write(tmp_path / "site", site(port, pacs.port))
        (folder.home / "trial.key").write_text("sixteen letters!")
        with Api.of(folder.data) as api, folder.gateway() as process:
            await asyncio.to_thread(folder.wait_ready, api, process, within=60)
            yield folder, api


async def test_a_day_with_the_commands(tmp_path: Path) -> None:
    async with beside_orthanc(tmp_path) as (folder, api):
        await asyncio.to_thread(use_them, tmp_path, folder, api)


def use_them(tmp_path: Path, folder: SiteFolder, api: Api) -> None:
    data = ("--data", folder.data)
    series_of(tmp_path / "sent", 3, 64)
    plan = dataset(RT_PLAN, SeriesInstanceUID=generate_uid())
    file_of(plan, tmp_path / "sent" / "plan.dcm")
    (tmp_path / "sent" / "notes.txt").write_text("no object")

    sent = isogate("send", tmp_path / "sent", "pacs", *data, code=1)
    assert (sent["sent"], sent["refused"], len(sent["unreadable"])) == (4, [], 1)
    found = isogate("find", "pacs", "PatientID=P-100", *data)
    assert [each["StudyInstanceUID"] for each in found["items"]] == [STUDY]
    assert isogate("find", "pacs", "PatientID=nobody", *data, code=1)["items"] == []
    isogate("find", "pacs", "Patient=1", *data, code=4)
    isogate("find", "nobody", *data, code=4)
    moved = isogate("move", "pacs", "--study", STUDY, *data)
    assert (moved["ok"], moved["completed"]) == (True, 4)
    assert isogate("status", *data)["instances"] == 4
    again = isogate("get", "pacs", "--study", STUDY, *data)
    assert (again["ok"], again["completed"]) == (True, 4)
    assert isogate("status", *data)["instances"] == 4, "the same objects"
    refused = isogate("move", "pacs", "--study", STUDY, "--to", "NOBODY", *data, code=4)
    assert not refused["ok"]

    wait_until(lambda: queue(data, "gone")["failing"], within=20, what="a queue that is stuck")
    assert queue(data, "gone")["waiting"] == 1
    queued = isogate("send", "--study", STUDY, "pacs", *data)
    assert queued["objects"] == 4
    wait_until(lambda: queue(data, "pacs")["done"] == 4, within=30, what="a study sent")
    wait_until(lambda: peers(api) == {"pacs": "up", "gone": "down"}, within=20, what="the watch")

    made = isogate(
        "deid", tmp_path / "sent", tmp_path / "out", "--profile", "trial", "--site", folder.file,
        code=1,
    )  # fmt: skip
    assert (len(made["done"]), [Path(each["file"]).name for each in made["left"]]) == (
        4,
        ["notes.txt"],
    )
    patients = {dcmread(path).PatientID for path in (tmp_path / "out").iterdir()}
    assert patients == {each["patient"] for each in made["done"]}
    trail = api.client.get("/audit.csv").text
    for action in ("dicom.find", "dicom.move", "dicom.get", "dicom.call"):
        assert action in trail


def queue(data: tuple[str, Path], destination: str) -> dict[str, Any]:
    done = subprocess.run(
        [*ISOGATE, "dicom", "queue", "list", *map(str, data), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, dict[str, Any]] = {
        each["destination"]: each for each in json.loads(done.stdout)
    }
    return found.get(destination, {"done": 0})


def peers(api: Api) -> dict[str, str]:
    return {each["name"]: each["state"] for each in api.get("/dicom/peers")["items"]}
