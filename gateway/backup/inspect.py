"""Is a database sound, and how many rows has each of its tables?"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import apsw

from gateway.errors import StoreError
from gateway.sqlite import is_plain, open_reader

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def rows_in(path: Path) -> Mapping[str, int]:
    """The rows of each table; nothing for a file that is no database in plain text.

    StoreError: it is damaged.
    """
    if not is_plain(path):
        return {}
    try:
        with closing(open_reader(path, immutable=True)) as connection:
            if connection.pragma("quick_check") != "ok":
                raise StoreError(f"{path} is damaged: restore another backup")
            tables = [name for (name,) in connection.execute(_TABLES)]
            return {table: _count(connection, table) for table in tables}
    except apsw.Error as error:
        raise StoreError(f"{path} is damaged: {error}: restore another backup") from error


def _count(connection: apsw.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').get)  # noqa: S608
