"""`isogate restore`: what it says beside what it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.backup import Kind
from gateway.cli import main
from gateway.cli.exits import Exit
from gateway.seal import Copy, KeyFile, write_copy
from tests.unit.backup.backup_case import opened


def isogate(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr("sys.argv", ["isogate", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
async def backups(tmp_path: Path) -> Path:
    """Two backups, of which the second one is damaged, and a copy of the keys."""
    async with opened(tmp_path) as site:
        await site.add(1, 2)
        await site.day(Kind.FULL)
        second = await site.day(Kind.FULL)
        (second.folder / "manifest").write_bytes(b"nonsense")
        copy = Copy(site.ring, {"audit.key": bytes(range(32))})
        (tmp_path / "copy.json").write_text(write_copy(copy, None))
        return site.target


def test_a_missing_key_of_the_audit_is_said_and_how_to_put_it_back(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    backups: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ring, data = f"file:{tmp_path / 'ring.json'}", tmp_path / "again"
    asked = ("restore", data, "--from", backups, "--keys", ring, "--json")
    assert isogate(monkeypatch, *asked) == Exit.OK
    shown = capsys.readouterr()
    assert json.loads(shown.out)["missing"] == ["keys/audit.key"]
    assert f"isogate keys import COPY --data {data}" in " ".join(shown.err.split())
    imported = ("keys", "import", tmp_path / "copy.json", "--data", data)
    assert isogate(monkeypatch, *imported) == Exit.OK
    assert (data / "keys" / "audit.key").read_bytes() == bytes(range(32))


def test_with_imported_keys_nothing_is_missing_and_a_damaged_backup_is_named(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    backups: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = tmp_path / "again"
    imported = ("keys", "import", tmp_path / "copy.json", "--data", data)
    assert isogate(monkeypatch, *imported) == Exit.OK
    assert isogate(monkeypatch, "restore", data, "--from", backups) == Exit.OK
    shown = capsys.readouterr()
    assert "every digest and count is right" in shown.out
    assert "audit.key" not in shown.err
    assert "its manifest was changed" in shown.err
    assert KeyFile(data / "keys" / "ring.json").read() is not None
