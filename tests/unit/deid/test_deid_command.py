"""`isogate dicom deid` over what people put into folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage
from typer.testing import CliRunner

from gateway.cli.exits import Exit
from gateway.cli.verbs import app
from tests.unit.deid.objects import ROOT, ct_image, written

pytestmark = pytest.mark.filterwarnings("ignore")


def deid(folder: Path, source: Path) -> tuple[int, dict[str, Any]]:
    site = folder / "devices.yaml"
    (folder / "trial.key").write_text("sixteen letters!")
    told = {
        "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
        "dicom": {
            "titles": {"GATE": {"allow": "anyone"}},
            "deid": {"trial": {"key": "file:trial.key"}},
        },
    }
    site.write_text(yaml.safe_dump(told), "utf-8")
    words = ["dicom", "deid", str(source), str(folder / "out"), "--profile", "trial"]
    done = CliRunner().invoke(app, [*words, "--site", str(site), "--json"])
    assert done.stdout, done.output
    return done.exit_code, json.loads(done.stdout)


def directory(path: Path) -> None:
    """The directory of a disc (PS3.10 8.6): a DICOM file without SOP Class UID."""
    made = Dataset()
    made.FileSetID = "DISC"
    record = Dataset()
    record.DirectoryRecordType, record.PatientID, record.PatientName = "PATIENT", "1", "Wang^Wu"
    made.DirectoryRecordSequence = [record]
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    made.file_meta.MediaStorageSOPInstanceUID = UID(f"{ROOT}.77")
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.save_as(path, enforce_file_format=True)


def test_a_disc_is_done_but_for_its_directory(tmp_path: Path) -> None:
    (tmp_path / "disc").mkdir()
    directory(tmp_path / "disc" / "DICOMDIR")
    written(ct_image(), tmp_path / "disc" / "IM1")
    (tmp_path / "disc" / "README.TXT").write_text("a viewer")
    code, told = deid(tmp_path, tmp_path / "disc")
    assert code == Exit.NOT_WELL
    left = {Path(each["file"]).name: each["why"] for each in told["left"]}
    assert sorted(left) == ["DICOMDIR", "README.TXT"]
    assert "is no object" in left["DICOMDIR"]
    (done,) = told["done"]
    assert [str(path) for path in (tmp_path / "out").iterdir()] == [done["out"]]


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    code, told = deid(tmp_path, tmp_path / "gone.dcm")
    assert code == Exit.NOT_WELL
    assert told["left"] == [{"file": f"{tmp_path}/gone.dcm", "why": "No such file or directory"}]
