"""What a principal is shown of devices and events: the one place that decides it.

An account may be limited to departments, and then sees only devices of these; a device without a
department, or one that is no longer configured, is nobody's and shown to the unlimited alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from gateway.driver import DeviceEntry
from gateway.model import DeviceEvent, Kind
from gateway.room.access import Permission, Principal

_OPENS = {
    Kind.MEASUREMENT: Permission.READ_SITE,
    Kind.STATE: Permission.READ_SITE,
    Kind.AVAILABILITY: Permission.READ_SITE,
    Kind.SYSTEM: Permission.READ_SITE,
    Kind.RESULT: Permission.READ_RESULTS,
    Kind.OBJECT: Permission.READ_IMAGES,
    Kind.SESSION: Permission.READ_SCHEDULE,
    Kind.ALARM: Permission.READ_ALARMS,
    Kind.ACTION: Permission.READ_EVENTS,
    Kind.PATIENT: Permission.READ_PATIENTS,
    Kind.APPOINTMENT: Permission.READ_SCHEDULE,
    Kind.ORDER: Permission.READ_SCHEDULE,
}
_IDENTIFYING = frozenset(kind for kind, needs in _OPENS.items() if needs.reveals_patients) - {
    Kind.ACTION
}
"""Kinds that are about a patient or a sample anyway; the others may be, now and then."""


def permission_for(event: DeviceEvent) -> Permission:
    """What one must be allowed in order to see an event."""
    if event.subject is not None and event.kind not in _IDENTIFYING:
        return Permission.READ_PATIENTS
    return _OPENS[event.kind]


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees. Equal for all who see the same, so it can be a key."""

    opened: frozenset[Permission]
    departments: frozenset[str]

    @classmethod
    def of(cls, who: Principal) -> Sight:
        return _sight(who.permissions, who.departments)

    @property
    def reveals_patients(self) -> bool:
        """Whether events that are seen may identify a patient."""
        return any(permission.reveals_patients for permission in self.opened)

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden from it: then no event need be looked at."""
        return not self.departments and self.opened >= _EVERY

    def device(self, entry: DeviceEntry | None) -> bool:
        """Whether a device is seen; None stands for one that is not configured."""
        return self.department(entry.department if entry is not None else "")

    def department(self, department: str) -> bool:
        return not self.departments or department in self.departments

    def event(self, event: DeviceEvent, entry: DeviceEntry | None) -> bool:
        """Whether an event is seen; `entry` is that of its device."""
        return permission_for(event) in self.opened and self.device(entry)


_EVERY = frozenset({*_OPENS.values(), Permission.READ_PATIENTS})


@lru_cache(maxsize=1024)
def _sight(permissions: frozenset[Permission], departments: frozenset[str]) -> Sight:
    """One object for all who see the same: thousands of streams hold theirs."""
    return Sight(permissions & _EVERY, departments)


def shared_with(who: Principal, departments: Collection[str]) -> bool:
    """Whether a thing of some departments is shown: if one is theirs, and to all if it is of none.

    For rooms whose things are nobody's until the site says otherwise: studies, plans, queues.
    """
    named = frozenset(filter(None, departments))
    return not who.departments or not named or not named.isdisjoint(who.departments)


def visible(who: Principal, device: DeviceEntry | None) -> bool:
    """Whether a device, its values, results and messages are shown to `who`."""
    return bool(who.permissions) and Sight.of(who).device(device)
