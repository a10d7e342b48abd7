"""A YAML file as plain values, with the place of every key and value kept beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from gateway.errors import Problem

Trail: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the top of a document down to a value."""

Place: TypeAlias = tuple[int, int]
"""Line and column, counted from 1."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands, and its key (in a list: the value again)."""

    key: Place
    value: Place


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says and where. `spots` holds, per container (by `id`), one Spot per entry."""

    file: Path
    value: Any = None
    spots: Mapping[int, Mapping[str | int, Spot]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def top(self) -> Part:
        return Part(self, (), self.value)

    def spot(self, trail: Trail) -> Spot:
        """Where a trail leads; where it breaks off, the last place that exists."""
        container, spot = self.value, Spot((1, 1), (1, 1))
        for step in trail:
            here = self.spots.get(id(container), {}).get(step)
            if here is None:
                break
            container, spot = container[step], here
        return spot


@dataclass(frozen=True, slots=True)
class Part:
    """A value in a document and the way to it."""

    document: Document
    trail: Trail
    value: Any

    def __truediv__(self, key: str | int) -> Part:
        """What stands under `key`; a missing one has the value None."""
        return Part(self.document, (*self.trail, key), entry(self.value, key))

    def entries(self) -> Mapping[str, Any]:
        """The value if it is a mapping, else an empty one."""
        return self.value if isinstance(self.value, dict) else {}

    def problem(
        self, message: str, *, hint: str = "", at_key: bool = False, note: bool = False
    ) -> Problem:
        """A fault of this value (or of its key), located."""
        spot = self.document.spot(self.trail)
        line, column = spot.key if at_key else spot.value
        path = dotted(self.trail)
        return Problem(message, str(self.document.file), line, column, path, hint, note)


def entry(container: object, key: str | int) -> Any:
    """`container[key]`, or None where there is no such entry."""
    if isinstance(container, Mapping):
        return container.get(key)
    if isinstance(container, Sequence) and isinstance(key, int) and 0 <= key < len(container):
        return container[key]
    return None


def dotted(trail: Trail) -> str:
    """`devices.meter-1.topics[2]`."""
    text = ""
    for step in trail:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
