"""How the store is, in terms an operator can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model import Instant


class StoreHealth(StrEnum):
    """OK and NEARLY_FULL acknowledge; FAILED withholds every acknowledgement."""

    OK = "ok"
    NEARLY_FULL = "nearly-full"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StoreState:
    """The health, why, and since when. It returns to OK by itself when the cause is gone."""

    health: StoreHealth
    since: Instant
    reason: str = ""
