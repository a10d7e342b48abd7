"""The plug for larger parts of the gateway, and the rules of who may do what."""

from gateway.room.about import about
from gateway.room.access import (
    ACTION_SYSTEM,
    NOBODY,
    OWNER,
    Access,
    Permission,
    Principal,
    Rule,
    access,
    declared,
    is_endless,
    is_streamed,
    largest_body,
    principal,
    rule_of,
    set_principal,
)
from gateway.room.agenda import Agenda, Appointment, Diary, Gate, Order, Station
from gateway.room.audit import Auditor, Outcome
from gateway.room.check import ChecksSite, Mistake
from gateway.room.form import Entered, Fault, Field, Form
from gateway.room.in_sight import InSight
from gateway.room.keeper import Keeper, Named, Source
from gateway.room.notice import Notice, notice_of, read_notice
from gateway.room.page import Area, Attention, Entry, Glance, Hit, Level, PageKit, Reader, Tile
from gateway.room.paper import Paper, Papers, no_papers
from gateway.room.people import Patient, PatientKey, People
from gateway.room.piece import Change, Chart, Graph, Limit, Line, Spot, Step, Trace, changes
from gateway.room.ports import Deliveries, Delivery, Fate, RoomPorts
from gateway.room.room import (
    ENTRY_POINT_GROUP,
    OPTIONAL_ENTRY_POINT_GROUP,
    CallsOut,
    EndsStreams,
    Movable,
    Neighbours,
    OpensPorts,
    Room,
    RoomContext,
    Running,
    Site,
)
from gateway.room.sight import Sight, shared_with, visible
from gateway.room.steady import roused, steadily
from gateway.room.subscriber import Emit, Subscriber
from gateway.room.table import Asked, Choice, Column, Search, Sheet, Table
from gateway.room.tables import RoomTables, TableSet
from gateway.room.telling import AUDIT_SYSTEM, NOTED_SYSTEM, Telling, deeds, joined, tells
from gateway.room.timetable import last_due, next_due
from gateway.room.values import Values
from gateway.room.words import texts
from gateway.room.workdays import WorkDays
from gateway.seal import Keyring, Progress, Sealer, StreamSealer, open_stream

__all__ = [
    "ACTION_SYSTEM",
    "AUDIT_SYSTEM",
    "ENTRY_POINT_GROUP",
    "NOBODY",
    "NOTED_SYSTEM",
    "OPTIONAL_ENTRY_POINT_GROUP",
    "OWNER",
    "Access",
    "Agenda",
    "Appointment",
    "Area",
    "Asked",
    "Attention",
    "Auditor",
    "CallsOut",
    "Change",
    "Chart",
    "ChecksSite",
    "Choice",
    "Column",
    "Deliveries",
    "Delivery",
    "Diary",
    "Emit",
    "EndsStreams",
    "Entered",
    "Entry",
    "Fate",
    "Fault",
    "Field",
    "Form",
    "Gate",
    "Glance",
    "Graph",
    "Hit",
    "InSight",
    "Keeper",
    "Keyring",
    "Level",
    "Limit",
    "Line",
    "Mistake",
    "Movable",
    "Named",
    "Neighbours",
    "Notice",
    "OpensPorts",
    "Order",
    "Outcome",
    "PageKit",
    "Paper",
    "Papers",
    "Patient",
    "PatientKey",
    "People",
    "Permission",
    "Principal",
    "Progress",
    "Reader",
    "Room",
    "RoomContext",
    "RoomPorts",
    "RoomTables",
    "Rule",
    "Running",
    "Sealer",
    "Search",
    "Sheet",
    "Sight",
    "Site",
    "Source",
    "Spot",
    "Station",
    "Step",
    "StreamSealer",
    "Subscriber",
    "Table",
    "TableSet",
    "Telling",
    "Tile",
    "Trace",
    "Values",
    "WorkDays",
    "about",
    "access",
    "changes",
    "declared",
    "deeds",
    "is_endless",
    "is_streamed",
    "joined",
    "largest_body",
    "last_due",
    "next_due",
    "no_papers",
    "notice_of",
    "open_stream",
    "principal",
    "read_notice",
    "roused",
    "rule_of",
    "set_principal",
    "shared_with",
    "steadily",
    "tells",
    "texts",
    "visible",
]
