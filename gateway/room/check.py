"""What a room's section of devices.yaml can say of the rest of the site, when it is checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gateway.driver import LinkEntry


@dataclass(frozen=True, slots=True)
class Mistake:
    """A fault of a section, where `trail` leads to from the section down.

    A `note` keeps nobody from using the file.
    """

    trail: tuple[str | int, ...]
    message: str
    hint: str = ""
    note: bool = False


@runtime_checkable
class ChecksSite(Protocol):
    """A section that names links, devices or points of the site."""

    def faults(self, links: Sequence[LinkEntry]) -> Iterable[Mistake]:
        """What it names and the site has not."""
        ...
