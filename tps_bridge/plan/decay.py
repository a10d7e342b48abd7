"""How long a planned time takes on another day: a source decays, and is exchanged. Pure.

The times of a plan hold for a source as strong as the plan says (PS3.3 C.8.8.15: Total Reference
Air Kerma is the sum of air kerma rate times channel time). Planning systems write them for the
reference date of the source or for the day of the treatment, so both are plausible, and what lies
between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from tps_bridge.plan.brachy import Source

APART = 0.02
"""How far a factor may be from the source's: the hour, the half-life, another calibration."""
MOST = 3.0
"""The greatest factor, and one over it the least: no source is kept beyond a third of its strength.

It is all that is asked where plan or day don't tell the source's decay.
"""
TIMER = 0.05
"""Seconds by which a dwell may be rounded: afterloaders count tenths of a second."""
ROUNDED = 0.01
"""Of a channel's time, what rounding elsewhere may cost."""
LEAST = 0.1
"""Seconds of a channel that nobody asks for."""

_DAY = 8
"""Digits of a day without a time."""
_DAY_SECONDS = 86_400.0
_ELEMENTS = MappingProxyType(
    {
        "AU": "Au",
        "CAESIUM": "Cs",
        "CESIUM": "Cs",
        "CO": "Co",
        "COBALT": "Co",
        "CS": "Cs",
        "GOLD": "Au",
        "I": "I",
        "IODINE": "I",
        "IR": "Ir",
        "IRIDIUM": "Ir",
        "PALLADIUM": "Pd",
        "PD": "Pd",
        "RA": "Ra",
        "RADIUM": "Ra",
        "RU": "Ru",
        "RUTHENIUM": "Ru",
        "SR": "Sr",
        "STRONTIUM": "Sr",
        "YB": "Yb",
        "YTTERBIUM": "Yb",
    }
)
_NAMES = "|".join(sorted(_ELEMENTS, key=len, reverse=True))
_WRITTEN = re.compile(
    rf"(?<![A-Z0-9])(?:({_NAMES})[-_ ^]*(\d{{2,3}})|(\d{{2,3}})[-_ ^]*({_NAMES}))(?![A-Z0-9])"
)


@dataclass(frozen=True, slots=True)
class Factors:
    """What specified over planned time may be.

    `reference` is where the plan's times hold for its source at the reference date. `exact` is
    whether the objects tell it; else these are the bounds of `MOST`.
    """

    least: float
    most: float
    reference: float
    exact: bool

    def fits(self, factor: float) -> bool:
        """Whether a factor can be so; never beyond `MOST`."""
        slack = APART if self.exact else 0.0
        least, most = self.least * (1 - slack), self.most * (1 + slack)
        return max(least, 1 / MOST) <= factor <= min(most, MOST)


def isotope(name: str) -> str:
    """Ir-192 of `IR192`, `192-Ir` and `Iridium-192`; else the name as it is written."""
    found = set()
    for match in _WRITTEN.finditer(name.upper()):
        before, mass, first, after = match.groups()
        found.add(f"{_ELEMENTS[before or after]}-{mass or first}")
    return found.pop() if len(found) == 1 else name.strip()


def factors(planned: Source | None, used: Source | None, at: str) -> Factors:
    """What may be specified at `at` for one second that is planned.

    `used` is the source that the record tells; without its strength it is the plan's, decayed.
    """
    now = _moment(at)
    before = _strength(planned, _moment(planned.since)) if planned else None
    decayed = _strength(planned, now) if planned else None
    there = _strength(used, now) if used and planned and used.unit == planned.unit else None
    there = decayed if there is None else there
    if before is None or decayed is None or there is None:
        return Factors(1 / MOST, MOST, 1.0, exact=False)
    reference, today = before / there, decayed / there
    return Factors(min(reference, today), max(reference, today), reference, exact=True)


def is_other(planned: Source | None, used: Source | None) -> bool:
    """Whether both name an isotope, and not the same."""
    one, other = planned.isotope if planned else "", used.isotope if used else ""
    return bool(one and other) and isotope(one) != isotope(other)


def common(pairs: Iterable[tuple[float, float]]) -> float | None:
    """Specified over planned time of several channels together."""
    several = list(pairs)
    planned = sum(one for one, _ in several)
    return sum(other for _, other in several) / planned if planned else None


def slack(time: float, stops: int) -> float:
    """Seconds by which the specified time of a channel may be off, with so many dwells."""
    return max(LEAST, ROUNDED * time, TIMER * stops)


def _strength(source: Source | None, when: datetime | None) -> float | None:
    since = _moment(source.since) if source else None
    if not source or not source.strength or not source.half_life or not when or not since:
        return None
    days = (when - since).total_seconds() / _DAY_SECONDS
    try:
        return float(source.strength * 2.0 ** (-days / source.half_life)) or None
    except OverflowError:
        return None


def _moment(text: str) -> datetime | None:
    """By the clock of who wrote it; a day alone is its noon."""
    told = f"{text}120000" if len(text) == _DAY else text
    try:
        return datetime.strptime(told, "%Y%m%d%H%M%S")  # noqa: DTZ007 - DICOM times have no zone
    except ValueError:
        return None
