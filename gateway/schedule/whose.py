"""Whose an appointment is, and what speaks of somebody else instead. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model import Identifier
from gateway.schedule.noted import ASSIGN, Noted


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom the entries of one appointment are about.

    `first` is whom the entry that came first names: a late message about what happened earlier
    exchanges nobody. `answers` are what people said since (ASSIGN), in order.
    """

    first: Identifier | None
    answers: Sequence[Noted]

    @classmethod
    def of(cls, entries: Sequence[Noted]) -> Whose:
        """From every entry of an appointment, in order."""
        named = [each for each in entries if each.own]
        first = min(named, key=lambda each: each.seq).own if named else None
        return cls(first, [each for each in entries if each.code == ASSIGN])

    @property
    def now(self) -> Identifier | None:
        """Whose it is."""
        named = [each.own for each in self.answers if each.own]
        return named[-1] if named else self.first

    def counts(self, entry: Noted) -> bool:
        """Whether an entry speaks of this patient's appointment.

        One that names another patient does not, until a person says that it is theirs. What
        counted when a person gave it to somebody else goes on counting.
        """
        own = entry.own
        if own is None or entry.code == ASSIGN:
            return True
        return same(own, self.now) or same(own, self._then(entry))

    def asks(self, entry: Noted) -> bool:
        """Whether a person has still to say what an entry means that names another patient."""
        return not self.counts(entry) and not any(each.knew(entry) for each in self.answers)

    def _then(self, entry: Noted) -> Identifier | None:
        """Whose it was for all that an entry had before it."""
        before = [each.own for each in self.answers if each.own and not each.knew(entry)]
        return before[-1] if before else self.first


def same(one: Identifier, other: Identifier | None) -> bool:
    """Whether two numbers are one, whatever type their sources give them."""
    return other is not None and (one.value, one.issuer) == (other.value, other.issuer)
