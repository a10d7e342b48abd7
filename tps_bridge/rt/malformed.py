"""An object that can't be what it says it is: what is wrong, and where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway import ProtocolViolation


class Malformed(ProtocolViolation):
    """`what` is wrong, at `where` (`beam 3, control point 17`), which may be empty."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.what, self.where = what, where


@contextmanager
def within(place: str) -> Iterator[None]:
    """Name the place of what is wrong inside the block."""
    try:
        yield
    except Malformed as error:
        where = f"{place}, {error.where}" if error.where else place
        raise Malformed(error.what, where) from None
