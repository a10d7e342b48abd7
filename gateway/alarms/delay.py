"""A condition that must hold for a while before it counts. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import Instant, Micros


@dataclass(slots=True)
class Delay:
    """Turns what is seen of a condition into what is told of it.

    What is told changes when the opposite has held for `on` (to become true) or `off` (to become
    false). While nobody can tell (None), nothing changes; what held before goes on counting if it
    still holds afterwards.
    """

    on: Micros
    off: Micros
    told: bool = False
    since: Instant | None = None
    sure: bool = False

    def see(self, truth: bool | None, at: Instant) -> None:  # noqa: FBT001 - it is what is seen
        """Take in what the condition is at a moment."""
        self.sure = truth is not None
        if truth is None:
            return
        if truth is self.told:
            self.since = None
        elif self.since is None:
            self.since = at

    @property
    def due(self) -> Instant | None:
        """When what is told will change, if nothing else is seen."""
        if self.since is None or not self.sure:
            return None
        return Instant(self.since + (self.off if self.told else self.on))

    def turn(self, now: Instant) -> Instant | None:
        """Change what is told if it is due; since when the condition has held, or None.

        A clock that is set back begins the delay anew.
        """
        if self.since is not None and now < self.since:
            self.since = now
        due, since = self.due, self.since
        if due is None or due > now:
            return None
        self.told, self.since = not self.told, None
        return since
