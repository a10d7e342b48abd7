"""Which appointments and orders somebody sees who is limited to departments.

An appointment is of the department of its machine or room; where that has none, of the device that
it came from. An order is of the device that it came from. What is of no department is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.driver import LinkEntry
from gateway.room import Appointment, InSight, Order, Principal
from gateway.schedule.problem import Problem
from gateway.schedule.resources import Resource, Resources


@dataclass(frozen=True, slots=True)
class SeenSchedule:
    """The schedule as one principal sees it."""

    in_sight: InSight
    resources: Resources

    @classmethod
    def of(cls, who: Principal, links: Sequence[LinkEntry], resources: Resources) -> SeenSchedule:
        return cls(InSight.of(who, links), resources)

    def appointment(self, each: Appointment) -> bool:
        """Whether an appointment is seen."""
        resource = self.resources.get(each.resource)
        if resource is not None and resource.department:
            return self.in_sight.department(resource.department)
        return self.in_sight.device(each.source)

    def places(self) -> list[Resource]:
        """Machines and rooms whose appointments are seen, whoever makes them."""
        return [each for each in self.resources if self.in_sight.department(each.department)]

    def appointments(self, found: Iterable[Appointment]) -> list[Appointment]:
        return [each for each in found if self.appointment(each)]

    def orders(self, found: Iterable[Order]) -> list[Order]:
        return [each for each in found if self.in_sight.device(each.source)]

    def problems(self, found: Iterable[Problem]) -> list[Problem]:
        return [each for each in found if self.appointment(each.appointment)]
