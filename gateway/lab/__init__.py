"""The laboratory: results by sample, folded from the event stream."""

from gateway.lab.desk import LabDesk
from gateway.lab.flag import FlagLevel, level_of
from gateway.lab.result import Counts, Other, Result, ResultFilter, SampleResult
from gateway.lab.room import room

__all__ = [
    "Counts",
    "FlagLevel",
    "LabDesk",
    "Other",
    "Result",
    "ResultFilter",
    "SampleResult",
    "level_of",
    "room",
]
