"""Profiles: what one model of device says and what it means, as data."""

from gateway.profile.alarm import (
    AlarmLimit,
    AlarmRule,
    AlarmStale,
    AlarmState,
    Off,
    PointAlarms,
    Priority,
    Severity,
)
from gateway.profile.analyzer import LOINC, NO_UNIT, Analyte, AnalyzerProfile
from gateway.profile.clock_time import ClockTime
from gateway.profile.duration import Seconds
from gateway.profile.hospital import AppointmentWords, OrderWords, PersonWords
from gateway.profile.loinc import is_loinc
from gateway.profile.model import POINT_SYSTEM, Grade, Point, Profile
from gateway.profile.ucum import UnknownUnit, dimension
from gateway.profile.ucum_tables import COMMON as COMMON_UNITS
from gateway.profile.vocabulary import Term, point_name, vocabulary

__all__ = [
    "COMMON_UNITS",
    "LOINC",
    "NO_UNIT",
    "POINT_SYSTEM",
    "AlarmLimit",
    "AlarmRule",
    "AlarmStale",
    "AlarmState",
    "Analyte",
    "AnalyzerProfile",
    "AppointmentWords",
    "ClockTime",
    "Grade",
    "Off",
    "OrderWords",
    "PersonWords",
    "Point",
    "PointAlarms",
    "Priority",
    "Profile",
    "Seconds",
    "Severity",
    "Term",
    "UnknownUnit",
    "dimension",
    "is_loinc",
    "point_name",
    "vocabulary",
]
