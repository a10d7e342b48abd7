"""A list that a room gives to be printed for the hour when everything is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from gateway.model import Instant, Localized, to_datetime


@dataclass(frozen=True, slots=True)
class Paper:
    """One list. `name` is part of a file's name; `grave` are the indexes of rows to stand out.

    It may identify patients: only the owner of its folder can read it.
    """

    name: str
    title: Localized
    head: Sequence[Localized]
    rows: Sequence[Sequence[Localized]]
    note: Localized = ""
    grave: frozenset[int] = frozenset()


def written(instant: Instant, zone: ZoneInfo) -> str:
    """A moment as papers write it, in the site's zone."""
    return f"{to_datetime(instant).astimezone(zone):%Y-%m-%d %H:%M}"


Papers: TypeAlias = Callable[[], Awaitable[Sequence[Paper]]]


async def no_papers() -> Sequence[Paper]:
    """Of a gateway whose rooms give none."""
    return ()
