"""What comes out has no fault that went not in, as dciodvfy judges."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dicom.deid.engine import Deidentifier
from dicom.deid.file import deidentify_file
from dicom.deid.options import DeidOptions
from tests.peers import require_peer
from tests.unit.deid.objects import ct_image, rt_plan, written

pytestmark = pytest.mark.peer

KEY = b"0123456789abcdef"


def errors(path: Path) -> set[str]:
    program = str(require_peer("dciodvfy"))
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    return {line for line in done.stderr.splitlines() if line.startswith("Error")}


@pytest.mark.parametrize("dates", ["remove", "shift", "keep"])
@pytest.mark.parametrize("original", [rt_plan(), ct_image()], ids=["plan", "image"])
@pytest.mark.filterwarnings("ignore")
def test_an_object_stays_valid(tmp_path: Path, original: Dataset, dates: str) -> None:
    source = written(original, tmp_path / "in.dcm")
    target = tmp_path / "out.dcm"
    options = DeidOptions.model_validate({"dates": dates})
    deidentify_file(source, target, Deidentifier(options, KEY))
    assert errors(target) - errors(source) == set()
