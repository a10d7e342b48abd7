"""Opening a database through its DB-API module, which is imported only when it is wanted."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from drivers.sqlpoll.dialect import Bound, DatabaseName
from drivers.sqlpoll.profile import SqlLink
from gateway import ConfigError

_STEPS = 10_000
_GRACE = 5
"""Seconds after a statement's time-out in which a server is to say that it ended it."""


class Cursor(Protocol):
    """What is used of a DB-API 2.0 cursor (PEP 249)."""

    def execute(self, sql: str, parameters: Sequence[Bound] = ..., /) -> object: ...
    def fetchall(self) -> Sequence[Sequence[object]]: ...
    def close(self) -> object: ...


class DbConnection(Protocol):
    """What is used of a DB-API 2.0 connection (PEP 249)."""

    def cursor(self) -> Cursor: ...
    def rollback(self) -> object: ...
    def close(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Engine:
    """How to reach one database. `interrupt` is called from another thread to end a statement.

    `identity` tells apart what lies at its place at different times; OSError if nothing does.
    """

    connect: Callable[[], DbConnection]
    error: type[Exception]
    interrupt: Callable[[Any], object] = lambda _connection: None
    identity: Callable[[], object] = lambda: None


def engine_of(link: str, options: SqlLink) -> Engine:
    """The engine of a link; ConfigError if its module is not installed."""
    if options.path is not None and options.database is DatabaseName.SQLITE:
        path, timeout = options.path.absolute(), options.timeout
        uri = f"{path.as_uri()}?mode=ro"
        return Engine(
            lambda: _sqlite(uri, timeout),
            sqlite3.Error,
            _Timed.interrupt,
            lambda: _file(path),
        )
    module, connect = _SERVERS[options.database]
    try:
        api: Any = import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"link {link}: {module} is missing:"
            f" install it with `pip install 'isogate[{options.database}]'`"
        ) from error
    interrupt = (lambda opened: opened.cancel()) if hasattr(api, "AsyncConnection") else _let_be
    return Engine(lambda: connect(api, options), api.Error, interrupt)


def _let_be(_connection: object) -> None:
    """The statement ends by its own time-out."""


def _sqlite(uri: str, timeout: float) -> DbConnection:
    """A file opened read-only. Text that is not UTF-8 stays bytes, for the profile's charset."""
    connection = sqlite3.connect(uri, uri=True, timeout=timeout, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    connection.text_factory = _text
    return _Timed(connection, timeout)


def _file(path: Path) -> tuple[int, int]:
    """Which file it is: one that was put in its place is another, while the old one is open."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


class _Timed:
    """SQLite knows no time-out for a statement: its progress handler ends one."""

    def __init__(self, connection: sqlite3.Connection, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._deadline = 0.0
        connection.set_progress_handler(lambda: time.monotonic() > self._deadline, _STEPS)

    def cursor(self) -> Cursor:
        self._deadline = time.monotonic() + self._timeout
        return self._connection.cursor()

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def interrupt(self) -> None:
        self._connection.interrupt()


def _postgresql(api: Any, options: SqlLink) -> DbConnection:
    milliseconds = round(options.timeout * 1000)
    connection: DbConnection = api.connect(
        **_account(options, "dbname"),
        connect_timeout=round(options.timeout),
        application_name="isogate",
        options=f"-c statement_timeout={milliseconds} -c default_transaction_read_only=on",
    )
    return connection


def _sqlserver(api: Any, options: SqlLink) -> DbConnection:
    account = _account(options, "database")
    connection: DbConnection = api.connect(
        server=account.pop("host"),
        **account,
        timeout=round(options.timeout),
        login_timeout=round(options.timeout),
        appname="isogate",
        use_datetime2=True,
    )
    return connection


def _oracle(api: Any, options: SqlLink) -> DbConnection:
    connection: Any = api.connect(
        **_account(options, "service_name"), tcp_connect_timeout=options.timeout
    )
    connection.call_timeout = round(options.timeout * 1000)
    opened: DbConnection = connection
    return opened


def _mysql(api: Any, options: SqlLink) -> DbConnection:
    connection: Any = api.connect(
        **_account(options, "database"),
        charset="utf8mb4",
        connect_timeout=round(options.timeout),
        read_timeout=round(options.timeout) + _GRACE,
    )
    with connection.cursor() as cursor:
        cursor.execute(*mysql_timeout(connection.get_server_info(), options.timeout))
    opened: DbConnection = connection
    return opened


def mysql_timeout(server: str, seconds: float) -> tuple[str, tuple[float]]:
    """The server ends a slow SELECT itself: a client that gives up reading loses its connection."""
    if "MariaDB" in server:
        return "SET SESSION max_statement_time = %s", (seconds,)
    return "SET SESSION max_execution_time = %s", (round(seconds * 1000),)


def _account(options: SqlLink, name: str) -> dict[str, Any]:
    """Who connects where; what is not given is the library's own default."""
    password = options.password.get_secret_value() if options.password else None
    given = {
        "host": options.host,
        "port": options.port,
        "user": options.user,
        "password": password,
        name: options.name,
    }
    return {key: value for key, value in given.items() if value}


_SERVERS: dict[DatabaseName, tuple[str, Callable[[Any, SqlLink], DbConnection]]] = {
    DatabaseName.POSTGRESQL: ("psycopg", _postgresql),
    DatabaseName.SQLSERVER: ("pymssql", _sqlserver),
    DatabaseName.ORACLE: ("oracledb", _oracle),
    DatabaseName.MYSQL: ("pymysql", _mysql),
}
