"""Exit codes of `isogate`; `isogate --help` lists them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a script can tell apart."""

    OK = 0
    NOT_WELL = 1
    WRONG_USE = 2
    NO_GATEWAY = 3
    REFUSED = 4
    BAD_CONFIG = 5


HELP = (
    "Exit codes: 0 done · 1 done, and something is not well · 2 wrong use · "
    "3 no gateway answers there · 4 refused or failed · 5 the configuration is wrong · "
    "130, 143 ended by a second signal"
)
