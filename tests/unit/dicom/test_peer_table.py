"""The page of services and peers is what the tests' marks say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dicom_table import PAGE, BadMarkError, Row, page, rows

MARKED = """\
import pytest

@pytest.mark.peer
@pytest.mark.dicom_peer({})
async def test_it_answers(): ...
"""


def test_the_committed_page_equals_the_marks() -> None:
    assert PAGE.read_text() == page(rows()), "write it anew: make documents"


def test_a_mark_becomes_a_line(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(
        MARKED.format('service="Storage", ours="SCP", peer="DCMTK storescu"')
    )
    found = rows(tmp_path)
    assert found == [Row("Storage", "SCP", "DCMTK storescu", "test_it_answers", "test_one.py")]
    assert "| SCP | DCMTK storescu | it answers |" in page(found)
    assert "| Storage | SCP | 1 test |" in page(found)


@pytest.mark.parametrize(
    "arguments",
    [
        'service="Storage", ours="SCP"',
        '"Storage", "SCP", "DCMTK"',
        'service="Storage", ours="SCP", peer=NAME',
        'service="Storage", ours="both", peer="DCMTK"',
    ],
)
def test_a_mark_that_says_too_little_is_told_with_its_place(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "test_one.py").write_text(MARKED.format(arguments))
    with pytest.raises(BadMarkError, match=r"test_one\.py:4"):
        rows(tmp_path)
