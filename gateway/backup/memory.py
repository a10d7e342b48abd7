"""What a data directory remembers of its backups, where no bad share can touch it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.sqlite import write_durably

log = logging.getLogger(__name__)

_OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of earlier backups.

    `target`: the id of the directory that scheduled backups go to, empty before the first; `keys`:
    those that its backups needed after the last one. `doubted`: folders of full backups whose
    chains were found damaged. `drills`: by directory, what the last drill there found, and `at`,
    when (µs).
    """

    target: str = ""
    keys: Sequence[int] = ()
    doubted: Sequence[str] = ()
    drills: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Memory:
    """A small file. What its disk refuses is remembered until the gateway stops."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.holds = _read(path)

    def adopt(self, target: str, folder: Path) -> None:
        """Take a directory with this id for the target; what was known of another one goes."""
        drills = {
            where: drill for where, drill in self.holds.drills.items() if where != str(folder)
        }
        self.remember(target=target, keys=(), drills=drills)

    def remember(self, **facts: Any) -> None:
        """Replace facts, at once and durably; blocks for the disk."""
        self.holds = replace(self.holds, **facts)
        try:
            self._path.parent.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            write_durably(self._path, json.dumps(asdict(self.holds), sort_keys=True).encode())
        except OSError as error:
            log.warning("%s can't be written: %s", self._path, error.strerror)


def _read(path: Path) -> Remembered:
    try:
        return Remembered(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValueError, TypeError) as error:
        log.warning("%s can't be read, and what it knew of the backups is gone: %s", path, error)
        return Remembered()
