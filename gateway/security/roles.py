"""The roles of persons, and what each may do. docs/reference/access.md is made from this table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from gateway.room import Fault, Permission


class Role(StrEnum):
    """What a person does at the site. ADMINISTRATOR, AUDITOR and the rest are different persons'.

    Who gives rights, who checks what was done with them, and who works with them must not be one
    person (separation of duties, GB/T 22239-2019 8.1.5.1-8.1.5.3).
    """

    THERAPIST = "therapist"
    PHYSICIST = "physicist"
    ONCOLOGIST = "oncologist"
    LABORATORY = "laboratory"
    FACILITIES = "facilities"
    ENGINEER = "engineer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


OPERATORS = frozenset(Role) - {Role.AUDITOR, Role.ADMINISTRATOR}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.THERAPIST: frozenset(
        {
            Permission.READ_SITE,
            Permission.READ_PATIENTS,
            Permission.WRITE_PATIENTS,
            Permission.READ_SCHEDULE,
            Permission.WRITE_SCHEDULE,
            Permission.CALL_PATIENTS,
            Permission.CHECK_IN,
            Permission.WATCH_DISPLAYS,
            Permission.READ_ALARMS,
            Permission.ACKNOWLEDGE_ALARMS,
            Permission.READ_IMAGES,
            Permission.READ_PLANS,
            Permission.NOTE_FRACTIONS,
        }
    ),
    Role.PHYSICIST: frozenset(
        {
            Permission.READ_SITE,
            Permission.READ_EVENTS,
            Permission.READ_PATIENTS,
            Permission.READ_SCHEDULE,
            Permission.READ_ALARMS,
            Permission.ACKNOWLEDGE_ALARMS,
            Permission.READ_IMAGES,
            Permission.SEND_IMAGES,
            Permission.STORE_IMAGES,
            Permission.READ_PLANS,
            Permission.NOTE_FRACTIONS,
            Permission.APPROVE_PLANS,
            Permission.OVERRIDE_BLOCKS,
        }
    ),
    Role.ONCOLOGIST: frozenset(
        {
            Permission.READ_SITE,
            Permission.READ_RESULTS,
            Permission.READ_PATIENTS,
            Permission.WRITE_PATIENTS,
            Permission.READ_SCHEDULE,
            Permission.WRITE_SCHEDULE,
            Permission.CALL_PATIENTS,
            Permission.CHECK_IN,
            Permission.WATCH_DISPLAYS,
            Permission.READ_ALARMS,
            Permission.READ_IMAGES,
            Permission.SEND_IMAGES,
            Permission.READ_PLANS,
            Permission.NOTE_FRACTIONS,
            Permission.APPROVE_PLANS,
            Permission.OVERRIDE_BLOCKS,
        }
    ),
    Role.LABORATORY: frozenset(
        {
            Permission.READ_SITE,
            Permission.READ_EVENTS,
            Permission.READ_WIRE,
            Permission.READ_QUARANTINE,
            Permission.RESOLVE_QUARANTINE,
            Permission.READ_RESULTS,
            Permission.REPORT_RESULTS,
            Permission.READ_PATIENTS,
            Permission.READ_ALARMS,
            Permission.ACKNOWLEDGE_ALARMS,
        }
    ),
    Role.FACILITIES: frozenset(
        {
            Permission.READ_SITE,
            Permission.WATCH_DISPLAYS,
            Permission.READ_ALARMS,
            Permission.ACKNOWLEDGE_ALARMS,
            Permission.SHELVE_ALARMS,
            Permission.READ_METRICS,
        }
    ),
    Role.ENGINEER: frozenset(
        {
            Permission.READ_SITE,
            Permission.WATCH_DISPLAYS,
            Permission.READ_EVENTS,
            Permission.READ_WIRE,
            Permission.READ_QUARANTINE,
            Permission.RESOLVE_QUARANTINE,
            Permission.READ_RESULTS,
            Permission.READ_PATIENTS,
            Permission.READ_SCHEDULE,
            Permission.READ_ALARMS,
            Permission.ACKNOWLEDGE_ALARMS,
            Permission.SHELVE_ALARMS,
            Permission.READ_IMAGES,
            Permission.READ_SETTINGS,
            Permission.CONFIGURE,
            Permission.READ_METRICS,
        }
    ),
    Role.AUDITOR: frozenset(
        {Permission.READ_SITE, Permission.READ_AUDIT, Permission.READ_SETTINGS}
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.READ_SITE,
            Permission.READ_SETTINGS,
            Permission.MANAGE_ACCOUNTS,
            Permission.MANAGE_TOKENS,
            Permission.RUN_BACKUP,
            Permission.READ_METRICS,
        }
    ),
}


WORDS: Mapping[Permission, str] = {
    Permission.READ_SITE: "see devices and their values",
    Permission.READ_EVENTS: "read the log of events",
    Permission.READ_WIRE: "see messages and their bytes",
    Permission.READ_QUARANTINE: "see what was not understood",
    Permission.RESOLVE_QUARANTINE: "have it read again",
    Permission.READ_RESULTS: "see laboratory results",
    Permission.REPORT_RESULTS: "note who was told of a critical value",
    Permission.READ_PATIENTS: "see patients",
    Permission.WRITE_PATIENTS: "change patients",
    Permission.READ_SCHEDULE: "see the schedule",
    Permission.WRITE_SCHEDULE: "change the schedule",
    Permission.CALL_PATIENTS: "call patients",
    Permission.CHECK_IN: "check patients in",
    Permission.WATCH_DISPLAYS: "show a display",
    Permission.READ_ALARMS: "see alarms",
    Permission.ACKNOWLEDGE_ALARMS: "acknowledge alarms",
    Permission.SHELVE_ALARMS: "shelve alarms",
    Permission.READ_IMAGES: "see images and plans",
    Permission.SEND_IMAGES: "send images and plans",
    Permission.STORE_IMAGES: "store images and plans through DICOMweb",
    Permission.READ_PLANS: "see plans and fractions",
    Permission.NOTE_FRACTIONS: "note missed fractions",
    Permission.APPROVE_PLANS: "approve and retire plans",
    Permission.OVERRIDE_BLOCKS: "set blocks aside",
    Permission.READ_SETTINGS: "see settings",
    Permission.CONFIGURE: "change the configuration",
    Permission.MANAGE_ACCOUNTS: "manage accounts",
    Permission.MANAGE_TOKENS: "manage tokens",
    Permission.RUN_BACKUP: "make backups",
    Permission.READ_AUDIT: "read the audit",
    Permission.READ_METRICS: "read metrics",
}
"""What a permission allows: a closed set of words."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What somebody with these roles may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def conflict(roles: frozenset[Role]) -> Fault | None:
    """Why one account can't have all of these roles, or None if it can."""
    if {Role.AUDITOR, Role.ADMINISTRATOR} <= roles:
        return Fault(
            "An auditor checks what administrators do: give the two roles to different persons."
        )
    if Role.AUDITOR in roles and roles & OPERATORS:
        return Fault(
            "An auditor checks what others do here, and does none of it: use another account."
        )
    if Role.ADMINISTRATOR in roles and roles & OPERATORS:
        return Fault(
            "Who gives rights does not work with them: use another account for the other roles."
        )
    return None
