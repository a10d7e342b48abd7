"""How the command line speaks: tables in 80 columns, JSON for programs, colour on terminals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
_DAY = timedelta(days=1)


def console(file: IO[str] | None = None) -> Console:
    """The terminal's width, or 80 columns where there is no terminal; no markup is interpreted."""
    from rich.console import Console

    target = file or sys.stdout
    width = None if target.isatty() else WIDTH
    return Console(file=target, width=width, highlight=False, markup=False, soft_wrap=False)


def print_json(value: Any) -> None:
    """One JSON value on one line, written at once, so that a stream can be read as it grows."""
    import orjson

    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    whole: Collection[str] = (),
    file: IO[str] | None = None,
) -> None:
    """A table without frame; a cell too wide is folded, never cut.

    `whole` are columns that stay in one piece: ids that somebody copies. They fit into 80 columns.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for title in head:
        table.add_column(title, overflow="fold", no_wrap=title in whole)
    for row in rows:
        table.add_row(*row)
    console(file).print(table)


def say(message: str, *, style: str = "") -> None:
    """A sentence for the person, apart from the output that a program may read."""
    console(sys.stderr).print(message, style=style or None, soft_wrap=True)


def say_error(message: str) -> None:
    say(message, style="red")


def when(stamp: str, zone: tzinfo, *, now: datetime | None = None) -> str:
    """An RFC 3339 time in `zone`: the clock for today, else the date too."""
    if not stamp:
        return ""
    moment = datetime.fromisoformat(stamp).astimezone(zone)
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    if moment.date() == today:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%Y-%m-%d %H:%M")


def in_utc(stamp: str) -> str:
    """An RFC 3339 time where no gateway tells the site's zone: date, clock, and `UTC`."""
    return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%d %H:%M} UTC" if stamp else ""


def clock(stamp: str, zone: tzinfo) -> str:
    """The time of day in `zone`, with milliseconds."""
    return datetime.fromisoformat(stamp).astimezone(zone).strftime("%H:%M:%S.%f")[:-3]


def age(stamp: str, *, now: datetime | None = None) -> str:
    """How long ago, in its two-digit unit: `4 s`, `12 min`, `3 h`, `5 d`."""
    if not stamp:
        return "never"
    past = (now or datetime.now(UTC)) - datetime.fromisoformat(stamp)
    seconds = max(0, int(past.total_seconds()))
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds // size} {unit}"
    return f"{past // _DAY} d"


@contextmanager
def progress(what: str) -> Iterator[None]:
    """A moving sign on standard error while something takes long; nothing without a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    with console(sys.stderr).status(what):
        yield


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, told how much is done of how much; nothing without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.progress import Progress

    with Progress(console=console(sys.stderr), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total or None)
