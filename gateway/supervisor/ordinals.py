"""Occurrences of what the gateway does itself: each happens once and is never sent again."""

from __future__ import annotations

import itertools
import secrets


class Ordinals:
    """Counts under a random prefix of this start, so that no two starts share an occurrence."""

    def __init__(self) -> None:
        self._start = secrets.token_bytes(12)
        self._count = itertools.count()

    def next(self) -> bytes:
        return self._start + next(self._count).to_bytes(8, "big")
