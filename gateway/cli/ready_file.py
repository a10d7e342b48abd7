"""A file that tells programs how to get in, from ready until the end."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import orjson


class ReadyFile:
    """Appears at once and whole, readable by its owner alone; leaving the block removes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)

    def write(self, content: Mapping[str, Any]) -> None:
        write_private(self._path, content)


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Put a JSON file in place, whole and at once, readable by its owner alone."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
