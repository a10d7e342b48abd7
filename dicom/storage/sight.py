"""Studies that are seen by who sent them, as the index is asked for them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SENT = "EXISTS(SELECT 1 FROM sender WHERE sender.study = study.uid AND sender.title IN ({}))"


@dataclass(frozen=True, slots=True)
class Sight:
    """Studies of which an object came from one of `own`, and those without any from `others`.

    Both are AE titles.
    """

    own: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def clause(self) -> tuple[str, Sequence[str]]:
        """A condition on `study.uid` with what it binds."""
        own, others = (_SENT.format(",".join("?" * len(each))) for each in (self.own, self.others))
        return f"({own} OR NOT {others})", (*self.own, *self.others)
