"""A treatment record: one session at a machine, by beams."""

from __future__ import annotations

from dataclasses import dataclass

from tps_bridge.plan import Identity
from tps_bridge.rt import Item


@dataclass(frozen=True, slots=True)
class Segment:
    """The stretch of a beam that ran, in its meterset (PS3.3 C.8.8.21.2.2).

    `start` is None where the record doesn't tell where a continuation began.
    """

    start: float | None
    end: float


@dataclass(frozen=True, slots=True)
class DoseGiven:
    """A dose in Gy that the record itself gives for a dose reference of the plan."""

    reference: int
    dose: float


@dataclass(frozen=True, slots=True)
class DeliveredBeam:
    """One beam, or one part of an interrupted one; of brachytherapy an application setup.

    `specified` and `delivered` are metersets in MU (brachytherapy: seconds). `at` is when it began
    by the machine's clock, YYYYMMDDHHMMSS, or nothing. `unclear` says what of it contradicts
    itself. `overrides` names what was overridden at the machine.
    """

    number: int | None
    name: str
    delivery: str
    fraction: int | None
    termination: str
    specified: float | None
    delivered: float | None
    segment: Segment | None
    at: str = ""
    doses: tuple[DoseGiven, ...] = ()
    overrides: tuple[str, ...] = ()
    unclear: str = ""

    @property
    def is_treatment(self) -> bool:
        """Whether it gave dose that counts: neither setup nor portal images (PS3.3 C.8.8.21)."""
        return self.delivery in ("TREATMENT", "CONTINUATION", "")


@dataclass(frozen=True, slots=True)
class Record:
    """`plan` is the UID of the one plan that it names, or nothing; `tree` the expanded object."""

    uid: str
    sop_class: str
    identity: Identity
    plan: str
    group: int | None
    day: str
    machine: str
    serial: str
    beams: tuple[DeliveredBeam, ...]
    tree: Item
