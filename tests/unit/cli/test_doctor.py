from __future__ import annotations

from pathlib import Path

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
