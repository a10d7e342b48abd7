"""The `schedule` section of devices.yaml: machines and rooms, opening hours, holidays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from gateway.model import Localized
from gateway.profile import ClockTime

RESOURCE_ID = r"^[a-z0-9][a-z0-9._-]{0,62}$"

ResourceId = Annotated[str, StringConstraints(pattern=RESOURCE_ID)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ResourceSort(StrEnum):
    """What is booked: a treatment machine, a simulator or scanner, a room, or a person."""

    MACHINE = "machine"
    IMAGING = "imaging"
    ROOM = "room"
    STAFF = "staff"


class ResourceOptions(_Options):
    """A machine or room that appointments take.

    `known_as` are its ids in the systems that book it, `BOOK|ID` where two systems mean different
    things by one id. `department` is whose it is: accounts that are limited to departments see the
    appointments at theirs. `ae_title` and `modality` are what a DICOM worklist calls it.
    """

    name: Localized
    kind: ResourceSort = ResourceSort.MACHINE
    known_as: tuple[str, ...] = ()
    location: Localized = ""
    department: str = Field(default="", max_length=80)
    ae_title: str = Field(default="", max_length=16)
    modality: str = Field(default="", max_length=16)


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class ChangeOptions(_Options):
    """A day on which the site works, or doesn't, otherwise than the calendar says."""

    day: date
    working: bool
    name: Localized = ""


class HolidayOptions(_Options):
    """`country` is an ISO 3166 code that the calendar of public holidays knows; none if empty."""

    country: str = "CN"
    weekend: tuple[Weekday, ...] = (Weekday.SATURDAY, Weekday.SUNDAY)
    changes: tuple[ChangeOptions, ...] = ()

    @field_validator("country")
    @classmethod
    def _known(cls, code: str) -> str:
        from holidays import list_supported_countries  # noqa: PLC0415 - slow, and seldom needed

        if code and code != "CN" and code not in list_supported_countries():
            raise ValueError(f"'{code}' is no country whose public holidays are known")
        return code

    @field_validator("changes")
    @classmethod
    def _once(cls, changes: tuple[ChangeOptions, ...]) -> tuple[ChangeOptions, ...]:
        days = [change.day for change in changes]
        twice = next((day for day in days if days.count(day) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice.isoformat()} is given twice")
        return changes


class HourOptions(_Options):
    """The hours that a day's page shows; what lies outside is shown as well."""

    begin: ClockTime = time(7, 30)
    end: ClockTime = time(18, 0)

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.begin >= self.end:
            raise ValueError(f"the day ends at {self.end:%H:%M}, before it begins")
        return self


class ScheduleOptions(_Options):
    """`minutes` is how long an appointment takes that doesn't say; `kinds` are offered in forms."""

    resources: Mapping[ResourceId, ResourceOptions] = Field(default_factory=dict)
    hours: HourOptions = HourOptions()
    minutes: float = Field(default=15, ge=1, le=480)
    kinds: Mapping[str, Localized] = Field(default_factory=dict)
    holidays: HolidayOptions = HolidayOptions()
    step: Literal[5, 10, 15, 20, 30, 60] = Field(default=15, description="minutes of the grid")

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        known: dict[str, str] = {}
        for id_, word in self._words():
            other = known.setdefault(word, id_)
            if other != id_:
                raise ValueError(
                    f"resources.{id_}.known_as: '{word}' is {other} already; write BOOK|ID"
                )
        return self

    def _words(self) -> Iterator[tuple[str, str]]:
        for id_, resource in self.resources.items():
            for word in (id_, *resource.known_as):
                yield id_, word
