"""The part of a profile that every driver shares."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from gateway.model import Kind, Localized, Retention

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
    `states` gives the words of a coded value (`{"0": "closed"}`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Localized = ""
    unit: str = ""
    kind: Kind = Kind.MEASUREMENT
    system: str = POINT_SYSTEM
    code: str = ""
    deadband: float = Field(default=0.0, ge=0)
    low: float | None = None
    high: float | None = None
    states: Mapping[str, str] = Field(default_factory=dict)


class Profile(BaseModel):
    """One model of device. A driver subclasses it and narrows `points`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    driver: str
    title: Localized
    grade: Grade
    source: str = Field(min_length=1, description="document and section it was made from")
    retention: Retention = Retention.TELEMETRY
    interval: float = Field(default=1.0, gt=0, description="seconds between polls")
    silent_after: float | None = Field(
        default=None, gt=0, description="seconds without a word after which it counts as offline"
    )
    points: Mapping[str, Point]
