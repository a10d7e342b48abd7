"""What the profile of a source of rows says, and what devices.yaml says of one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.driver import DeviceOptions
from gateway.model import Status
from gateway.profile import AnalyzerProfile
from gateway.rows.fields import CONTENTS, AppointmentFields, Fields, OrderFields, PatientFields
from gateway.rows.times import TimeForm

_SORTED = tuple(
    datetime(*parts)  # noqa: DTZ001 - wall times
    for parts in (
        *((2025, 12, 31, 23, 0, 0), (2026, 1, 2, 1, 0, 0), (2026, 2, 1, 0, 0, 0)),
        *((2026, 11, 3, 0, 0, 0), (2026, 11, 3, 1, 0, 0), (2026, 11, 3, 9, 5, 50)),
        *((2026, 11, 3, 9, 50, 5), (2026, 11, 3, 12, 0, 0), (2026, 11, 3, 13, 0, 0)),
    )
)
"""Times in ascending order, to see whether a pattern sorts as they do."""


_OF_RESULTS = frozenset(
    {"code", "value", "unit", "flags", "range", "status", "specimen", "patient", "order"}
)


class RowColumns(BaseModel):
    """Which column holds what; an empty name means that there is none.

    With `code` a row is one result. Without it a row is a sample, and each point's key names the
    column of its value. `time` and `key` give rows their order and identity: the time at which a
    row is written or changed, and what identifies it for ever.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    time: str = Field(min_length=1)
    key: str = Field(min_length=1)
    code: str = ""
    value: str = ""
    unit: str = ""
    flags: str = ""
    range: str = ""
    status: str = ""
    specimen: str = ""
    patient: str = ""
    order: str = ""
    observed_at: str = ""
    keep: tuple[str, ...] = Field(default=(), description="more columns, kept with each result")

    @model_validator(mode="after")
    def _a_code_has_a_value(self) -> Self:
        if bool(self.code) != bool(self.value):
            raise ValueError("`code` and `value` go together: one result a row")
        return self

    @property
    def of_results(self) -> tuple[str, ...]:
        """The keys given here that only results have."""
        return tuple(name for name in sorted(_OF_RESULTS) if getattr(self, name))

    def named(self) -> tuple[str, ...]:
        """Every column named here, once."""
        single = (getattr(self, name) for name in type(self).model_fields if name != "keep")
        return tuple(dict.fromkeys(name for name in (*single, *self.keep) if name))


class RowProfile(AnalyzerProfile):
    """A source of rows. `time_form` and `time_pattern` are those of its times.

    Its rows are results; or with `patient`, `appointment` or `order` each is one of these, and
    its `points` are written by that section.
    """

    unit_missing: Literal["profile"] = "profile"
    columns: RowColumns
    time_form: TimeForm = TimeForm.NAIVE
    time_pattern: str = Field(default="", description="of strptime; ISO 8601 if empty")
    statuses: Mapping[str, Status] = Field(
        default_factory=dict, description="the source's own words; another word is preliminary"
    )
    interval: float = Field(default=10.0, gt=0, description="seconds between polls")
    patient: PatientFields | None = None
    appointment: AppointmentFields | None = None
    order: OrderFields | None = None

    @model_validator(mode="before")
    @classmethod
    def _points_of_its_content(cls, data: Any) -> Any:
        given = [name for name in CONTENTS if isinstance(data, dict) and data.get(name) is not None]
        if not given:
            return data
        if len(given) > 1:
            raise ValueError(f"{given[1]}: a row is one thing, and `{given[0]}` is given as well")
        points = {given[0]: CONTENTS[given[0]]}
        if data.get("points", points).keys() != points.keys():
            raise ValueError(f"points: a row that is one {given[0]} has none")
        return {**data, "points": points}

    @model_validator(mode="after")
    def _columns_of_its_content(self) -> Self:
        if self.content is not None and (misplaced := self.columns.of_results):
            raise ValueError(f"columns.{misplaced[0]}: only a row of results has it")
        return self

    @property
    def content(self) -> Fields | None:
        """What each row is of; None for results."""
        return self.patient or self.appointment or self.order

    @property
    def withdraws(self) -> bool:
        """Whether a row that is no longer there takes back what it said."""
        return self.appointment is not None and self.appointment.vanished != "nothing"

    @field_validator("time_pattern")
    @classmethod
    def _in_order(cls, pattern: str) -> str:
        written = [at.strftime(pattern) for at in _SORTED] if pattern else []
        if written != sorted(written):
            raise ValueError(f"'{pattern}' does not sort as time does: a view must offer one")
        return pattern

    def wanted(self) -> tuple[str, ...]:
        """Every column to ask for, in order, once."""
        content = self.content
        if content is not None:
            own = [name for name in content.columns() if name]
        else:
            own = [] if self.columns.code else list(self.points)
        return tuple(dict.fromkeys((*self.columns.named(), *own)))


class RowDevice(DeviceOptions):
    """How far back a source is read again, in seconds, and from where at first.

    `lookback` goes back a year at most: a view of bookings is small, and old rows change.

    `patient_issuer` names who gives out its patient ids. `since` is a wall time of the source;
    without it the first poll begins `lookback` before now.
    """

    overlap: float = Field(default=600.0, ge=0, le=604_800)
    lookback: float = Field(default=86_400.0, ge=0, le=31_622_400)
    deep_every: int = Field(default=60, ge=1, description="every so many polls read `lookback`")
    since: datetime | None = None
    patient_issuer: str = Field(default="", max_length=200)

    @field_validator("since")
    @classmethod
    def _of_the_source(cls, since: datetime | None) -> datetime | None:
        if since is not None and since.tzinfo is not None:
            raise ValueError(
                "it is what the source's clock shows (UTC where its times carry a zone):"
                " write it without a zone"
            )
        return since
