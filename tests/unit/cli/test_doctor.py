from __future__ import annotations

from pathlib import Path

from gateway.app.private import keep_private
from gateway.cli.doctor import examine


def test_this_environment_is_well(tmp_path: Path) -> None:
    findings = list(examine(tmp_path))
    assert [finding for finding in findings if not finding.well] == []
    checks = {finding.check for finding in findings}
    assert {"python", "names", "driver", "room", "simulator", "sqlite", "data", "disk"} <= checks


def test_a_data_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    (finding,) = [each for each in examine(tmp_path / "nowhere") if each.check == "data"]
    assert not finding.well
    assert "nowhere" in finding.said


def test_what_others_may_open_is_said(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "store").mkdir(parents=True)
    for path in (data, data / "store"):
        path.chmod(0o755)
    (finding,) = [each for each in examine(data) if each.check == "privacy"]
    assert not finding.well
    assert f"{data} and 1 more" in finding.said
    keep_private(data)
    (finding,) = [each for each in examine(data) if each.check == "privacy"]
    assert finding.well
