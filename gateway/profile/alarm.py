"""When a point's value is an alarm, and what that means to people: data of a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.model import Kind, Localized
from gateway.profile.duration import Seconds


class Priority(StrEnum):
    """How soon a person must act (ISA-18.2, rationalisation)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """LOW is 0."""
        return list(Priority).index(self)


class Severity(StrEnum):
    """What happens if nobody acts.

    MINOR: a nuisance or a small cost. MAJOR: treatments stop or a device is damaged. SEVERE:
    people may be harmed.
    """

    MINOR = "minor"
    MAJOR = "major"
    SEVERE = "severe"


_BY_TIME: tuple[tuple[float, Mapping[Severity, Priority]], ...] = (
    (
        180,
        {
            Severity.MINOR: Priority.MEDIUM,
            Severity.MAJOR: Priority.HIGH,
            Severity.SEVERE: Priority.CRITICAL,
        },
    ),
    (
        900,
        {
            Severity.MINOR: Priority.LOW,
            Severity.MAJOR: Priority.HIGH,
            Severity.SEVERE: Priority.CRITICAL,
        },
    ),
    (
        3600,
        {
            Severity.MINOR: Priority.LOW,
            Severity.MAJOR: Priority.MEDIUM,
            Severity.SEVERE: Priority.HIGH,
        },
    ),
)
_LATER = {
    Severity.MINOR: Priority.LOW,
    Severity.MAJOR: Priority.LOW,
    Severity.SEVERE: Priority.MEDIUM,
}


def priority_of(severity: Severity, respond: float) -> Priority:
    """The priority of a consequence that is met if nobody acts within `respond` seconds."""
    for limit, priorities in _BY_TIME:
        if respond <= limit:
            return priorities[severity]
    return _LATER[severity]


class AlarmRule(BaseModel):
    """What every alarm says of itself.

    `priority` follows from `severity` and `respond` (the time a person has) unless it is given.
    `on_delay` is how long the condition must hold before anybody is told, `off_delay` how long it
    must be gone. A `latch`ing alarm stays until a person resets it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    severity: Severity = Severity.MAJOR
    respond: Seconds = Field(default=1800, description="time in which a person must have acted")
    priority: Priority | None = Field(default=None, description="left out: severity and respond")
    on_delay: Seconds = 0
    off_delay: Seconds = 0
    latch: bool = False
    name: Localized = Field(default="", description="what is wrong, in a few words")
    consequence: Localized = Field(default="", description="what happens if nobody acts")
    advice: Localized = Field(default="", description="what to do")

    @property
    def rationalised(self) -> Priority:
        """The priority that counts."""
        return self.priority or priority_of(self.severity, self.respond)


class AlarmLimit(AlarmRule):
    """A value beyond `limit`; it is back when it is `deadband` on the other side. In its unit."""

    limit: float
    deadband: float = Field(default=0.0, ge=0)


class AlarmState(AlarmRule):
    """A state that is an alarm."""


class AlarmStale(AlarmRule):
    """No good value for `after`."""

    after: Seconds = Field(gt=0)


_WATCHED = frozenset({Kind.MEASUREMENT, Kind.STATE})
"""Kinds of points that a device always has one value of, so that it can be an alarm."""

_NO_ALARM_OF_RESULT = (
    "a result is of one sample and not the state of a device, so it can't be an alarm: say in"
    " `flags` which of the analyzer's own flags are critical (`HH`, `LL`, `AA`), critical values"
    " have a list of their own; `silent_after` is for an analyzer that falls silent"
)
LIMITS = ("high_high", "high", "low", "low_low")


class PointAlarms(BaseModel):
    """The alarms of one point: limits of a measurement, words of a state, staleness."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    high_high: AlarmLimit | None = None
    high: AlarmLimit | None = None
    low: AlarmLimit | None = None
    low_low: AlarmLimit | None = None
    states: Mapping[str, AlarmState] = Field(
        default_factory=dict, description="by the word of the state"
    )
    stale: AlarmStale | None = None

    @property
    def limits(self) -> Mapping[str, AlarmLimit]:
        """Those that are set, from the highest to the lowest."""
        every = ((name, getattr(self, name)) for name in LIMITS)
        return {name: limit for name, limit in every if limit is not None}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        limits = [(name, each.limit) for name, each in self.limits.items()]
        for (upper, above), (lower, below) in pairwise(limits):
            if not above > below:
                raise ValueError(f"{lower}: {below:g} must lie below {upper} ({above:g})")
        return self

    def faults(self, kind: Kind, words: frozenset[str]) -> Iterator[str]:
        """What can't be an alarm of a point of this `kind`, which has the state `words`."""
        if kind not in _WATCHED:
            yield from self._unwatched(kind)
            return
        for name in self.limits:
            if kind is not Kind.MEASUREMENT:
                yield f"{name}: only a measurement has limits"
        for word in self.states:
            if word not in words:
                known = ", ".join(sorted(words)) or "none"
                yield f"states: the point has no state '{word}'; it has {known}"

    def _unwatched(self, kind: Kind) -> Iterator[str]:
        why = f"only a measurement or a state has alarms, not kind `{kind}`"
        why = _NO_ALARM_OF_RESULT if kind is Kind.RESULT else why
        for name in (*self.limits, *(("states",) if self.states else ())):
            yield f"{name}: {why}"
        if self.stale is not None:
            yield f"stale: {why}"


Off: TypeAlias = Literal["off", False]
"""How a site turns an alarm off; YAML reads a bare `off` as a truth value."""
