"""Where a keyring lies: made once, never replaced, never open to others."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.seal import (
    Copy,
    KeyFile,
    Keyring,
    KeyVariable,
    key_source,
    load_or_make,
    load_ring,
    read_copy,
    read_ring,
    suite_named,
    write_copy,
    write_ring,
)

NOW = "2026-11-18T00:00:00Z"
SUITE = suite_named("aes-256-gcm")


def secrets(ring: Keyring) -> list[tuple[int, str, bytes]]:
    return [(key.id, key.suite.name, key.secret) for key in ring.keys]


def test_the_first_start_makes_a_ring_that_only_its_owner_reads(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "keys" / "ring.json")
    ring = load_or_make(source, None, SUITE, NOW)
    assert stat.S_IMODE(source.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(source.path.parent.stat().st_mode) == 0o700
    assert secrets(load_or_make(source, ring.name, SUITE, NOW)) == secrets(ring)


def test_a_lost_ring_is_said_and_never_made_anew(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "ring.json")
    with pytest.raises(ConfigError, match=r"keyring abcd is lost.*put its copy there"):
        load_or_make(source, "abcd", SUITE, NOW)
    assert not source.path.exists()


def test_another_ring_is_refused(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "ring.json")
    source.write(Keyring.fresh(SUITE, NOW))
    with pytest.raises(ConfigError, match="the data was sealed with abcd"):
        load_ring(source, "abcd")


def test_a_ring_that_others_may_read_is_refused(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "ring.json")
    source.write(Keyring.fresh(SUITE, NOW))
    source.path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        source.read()


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"isogate_keys": 1, "keys": 3}'])
def test_what_is_no_keyring_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ring.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not a keyring"):
        KeyFile(path).read()


def test_a_newer_ring_is_refused() -> None:
    text = write_ring(Keyring.fresh(SUITE, NOW)).replace('"isogate_keys": 1', '"isogate_keys": 2')
    with pytest.raises(ConfigError, match="newer Isogate"):
        read_ring(text, "here")


def test_a_ring_in_a_variable_is_read_and_only_a_person_changes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ring = Keyring.fresh(SUITE, NOW)
    source = key_source("env:ISOGATE_RING", tmp_path, tmp_path / "unused")
    with pytest.raises(ConfigError, match="isogate keys make"):
        load_or_make(source, None, SUITE, NOW)
    monkeypatch.setenv("ISOGATE_RING", write_ring(ring))
    assert secrets(load_or_make(source, ring.name, SUITE, NOW)) == secrets(ring)
    with pytest.raises(ConfigError, match="which only you can change"):
        source.write(ring)


def test_a_reference_names_a_file_beside_devices_yaml_or_a_variable(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    assert key_source(None, tmp_path, usual) == KeyFile(usual)
    assert key_source("file:ring.json", tmp_path, usual) == KeyFile(tmp_path / "ring.json")
    assert key_source("env:RING", tmp_path, usual) == KeyVariable("RING")
    with pytest.raises(ConfigError, match="write file:PATH or env:NAME"):
        key_source("my secret", tmp_path, usual)


@pytest.mark.parametrize("name", ["aes-256-gcm", "sm4-gcm"])
def test_a_copy_under_a_passphrase_opens_with_it_alone(name: str) -> None:
    ring = Keyring.fresh(suite_named(name), NOW).rotated(suite_named(name), NOW)
    text = write_copy(Copy(ring, {"audit.key": b"other secret"}), "correct horse")
    opened = read_copy(text, "copy", lambda: "correct horse")
    assert secrets(opened.ring) == secrets(ring)
    assert opened.others == {"audit.key": b"other secret"}
    with pytest.raises(ConfigError, match="not its passphrase"):
        read_copy(text, "copy", lambda: "wrong horse")
    with pytest.raises(ConfigError, match="isogate keys import"):
        read_ring(text, "copy")


def test_a_copy_without_a_passphrase_is_a_keyring_with_more(tmp_path: Path) -> None:
    ring = Keyring.fresh(SUITE, NOW)
    text = write_copy(Copy(ring, {"audit.key": b"other secret"}), None)
    assert secrets(read_ring(text, "copy")) == secrets(ring)
    assert read_copy(text, "copy", None).others == {"audit.key": b"other secret"}


def test_ids_of_keys_are_never_given_twice() -> None:
    ring = Keyring.fresh(SUITE, NOW).rotated(SUITE, NOW).rotated(SUITE, NOW).without(2)
    assert [key.id for key in ring.rotated(SUITE, NOW).keys] == [1, 3, 4]
    assert len({key.mark for key in ring.keys}) == 2
    with pytest.raises(ConfigError, match="active key 9"):
        Keyring("x", ring.keys, 9)
