"""Which devices and links a principal sees: what rooms ask before they show what these said.

The rule is that of `gateway.room.sight`: whoever is limited to departments sees the devices of
these; a device without a department, or one that is no longer configured, is nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.driver import LinkEntry
from gateway.room.access import Principal
from gateway.room.sight import Sight


@dataclass(frozen=True, slots=True)
class InSight:
    """What is in somebody's sight; `everything` of whoever is limited to no department."""

    everything: bool
    departments: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()

    @classmethod
    def of(cls, who: Principal, links: Sequence[LinkEntry]) -> InSight:
        """By the devices as they are configured now."""
        if not who.departments:
            return cls(everything=True)
        sight = Sight.of(who)
        seen = [entry for link in links for entry in link.devices if sight.device(entry)]
        ids = frozenset(entry.id for entry in seen)
        whole = [link for link in links if all(entry.id in ids for entry in link.devices)]
        return cls(
            everything=False,
            departments=who.departments,
            devices=ids,
            links=frozenset(link.id for link in whole if link.devices),
        )

    def device(self, device: str) -> bool:
        """Whether what a device said is seen."""
        return self.everything or device in self.devices

    def link(self, link: str) -> bool:
        """Whether a link is seen: every device on it is."""
        return self.everything or link in self.links

    def department(self, department: str) -> bool:
        """Whether what belongs to a department is seen; nobody's is seen by the unlimited alone."""
        return self.everything or department in self.departments
