"""Tables that others may read: a laboratory's results, and an analyzer's computer."""

from simulators.sqlpoll.laboratory import MYSQL, POSTGRESQL, SQLITE, Laboratory, Style
from simulators.sqlpoll.urine import URINE_FAULTS, UrineComputer, urine_computer

__all__ = [
    "MYSQL",
    "POSTGRESQL",
    "SQLITE",
    "URINE_FAULTS",
    "Laboratory",
    "Style",
    "UrineComputer",
    "urine_computer",
]
