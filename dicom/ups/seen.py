"""Which work items somebody sees who is limited to departments.

An item is of the departments of the machines that it is scheduled for, by the name in their code or
as the schedule knows it, and of the peer that claimed it; of none, it is everybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dicom.content import first, tag, values
from dicom.services.workitems import WorkItem
from dicom.ups.terms import STATIONS
from gateway.room import Agenda, Neighbours, Principal, shared_with

_CODE = tag("CodeValue")


@dataclass(frozen=True, slots=True)
class SeenItems:
    """Work items as principals see them; `departments` of AE titles, as devices.yaml declares."""

    departments: Mapping[str, frozenset[str]]
    neighbours: Neighbours

    def sees(self, who: Principal, item: WorkItem) -> bool:
        """Whether an item is shown to somebody."""
        if not who.departments:
            return True
        scheduled = (str(first(each, _CODE) or "") for each in values(item.content, STATIONS))
        names = {item.owner, *scheduled} - {""}
        return shared_with(who, {each for name in names for each in self._of(name)})

    def _of(self, name: str) -> Iterable[str]:
        yield from self.departments.get(name, ())
        try:
            yield self.neighbours(Agenda).department(name)
        except LookupError:
            return
