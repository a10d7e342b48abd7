"""What the simulated planning system and machine write is valid, as dciodvfy judges."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from simulators.rt import (
    ARC,
    ELECTRON,
    ION,
    STATIC,
    Course,
    Part,
    approved,
    brachy_plan,
    brachy_record,
    dose,
    file_of,
    images,
    plan,
    record,
    structure_set,
)
from tests.peers import require_peer

pytestmark = pytest.mark.peer

COURSE = Course(points=5, pairs=6)
MADE = approved(plan(ARC, COURSE))
OBJECTS = {
    "arc": MADE,
    "static": plan(STATIC),
    "electron": plan(ELECTRON),
    "ion": plan(ION),
    "brachy": brachy_plan(),
    "brachy record": brachy_record(approved(brachy_plan()), 1),
    "record": record(MADE, 1, [Part(3), Part(1), Part(2, 0, 40, termination="OPERATOR")]),
    "image": next(images(COURSE)),
    "structures": structure_set(COURSE),
    "dose": dose(MADE, COURSE),
}


@pytest.mark.parametrize("made", OBJECTS.values(), ids=OBJECTS)
def test_an_object_is_valid(tmp_path: Path, made: Dataset) -> None:
    program = str(require_peer("dciodvfy"))
    file = file_of(made, tmp_path / "object.dcm")
    done = subprocess.run([program, str(file)], capture_output=True, text=True, check=False)
    told = (done.stderr + done.stdout).splitlines()
    assert [line for line in told if line.startswith("Error")] == []
