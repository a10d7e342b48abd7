"""Results in a table that others may read, with the habits that make reading it hard."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_ITEMS = (("WBC", "10^9/L"), ("HGB", "g/L"), ("PLT", "10^9/L"), ("K", "mmol/L"), ("GLU", "mmol/L"))
_COLUMNS = (
    "result_id",
    "updated_at",
    "item_code",
    "result_value",
    "unit",
    "abnormal_flag",
    "reference_range",
    "result_status",
    "sample_barcode",
    "patient_id",
    "order_id",
    "measured_at",
    "item_name",
    "remark",
)


@dataclass(frozen=True, slots=True)
class Style:
    """How a database writes parameters and times."""

    mark: str = "?"
    time: str = "TEXT"
    text_times: bool = True


SQLITE = Style()
POSTGRESQL = Style("%s", "timestamp", text_times=False)
MYSQL = Style("%s", "DATETIME(6)", text_times=False)


@dataclass(slots=True)
class Laboratory:
    """Writes one result at a time; `values` is its own log of what each result has said.

    `late` and `corrected` are the shares of rows whose time lies minutes back, and of earlier
    results that get another value. `now` may step back, as a clock that is set does.
    """

    connection: Any
    style: Style = SQLITE
    table: str = "isogate_results"
    late: float = 0.05
    corrected: float = 0.05
    chance: random.Random = field(default_factory=random.Random)
    now: Callable[[], datetime] = datetime.now
    values: dict[int, list[str]] = field(default_factory=dict)

    def create(self) -> None:
        """The table, empty."""
        times = {"updated_at", "measured_at"}
        columns = ", ".join(
            f"{name} {self.style.time if name in times else 'TEXT'}" for name in _COLUMNS[1:]
        )
        self._execute(f"CREATE TABLE {self.table} (result_id BIGINT PRIMARY KEY, {columns})")

    def step(self) -> None:
        """Write a new result, or another value of an old one."""
        if self.values and self.chance.random() < self.corrected:
            self._correct(self.chance.choice(list(self.values)))
        else:
            self._add(len(self.values) + 1)

    def _add(self, number: int) -> None:
        item, unit = _ITEMS[number % len(_ITEMS)]
        back = timedelta(minutes=self.chance.uniform(1, 5))
        at = self.now() - (back if self.chance.random() < self.late else timedelta(0))
        value = self._value(number)
        row = (
            number,
            self._time(at),
            item,
            value,
            unit,
            "",
            "",
            "F",
            f"S{number // 5:08d}",
            f"P{number // 25:06d}",
            f"O{number // 5:08d}",
            self._time(at),
            item,
            None,
        )
        marks = ", ".join([self.style.mark] * len(_COLUMNS))
        self._execute(f"INSERT INTO {self.table} VALUES ({marks})", row)  # noqa: S608
        self.values[number] = [value]

    def _correct(self, number: int) -> None:
        """Another value; a third of the time the one before the last comes back."""
        said = self.values[number]
        returns = len(said) > 1 and self.chance.random() < 1 / 3
        value = said[-2] if returns else self._value(number)
        mark = self.style.mark
        self._execute(
            f"UPDATE {self.table} SET result_value = {mark}, updated_at = {mark}"  # noqa: S608
            f" WHERE result_id = {mark}",
            (value, self._time(self.now()), number),
        )
        said.append(value)

    def _value(self, number: int) -> str:
        """A value that no other row or version of this row has had."""
        return f"{number}.{len(self.values.get(number, ())):02d}{self.chance.randrange(1000):03d}"

    def _time(self, at: datetime) -> object:
        return at.strftime("%Y-%m-%d %H:%M:%S.%f") if self.style.text_times else at

    def _execute(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        cursor = self.connection.cursor()
        cursor.execute(sql, parameters)
        cursor.close()
        self.connection.commit()
