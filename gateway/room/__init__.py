"""The plug for larger parts of the gateway, and the rules of who may do what."""

from gateway.room.access import (
    ACTION_SYSTEM,
    NOBODY,
    OWNER,
    Access,
    Permission,
    Principal,
    Rule,
    access,
    principal,
    rule_of,
    with_principal,
)
from gateway.room.audit import Auditor, Outcome
from gateway.room.page import Attention, Entry, Glance, Level, PageKit, Reader, Tile
from gateway.room.ports import Deliveries, Delivery, RoomPorts
from gateway.room.room import (
    ENTRY_POINT_GROUP,
    CallsOut,
    Neighbours,
    OpensPorts,
    Room,
    RoomContext,
    Running,
    Site,
)
from gateway.room.subscriber import Emit, Subscriber
from gateway.room.values import Values

__all__ = [
    "ACTION_SYSTEM",
    "ENTRY_POINT_GROUP",
    "NOBODY",
    "OWNER",
    "Access",
    "Attention",
    "Auditor",
    "CallsOut",
    "Deliveries",
    "Delivery",
    "Emit",
    "Entry",
    "Glance",
    "Level",
    "Neighbours",
    "OpensPorts",
    "Outcome",
    "PageKit",
    "Permission",
    "Principal",
    "Reader",
    "Room",
    "RoomContext",
    "RoomPorts",
    "Rule",
    "Running",
    "Site",
    "Subscriber",
    "Tile",
    "Values",
    "access",
    "principal",
    "rule_of",
    "with_principal",
]
