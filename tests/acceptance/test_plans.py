"""Plans and records through the real node, by DCMTK, up to the pages; and through kill -9."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from simulators.rt import ARC, STATIC, Course, Part, approved, file_of, plan, record
from tests.acceptance.live import Api, SiteFolder
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, free_port, require_peer, wait_until

pytestmark = [pytest.mark.peer, pytest.mark.acceptance, pytest.mark.timeout(300)]

FIRST = datetime(2025, 6, 9, 9, 0)  # noqa: DTZ001 - DICOM times have no zone


def site(port: int) -> Mapping[str, Any]:
    return {
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone"}},
            "storage": {"min_free": 10**6},
        },
        "tps": {},
    }


def store(port: int, folder: Path, *several: Dataset) -> None:
    """Send objects by DCMTK's storescu."""
    files = [file_of(each, folder / f"{each.SOPInstanceUID}.dcm") for each in several]
    command = [require_peer("storescu"), "-aec", OURS, LOOPBACK, str(port), *files]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def page(api: Api, path: str) -> str:
    """What a page says, without tags."""
    answer = api.client.get(f"{path}?lang=en", headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text[-500:]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def says(api: Api, path: str, words: str) -> None:
    """Wait until a page says so."""

    def said() -> bool:
        answer = api.client.get(path, headers={"accept": "text/html"})
        return answer.status_code == 200 and words in page(api, path)

    wait_until(said, within=30, what=f"{path}: {words}")


def test_from_the_wire_to_the_ledger_and_through_a_kill_in_the_middle_of_a_beam(
    tmp_path: Path,
) -> None:
    port, files = free_port(), tmp_path / "files"
    files.mkdir()
    made = approved(plan(ARC, Course(points=7, pairs=12, fractions=2)))
    path = f"/plans/{made.SOPInstanceUID}"
    stopped = record(made, 1, [Part(3), Part(1), Part(2, 0, 40, termination="MACHINE")])
    rest = record(made, 1, [Part(2, 40, None, "CONTINUATION")], at=FIRST + timedelta(hours=1))
    wrong = record(plan(STATIC), 1, [Part(1)])
    folder = SiteFolder.write(tmp_path / "site", site(port))
    with Api.of(folder.data) as api:
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            store(port, files, made, stopped, wrong)
            says(api, path, "40.00 / 100.00 MU")
            assert "Control point 0 of 6" in page(api, path)
            process.send_signal(signal.SIGKILL)
            process.wait()
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            says(api, path, "40.00 / 100.00 MU")
            before = len(api.events())
            store(port, files, rest, stopped, made)
            says(api, path, "1 of 2 fractions given")
            words = page(api, path)
            assert "100.00 / 100.00 MU 2 parts" in words
            assert words.count("as planned") == 2
            problems = page(api, "/courses/problems")
            assert str(wrong.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID) in problems
            new = [each for each in api.events()[before:] if each["kind"] == "object"]
            assert len(new) == 3, "the record, what was read of it, and its comparison"
