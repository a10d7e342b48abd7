"""What others on the machine may open of a data directory: nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.app.private import exposed, keep_private
from gateway.cli.verbs import app as cli
from gateway.security.roles import Role
from gateway.store import EventStore, StoreOptions
from gateway.testing import ManualClock
from tests.accounts import house


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(*paths: Path) -> list[str]:
    return [oct(stat.S_IMODE(path.stat().st_mode)) for path in paths]


def write(path: Path, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("secret")
    path.chmod(mode)
    return path


async def test_every_level_of_a_new_data_directory_is_its_owners(tmp_path: Path) -> None:
    data = tmp_path / "srv" / "data"
    async with EventStore.open(data / "store", StoreOptions(), ManualClock()):
        pass
    levels = (data.parent, data, data / "store", data / "store" / "segments")
    assert modes(*levels) == ["0o700"] * 4


async def test_what_is_there_is_closed_at_the_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with house(make(data / "store")) as home:
        await home.person(Role.THERAPIST)
    files = [write(data / "keys" / "audit.key", 0o644), write(data / "audit" / "head", 0o664)]
    files.append(data / "store" / "tables.sqlite")
    beside = write(data / "notes.txt", 0o644)
    keep_private(data)
    assert modes(data, data / "store", data / "keys", data / "audit") == ["0o700"] * 4
    assert modes(*files) == ["0o600"] * 3
    assert modes(beside) == ["0o644"], "not ours; nobody reaches it"
    assert list(exposed(data)) == []


def test_a_directory_that_everybody_shares_stays(tmp_path: Path) -> None:
    shared = make(tmp_path / "shared")
    shared.chmod(0o1777)
    key = write(shared / "keys" / "ring.json", 0o644)
    keep_private(shared)
    assert modes(shared, key.parent, key) == ["0o1777", "0o700", "0o600"]


def test_every_command_writes_for_its_owner_alone(tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["schema"]).exit_code == 0
    path = tmp_path / "new"
    path.touch()
    assert modes(path) == ["0o600"]


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
