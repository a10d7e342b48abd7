"""What the profile and the entry of one analyzer say, made ready for reading its messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from drivers.astm.profile import AstmDevice, AstmProfile, Place
from gateway import DeviceEntry, Status

_STATUSES = {
    "": Status.FINAL,
    "F": Status.FINAL,
    "V": Status.FINAL,
    "R": Status.FINAL,
    "M": Status.FINAL,
    "Q": Status.FINAL,
    "C": Status.CORRECTED,
    "P": Status.PRELIMINARY,
    "S": Status.PRELIMINARY,
    "I": Status.PRELIMINARY,
    "W": Status.PRELIMINARY,
    "X": Status.CANCELLED,
}
"""LIS2-A2 9.9. A word that it doesn't know is preliminary: a person sees it, nobody acts on it."""

REPORTS = {
    "F": Status.FINAL,
    "C": Status.CORRECTED,
    "P": Status.PRELIMINARY,
    "I": Status.PRELIMINARY,
    "X": Status.CANCELLED,
}
"""LIS2-A2 8.4.26: report types of an order that say something of its results."""

SENT_BEFORE = "R"
"""LIS2-A2 9.9: this result was previously transmitted."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How one analyzer's messages are read. `plain_value`: its results stand whole in R-4.

    `by_order`: an order's report type (O-26) counts where R-9 is empty, since the profile does not
    say what that means.
    """

    entry: DeviceEntry
    profile: AstmProfile
    charset: str
    issuer: str
    zone: ZoneInfo
    statuses: Mapping[str, Status]
    by_order: bool
    code: tuple[Place, ...]
    value: tuple[Place, ...]
    specimen: Place
    patient: Place
    order: Place | None
    plain_value: bool

    @classmethod
    def of(cls, entry: DeviceEntry) -> Rules:
        """The rules of a device of this driver; TypeError for another one's."""
        profile, options = entry.profile, entry.options
        if not isinstance(profile, AstmProfile) or not isinstance(options, AstmDevice):
            raise TypeError(f"{entry.id}: not a device of the astm driver")
        value = tuple(map(Place.of, profile.value_at))
        return cls(
            entry=entry,
            profile=profile,
            charset=options.charset or profile.charset,
            issuer=options.patient_issuer,
            zone=_zone(profile.zone or entry.zone),
            statuses={**_STATUSES, **profile.statuses},
            by_order="" not in profile.statuses,
            code=tuple(map(Place.of, profile.code_at)),
            value=value,
            specimen=Place.of(profile.specimen_at),
            patient=Place.of(profile.patient_at),
            order=Place.of(profile.order_at) if profile.order_at else None,
            plain_value=value == (Place("R", 4, 0),),
        )


@lru_cache(maxsize=32)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
