"""Which queues somebody sees who is limited to departments.

A queue is of the department that the schedule declares for its machine or room; one of none is
everybody's. A display hangs in public: whoever sees one of its queues sees it as it hangs there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.room import Agenda, Neighbours, Principal, shared_with
from queue_display.options import DisplayOptions, QueueOptions


@dataclass(frozen=True, slots=True)
class SeenQueues:
    """The queues as principals see them."""

    queues: Mapping[str, QueueOptions]
    neighbours: Neighbours

    def queue(self, who: Principal, name: str) -> bool:
        """Whether a queue and its tickets are seen."""
        return shared_with(who, (self._department(name),))

    def display(self, who: Principal, options: DisplayOptions) -> bool:
        """Whether a zone's screens are seen."""
        return any(self.queue(who, name) for name in options.queues)

    def _department(self, name: str) -> str:
        """Empty where no schedule is kept, or it declares none."""
        options = self.queues.get(name)
        try:
            agenda = self.neighbours(Agenda)
        except LookupError:
            return ""
        return agenda.department(options.resource) if options is not None else ""
