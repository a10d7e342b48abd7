"""A treatment record: one session at a machine, by beams."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tps_bridge.plan import IMAGING, Identity
from tps_bridge.record.channel import RecordedChannel
from tps_bridge.rt import Item

_NO_DOSE = IMAGING | {"VERIFICATION"}
"""Treatment Delivery Types of what gives a patient no dose that counts (PS3.3 C.8.8.21)."""


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


class Verification(StrEnum):
    """How a verification system found the settings (PS3.3 C.8.8.21, Treatment Verification Status).

    OVERRIDDEN: out of range, and somebody set that aside. FAILED: out of range, or a word that the
    standard does not know.
    """

    VERIFIED = "VERIFIED"
    OVERRIDDEN = "VERIFIED_OVR"
    FAILED = "NOT_VERIFIED"
    UNSAID = ""

    @property
    def is_doubtful(self) -> bool:
        """Whether a person has to look."""
        return self in {Verification.OVERRIDDEN, Verification.FAILED}


def worst(several: Iterable[Verification]) -> Verification:
    """That of a record from those of its beams."""
    grave = (Verification.FAILED, Verification.OVERRIDDEN, Verification.UNSAID)
    found = set(several) or {Verification.UNSAID}
    return next((each for each in grave if each in found), Verification.VERIFIED)


@dataclass(frozen=True, slots=True)
class DeliveredBeam:
    """One beam, or one part of an interrupted one; of brachytherapy an application setup.

    `specified` and `delivered` are metersets in `unit`, as `PlannedBeam` has it; nothing where the
    record names none. `at` is when it began by the machine's clock, YYYYMMDDHHMMSS, or nothing.
    `unclear` says what of it contradicts itself. `overrides` names what was overridden at the
    machine.
    """

    number: int | None
    name: str
    delivery: str
    fraction: int | None
    termination: str
    specified: float | None
    delivered: float | None
    segment: Segment | None
    unit: str = ""
    at: str = ""
    doses: tuple[DoseGiven, ...] = ()
    overrides: tuple[str, ...] = ()
    unclear: str = ""
    verification: Verification = Verification.UNSAID
    channels: tuple[RecordedChannel, ...] = ()

    @property
    def is_treatment(self) -> bool:
        """Whether it may have given dose that counts: a word that nobody knows may say so."""
        return self.delivery not in _NO_DOSE


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
