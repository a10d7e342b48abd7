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
from gateway.profile.analyzer import LOINC, Analyte, AnalyzerProfile
from gateway.profile.duration import Seconds
from gateway.profile.model import POINT_SYSTEM, Grade, Point, Profile
from gateway.profile.ucum import UnknownUnit, dimension
from gateway.profile.vocabulary import Term, point_name, vocabulary

__all__ = [
    "LOINC",
    "POINT_SYSTEM",
    "AlarmLimit",
    "AlarmRule",
    "AlarmStale",
    "AlarmState",
    "Analyte",
    "AnalyzerProfile",
    "Grade",
    "Off",
    "Point",
    "PointAlarms",
    "Priority",
    "Profile",
    "Seconds",
    "Severity",
    "Term",
    "UnknownUnit",
    "dimension",
    "point_name",
    "vocabulary",
]
