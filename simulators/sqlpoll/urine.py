"""The computer beside a urine analyzer: a row a strip in a SQLite file that others may read."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

URINE_FAULTS = ("locked", "silent")
_ZONE = ZoneInfo("Asia/Shanghai")
_LEVELS = ("neg", "neg", "neg", "1+", "2+")
_PADS = ("LEU", "NIT", "URO", "PRO", "BLD", "KET", "BIL", "GLU")


@dataclass(slots=True)
class UrineComputer:
    """Writes a strip every `interval` seconds into `file`.

    `locked` keeps the file locked as a program that hangs in the middle of writing does, `silent`
    measures nothing. Keys never come again, whenever it is started.
    """

    file: Path
    interval: float = 20.0
    chance: random.Random = field(default_factory=random.Random)
    _number: int = 0
    _faults: set[str] = field(default_factory=set)
    _lock: sqlite3.Connection | None = None

    def fault(self, kind: str) -> None:
        if kind not in URINE_FAULTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(URINE_FAULTS)}")
        if kind == "locked" and self._lock is None:
            self._lock = sqlite3.connect(self.file, isolation_level=None)
            self._lock.execute("BEGIN EXCLUSIVE")
        self._faults.add(kind)

    def clear(self) -> None:
        self._faults.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def create(self) -> None:
        pads = ", ".join(f"{pad} TEXT" for pad in ("SG", "PH", *_PADS))
        self._execute(
            "CREATE TABLE strips (id INTEGER PRIMARY KEY, modified TEXT, measured TEXT,"
            f" sample_no TEXT, {pads})"
        )

    def measure(self) -> None:
        """One more strip, unless a fault keeps it from being written."""
        if self._faults:
            return
        self._number += 1
        at = datetime.now(_ZONE).strftime("%Y-%m-%d %H:%M:%S")
        gravity = f"{1 + self.chance.randrange(1, 7) / 200:.3f}"
        acidity = f"{self.chance.randrange(10, 17) / 2:.1f}"
        levels = [self.chance.choice(_LEVELS) for _ in _PADS]
        key = time.time_ns() // 1_000_000
        row = (key, at, at, f"{self._number:04d}", gravity, acidity, *levels)
        marks = ", ".join("?" for _ in row)
        self._execute(f"INSERT INTO strips VALUES ({marks})", row)  # noqa: S608

    def _execute(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(sql, parameters)


@asynccontextmanager
async def urine_computer(interval: float = 20.0) -> AsyncIterator[UrineComputer]:
    """A computer whose file lies in a folder of its own, which is removed at the end."""
    with TemporaryDirectory(prefix="urine-analyzer-") as folder:
        computer = UrineComputer(Path(folder) / "strips.db", interval)
        computer.create()
        computer.measure()
        measuring = asyncio.create_task(_keep_measuring(computer), name="urine-computer")
        try:
            yield computer
        finally:
            measuring.cancel()
            with suppress(asyncio.CancelledError):
                await measuring
            computer.clear()


async def _keep_measuring(computer: UrineComputer) -> None:
    while True:
        await asyncio.sleep(computer.interval)
        computer.measure()
