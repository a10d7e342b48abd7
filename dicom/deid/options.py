"""What of an object may stay (PS3.15 E.3), and what is refused."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from gateway import IsogateError


class NotDeidentifiable(IsogateError):  # noqa: N818 - a property of the object
    """An object that can't be de-identified by rule: a person must look at it."""


class Dates(StrEnum):
    """What becomes of dates and times.

    REMOVE: the Basic Profile. SHIFT: moved by days that are the same for all of a patient's
    objects (Modified Dates option). KEEP: the Full Dates option.
    """

    REMOVE = "remove"
    SHIFT = "shift"
    KEEP = "keep"


class DeidOptions(BaseModel):
    """Options of the Basic Application Level Confidentiality Profile.

    `words` are texts that descriptors may keep, whole and exactly (names of structures after
    TG-263, for example): with them descriptors are cleaned instead of removed. Private elements
    stay where they are in `private`, as `CREATOR/ggggxxee`. `burned_in_checked` says that a
    person has looked at the pixels of what may have names burned in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep_uids: bool = False
    keep_device: bool = False
    keep_institution: bool = False
    keep_patient_characteristics: bool = False
    dates: Dates = Dates.REMOVE
    words: frozenset[str] = frozenset()
    private: frozenset[str] = Field(
        default=frozenset(), description="as CREATOR/ggggxxee, e.g. SIEMENS CSA HEADER/0029xx10"
    )
    burned_in_checked: bool = False
