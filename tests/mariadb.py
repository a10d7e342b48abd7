"""A private MariaDB from Debian's package, run by ourselves: the MySQL dialect's real server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.peers import LOOPBACK, free_port, require_peer, running, wait_until
from tests.postgres import unprivileged

_SETTINGS = (
    "--bind-address=127.0.0.1",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--default-time-zone=+08:00",
    "--character-set-server=utf8mb4",
)


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A running server with a database `lis`, which the user `isogate` owns."""

    port: int
    password: str
    host: str = LOOPBACK

    def connect(self, database: str | None = "lis") -> Any:
        """A PyMySQL connection that commits each statement."""
        import pymysql  # noqa: PLC0415 - only where a server really runs

        return pymysql.connect(
            host=self.host,
            port=self.port,
            user="isogate",
            password=self.password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
        )

    def answers(self) -> bool:
        import pymysql  # noqa: PLC0415 - as above

        try:
            self.connect().close()
        except pymysql.err.OperationalError:
            return False
        return True


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """A server for the block, in a folder of its own on a free loopback port."""
    program, install = require_peer("mariadbd"), require_peer("mariadb-install-db")
    home = Path(mkdtemp(prefix="isogate-mariadb-", dir="/tmp"))
    try:
        with _server(program, install, home) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)
        home.with_suffix(".log").unlink(missing_ok=True)


@contextmanager
def _server(program: Path, install: Path, home: Path) -> Iterator[MariaDb]:
    user, data = unprivileged(), home / "data"
    if user is not None:
        os.chown(home, user, user)
    subprocess.run(
        [
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        check=True,
        capture_output=True,
        cwd=home,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    server = MariaDb(free_port(), f"p-{os.getpid()}")
    begin = home / "begin.sql"
    begin.write_text(
        "CREATE DATABASE lis;\n"
        f"CREATE USER isogate@'127.0.0.1' IDENTIFIED BY '{server.password}';\n"
        "GRANT ALL ON lis.* TO isogate@'127.0.0.1';\n"
    )
    command: list[str | Path] = [
        program,
        "--no-defaults",
        f"--datadir={data}",
        f"--port={server.port}",
        f"--socket={home / 'server.sock'}",
        f"--pid-file={home / 'server.pid'}",
        f"--init-file={begin}",
        *_SETTINGS,
    ]
    with running(command, cwd=home, log=home.with_suffix(".log"), user=user):
        wait_until(server.answers, within=30, what="MariaDB")
        yield server
