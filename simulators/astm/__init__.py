"""Analyzers that speak ASTM, as strangers: they know the wire, and nothing of Isogate."""

from simulators.astm.analyzer import Analyzer, astm_analyzer
from simulators.astm.faults import Fault, Kind
from simulators.astm.hospital import AstmHospital, astm_hospital
from simulators.astm.message import Sample, chemistry_message
from simulators.astm.places import PtyPlace, TcpClientPlace, TcpServerPlace

__all__ = [
    "Analyzer",
    "AstmHospital",
    "Fault",
    "Kind",
    "PtyPlace",
    "Sample",
    "TcpClientPlace",
    "TcpServerPlace",
    "astm_analyzer",
    "astm_hospital",
    "chemistry_message",
]
