"""`isogate keys` without a gateway: files that hold what must not be lost."""

from __future__ import annotations

import json
import stat
from base64 import b64encode
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.cli.exits import Exit
from gateway.seal import KeyFile, Keyring, suite_named


def keys(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["isogate", "keys", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory whose gateway does not run."""
    KeyFile(tmp_path / "data/keys/ring.json").write(Keyring.fresh(suite_named("aes-256-gcm"), ""))
    (tmp_path / "data/keys/audit.key").write_bytes(bytes(range(32)))
    return tmp_path / "data"


def ring_of(data: Path) -> Keyring:
    ring = KeyFile(data / "keys/ring.json").read()
    assert ring is not None
    return ring


def secrets(ring: Keyring) -> list[bytes]:
    return [key.secret for key in ring.keys]


def test_listing_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys(monkeypatch, "list", "--data", str(data), "--json") == Exit.OK
    shown = capsys.readouterr().out
    (key,) = json.loads(shown)["keys"]
    assert (key["id"], key["active"], key["needed_by"]) == (1, True, None)
    (secret,) = secrets(ring_of(data))
    assert b64encode(secret).decode() not in shown


def test_a_rotation_adds_a_key_and_warns_to_keep_a_copy(
    monkeypatch: pytest.MonkeyPatch, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = ring_of(data)
    assert keys(monkeypatch, "rotate", "--suite", "sm4-gcm", "--data", str(data)) == Exit.OK
    ring = ring_of(data)
    assert ring.active.suite.name == "sm4-gcm"
    assert secrets(ring)[:1] == secrets(before)
    assert "Keep a copy" in capsys.readouterr().err.replace("\n", " ")


def test_a_copy_under_a_passphrase_is_laid_back_whole(
    monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("ISOGATE_PASSPHRASE", "correct horse")
    copy = tmp_path / "copy.json"
    assert keys(monkeypatch, "export", str(copy), "--data", str(data)) == Exit.OK
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert keys(monkeypatch, "export", str(copy), "--data", str(data)) == Exit.BAD_CONFIG
    other = tmp_path / "other"
    assert keys(monkeypatch, "import", str(copy), "--data", str(other)) == Exit.OK
    assert secrets(ring_of(other)) == secrets(ring_of(data))
    assert (other / "keys/audit.key").read_bytes() == bytes(range(32))
    monkeypatch.setenv("ISOGATE_PASSPHRASE", "wrong horse")
    assert keys(monkeypatch, "import", str(copy), "--data", str(other)) == Exit.BAD_CONFIG


def test_an_older_copy_or_another_ring_takes_no_ring_s_place(
    monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.json"
    assert keys(monkeypatch, "export", str(copy), "--plain", "--data", str(data)) == Exit.OK
    assert keys(monkeypatch, "rotate", "--data", str(data)) == Exit.OK
    assert keys(monkeypatch, "import", str(copy), "--data", str(data)) == Exit.BAD_CONFIG
    assert "lacks (2)" in capsys.readouterr().err.replace("\n", " ")
    assert keys(monkeypatch, "make", str(tmp_path / "new.json")) == Exit.OK
    new = str(tmp_path / "new.json")
    assert keys(monkeypatch, "import", new, "--data", str(data)) == Exit.BAD_CONFIG
    assert len(ring_of(data).keys) == 2


def test_a_lost_ring_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert keys(monkeypatch, "list", "--data", str(tmp_path)) == Exit.BAD_CONFIG


def test_a_copy_lays_the_audit_s_key_where_the_ring_stands_in_a_variable(
    monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path
) -> None:
    copy, other = tmp_path / "copy.json", tmp_path / "other"
    assert keys(monkeypatch, "export", str(copy), "--plain", "--data", str(data)) == Exit.OK
    monkeypatch.setenv("RING", (data / "keys/ring.json").read_text())
    words = ("import", str(copy), "--data", str(other), "--keys", "env:RING")
    assert keys(monkeypatch, *words) == Exit.OK
    assert (other / "keys/audit.key").read_bytes() == bytes(range(32))
    assert not (other / "keys/ring.json").exists()
