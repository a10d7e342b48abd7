"""Sources of rows that others write: read in the order of a time and a key, each row once."""

from gateway.rows.check import check_rows
from gateway.rows.follow import RowSource, follow
from gateway.rows.handed import Handed, handed_over
from gateway.rows.meaning import fetched
from gateway.rows.page import interpret_page
from gateway.rows.profile import RowColumns, RowDevice, RowProfile
from gateway.rows.row import Fetched, Key, Position, Refused, Row
from gateway.rows.times import TimeForm, parse_wall, write_wall

__all__ = [
    "Fetched",
    "Handed",
    "Key",
    "Position",
    "Refused",
    "Row",
    "RowColumns",
    "RowDevice",
    "RowProfile",
    "RowSource",
    "TimeForm",
    "check_rows",
    "fetched",
    "follow",
    "handed_over",
    "interpret_page",
    "parse_wall",
    "write_wall",
]
