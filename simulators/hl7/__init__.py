"""Devices that speak HL7 v2 over MLLP, as strangers would build them."""

from simulators.hl7.analyzer import FAULTS, Analyzer, Composer, Role, Sent, hl7_analyzer
from simulators.hl7.hematology import HematologyAnalyzer
from simulators.hl7.office import HospitalOffice

__all__ = [
    "FAULTS",
    "Analyzer",
    "Composer",
    "HematologyAnalyzer",
    "HospitalOffice",
    "Role",
    "Sent",
    "hl7_analyzer",
]
