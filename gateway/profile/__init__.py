"""Profiles: what one model of device says and what it means, as data."""

from gateway.profile.analyzer import LOINC, Analyte, AnalyzerProfile
from gateway.profile.model import POINT_SYSTEM, Grade, Point, Profile
from gateway.profile.ucum import UnknownUnit, dimension
from gateway.profile.vocabulary import Term, point_name, vocabulary

__all__ = [
    "LOINC",
    "POINT_SYSTEM",
    "Analyte",
    "AnalyzerProfile",
    "Grade",
    "Point",
    "Profile",
    "Term",
    "UnknownUnit",
    "dimension",
    "point_name",
    "vocabulary",
]
