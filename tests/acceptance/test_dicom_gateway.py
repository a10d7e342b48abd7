"""The node in a whole gateway: command line, pages of its API, backup and restore."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dicom.dimse import Command, Operation, Peer, Status, Wanted, associate
from tests.acceptance.live import ISOGATE, Api, SiteFolder
from tests.dicom_objects import CT, dataset, encoded, image
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, free_port, running, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


def isogate(*words: str | Path, code: int = 0) -> Any:
    """What a verb prints as JSON."""
    done = subprocess.run(
        [*ISOGATE, *map(str, words), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout)


def site(port: int, target: Path) -> Mapping[str, Any]:
    return {
        "backup": {"target": str(target), "drill_on": "never"},
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone"}},
            "peers": {
                "self": {"title": OURS, "host": LOOPBACK, "port": port},
                "gone": {"title": "GONE", "host": LOOPBACK, "port": free_port()},
            },
            "storage": {"min_free": 10**6},
        },
    }


async def send(port: int) -> list[str]:
    """UIDs of the objects that were taken."""
    uids = []
    peer = Peer(OURS, LOOPBACK, port, "SCANNER")
    async with associate(peer, [Wanted(CT)]) as association:
        for made in (image(64), dataset(), image(16)):
            command = Command(Operation.C_STORE, sop_class=CT, sop_instance=made.SOPInstanceUID)
            answer = await association.send(command, encoded(made))
            assert answer.status == Status.SUCCESS
            uids.append(str(made.SOPInstanceUID))
    return uids


def test_what_was_taken_can_be_verified_saved_and_restored(tmp_path: Path) -> None:
    port, target = free_port(), tmp_path / "backups"
    folder = SiteFolder.write(tmp_path / "site", site(port, target))
    with Api.of(folder.data) as api, folder.gateway() as process:
        folder.wait_ready(api, process, within=60)
        uids = asyncio.run(send(port))
        report = isogate("dicom", "verify", "--orphans", "--data", folder.data)
        assert (report["objects"], report["damaged"], report["orphans"]) == (3, [], [])
        status = isogate("dicom", "status", "--data", folder.data)
        assert (status["instances"], status["ports"], status["titles"]) == (3, [port], [OURS])
        assert isogate("dicom", "echo", "self", "--data", folder.data)["ok"]
        gone = isogate("dicom", "echo", "gone", "--data", folder.data, code=1)
        assert "check host, port and network" in gone["reason"]
        isogate("backup", "now", "--data", folder.data)
        damaged = next((folder.data / "dicom" / "objects").glob("*/*.sealed"))
        damaged.write_bytes(damaged.read_bytes()[:-2])
        report = isogate("dicom", "verify", "--data", folder.data, code=1)
        assert [each["file"] for each in report["damaged"]] == [
            str(damaged.relative_to(damaged.parents[1])).partition(".")[0]
        ]
    restored = tmp_path / "restored"
    shutil.copytree(folder.data / "keys", restored / "keys")
    isogate("restore", restored, "--from", target)
    again = SiteFolder(folder.home, folder.port)
    command = (*ISOGATE, "run", again.file, "--data", restored)
    with Api.of(restored) as api, running(command, log=again.log) as process:
        wait_until(
            lambda: api.is_ready() or process.poll() is not None,
            within=60,
            what="a restored gateway",
        )
        report = isogate("dicom", "verify", "--orphans", "--data", restored)
        stored = [event["value"] for event in api.events() if event["kind"] == "object"]
    assert (report["objects"], report["damaged"], report["orphans"]) == (3, [], [])
    assert sorted(stored) == sorted(uids)


def test_a_node_without_a_site_file(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    command = (*ISOGATE, "dicom", "serve", "--port", str(port), "--title", "QUICK", "--data", data)
    place = f"{LOOPBACK}:{port}"
    refused = isogate("dicom", "echo", place, "--called", "QUICK", code=1)
    assert place in refused["reason"]
    with Api.of(data) as api, running(command, log=tmp_path / "log") as process:
        wait_until(lambda: api.is_ready() or process.poll() is not None, within=60, what="the node")
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert isogate("dicom", "echo", place, "--called", "QUICK")["ok"]
        wrong = isogate("dicom", "echo", place, "--called", "SLOW", code=1)
    assert "does not know the AE title" in wrong["reason"]
