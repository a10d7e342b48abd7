"""What a person is told about a wrong file, word by word.

To accept new words: `UPDATE_EXPECTED=1 pytest tests/unit/config/test_bad_files.py`, and read the
difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.config import check_site, load_site
from gateway.errors import ConfigError
from tests.unit.config.kit import DRIVERS, ROOMS

BAD = Path(__file__).parent / "bad"
FILES = sorted(BAD.glob("*.yaml"))


def told(file: Path) -> str:
    problems = check_site(file, drivers=DRIVERS, rooms=ROOMS)
    lines = (f"{'note: ' if problem.note else ''}{problem}" for problem in problems)
    return "".join(line.replace(f"{file.parent}/", "") + "\n" for line in lines)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_every_fault_is_told_with_its_place_and_a_way_out(file: Path) -> None:
    expected = file.with_suffix(".txt")
    if os.environ.get("UPDATE_EXPECTED"):
        expected.write_text(told(file), encoding="utf-8")
    assert told(file) == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_file_with_faults_gives_no_site(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_site(file, drivers=DRIVERS, rooms=ROOMS)
    assert caught.value.problems
