from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import main
from gateway.cli.exits import Exit
from gateway.cli.verbs import app

VERBS = (
    *("run", "demo", "check", "schema", "device", "events", "simulate"),
    *("backup", "restore", "reload", "doctor", "keys"),
)


def isogate(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of the command as a shell sees it."""
    monkeypatch.setattr("sys.argv", ["isogate", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    return int(code or 0)


def test_help_names_every_verb_within_80_columns() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    assert all(f" {verb} " in shown for verb in VERBS)
    assert max(map(len, shown.splitlines())) <= 80


def test_without_a_gateway_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isogate(monkeypatch, "device", "list", "--data", str(tmp_path)) == Exit.NO_GATEWAY
    assert "isogate run" in capsys.readouterr().err


def test_wrong_use_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isogate(monkeypatch, "events", "--after", "soon") == Exit.WRONG_USE


def test_a_wrong_file_is_named_with_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text("site:\n  id: x\n  nmae: X\n")
    assert isogate(monkeypatch, "check", str(file)) == Exit.NOT_WELL
    assert f"{file}:3:" in capsys.readouterr().out


def test_check_speaks_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text("site: {id: x, nmae: X}\n")
    assert isogate(monkeypatch, "check", str(file), "--json") == Exit.NOT_WELL
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert all(
        {"message", "file", "line", "column", "hint"} <= set(it) for it in answer["problems"]
    )


def test_no_simulators_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("simulate", "fault", "chiller", "silent", "--data", str(tmp_path))
    assert isogate(monkeypatch, *words) == Exit.REFUSED
    assert "no simulators answer" in capsys.readouterr().err


def test_the_schema_is_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isogate(monkeypatch, "schema") == Exit.OK
    assert "properties" in json.loads(capsys.readouterr().out)
