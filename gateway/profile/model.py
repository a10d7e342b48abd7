"""The part of a profile that every driver shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.model import Kind, Localized, Retention
from gateway.profile.alarm import PointAlarms
from gateway.profile.ucum import dimension
from gateway.profile.vocabulary import vocabulary

POINT_SYSTEM = "urn:isogate:point"
"""Code system of points that no standard names; a standard one is given per point."""


class Grade(StrEnum):
    """How well a profile is founded: a public document, conclusions from one, or a real device."""

    DOCUMENTED = "documented"
    DERIVED = "derived"
    SITE_VERIFIED = "site-verified"


class Point(BaseModel):
    """One value of a device and its meaning; a driver's subclass adds where to find it.

    `unit` is UCUM. `deadband` is in that unit: a polled value that moved no further is not stored
    again until the heartbeat. A number outside `low`…`high` is implausible and kept as uncertain.
    `rollover` marks a counter, and is the count at which it starts again at 0.
    `states` gives the words of a coded value (`{"0": "closed"}`); in a profile, a point that has
    them is a state unless it says otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: Localized = ""
    unit: str = ""
    kind: Kind = Kind.MEASUREMENT
    system: str = POINT_SYSTEM
    code: str = ""
    deadband: float = Field(default=0.0, ge=0)
    low: float | None = None
    high: float | None = None
    rollover: float | None = Field(default=None, gt=0)
    states: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, unit: str) -> str:
        if unit:
            dimension(unit)
        return unit


class Profile(BaseModel):
    """One model of device. A driver subclasses it and narrows `points`.

    A point whose code is in the shared vocabulary takes its name, unit and kind from there where
    it gives none. A subclass's validator raises ValueError; a line of its message that begins
    with a path (`points.power.at: …`) is told at that place of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind_of_points: ClassVar[Kind | None] = None
    """What a point is that does not say so itself; None leaves it to its code and states."""

    profile: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    driver: str
    title: Localized
    grade: Grade
    source: str = Field(min_length=1, description="document and section it was made from")
    replaces: Literal["built-in"] | None = Field(
        default=None, description="this profile stands in for the built-in one of its name"
    )
    retention: Retention = Retention.TELEMETRY
    interval: float = Field(default=1.0, gt=0, description="seconds between polls")
    silent_after: float | None = Field(
        default=None, gt=0, description="seconds without a word after which it counts as offline"
    )
    zone: str = Field(default="", description="IANA zone of its clock, if not the site's")
    main: tuple[str, ...] = Field(
        default=(), description="points that matter most, as overviews show them"
    )
    points: Mapping[str, Point]
    alarms: Mapping[str, PointAlarms] = Field(
        default_factory=dict, description="when a point's value is an alarm, by point"
    )

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone:
            try:
                ZoneInfo(zone)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"'{zone}' is not an IANA time zone") from None
        return zone

    @model_validator(mode="before")
    @classmethod
    def _shared_terms(cls, data: Any) -> Any:
        points = data.get("points") if isinstance(data, dict) else None
        if not isinstance(points, dict):
            return data
        return {
            **data,
            "points": {
                key: _completed(key, point, cls.kind_of_points) for key, point in points.items()
            },
        }

    @model_validator(mode="after")
    def _measures_the_same(self) -> Self:
        faults = [fault for key, point in self.points.items() if (fault := _mismatch(key, point))]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @model_validator(mode="after")
    def _tell_apart(self) -> Self:
        """What a reading says stands until it is said anew: under one code there is one value.

        An analyzer's results are each their own, and several of its codes may mean one test.
        """
        if self.kind_of_points is not None:
            return self
        first: dict[tuple[str, str], str] = {}
        faults = [
            f"points.{key}.code: '{code[1]}' is the code of '{other}' as well"
            for key, point in self.points.items()
            if (other := first.setdefault(code := (point.system, point.code or key), key)) != key
        ]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @model_validator(mode="after")
    def _alarms_fit(self) -> Self:
        faults = [
            f"alarms.{key}{fault}"
            for key, alarms in self.alarms.items()
            for fault in _misfits(key, alarms, self.points)
        ]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @model_validator(mode="after")
    def _main_points_exist(self) -> Self:
        unknown = [name for name in self.main if name not in self.points]
        if unknown:
            raise ValueError("\n".join(f"main: there is no point '{name}'" for name in unknown))
        return self


def _completed(key: str, point: Any, kind: Kind | None) -> Any:
    """A point with what the vocabulary says of its code, where it says nothing itself."""
    if not isinstance(point, dict):
        return point
    shared = point.get("system", POINT_SYSTEM) == POINT_SYSTEM
    term = vocabulary().get(str(point.get("code") or key)) if shared else None
    own = Kind.STATE if "states" in point else term.kind if term else Kind.MEASUREMENT
    filled = {"kind": kind or own, **point}
    if term is None:
        return filled
    unit = term.unit if filled["kind"] == term.kind else ""
    return {"name": term.name, "unit": unit, **filled}


def _misfits(key: str, alarms: PointAlarms, points: Mapping[str, Point]) -> Iterator[str]:
    """What can't be an alarm of this point."""
    point = points.get(key)
    if point is None:
        yield f": there is no point '{key}'"
        return
    for fault in alarms.faults(point.kind, frozenset(point.states.values())):
        yield f".{fault}"


def _mismatch(key: str, point: Point) -> str:
    """A point whose unit can't be a unit of what its code stands for."""
    term = vocabulary().get(point.code or key) if point.system == POINT_SYSTEM else None
    if term is None or not (term.unit and point.unit):
        return ""
    if dimension(term.unit) == dimension(point.unit):
        return ""
    return f"points.{key}.unit: '{point.unit}' does not measure {term.name['en']} ({term.unit})"
