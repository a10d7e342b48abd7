"""What a line device's profile says: its framing, and what its lines mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from drivers.line.framing import Framing, Octets
from gateway import AnalyzerOptions, AnalyzerProfile, Quality

SPECIAL = frozenset({"unit", "specimen", "patient", "order", "flags", "sender"})
"""Groups of a pattern that name no point."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
    return pattern


Regex = Annotated[str, AfterValidator(_compiles)]


class Line(BaseModel):
    """One form of a line: a pattern of the whole of it, whose named groups are points.

    `ignore` names a form that says nothing, such as a greeting.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: Regex
    quality: Quality = Quality.GOOD
    ignore: bool = False


class LineProfile(AnalyzerProfile):
    """One model of device. The first of its `lines` that matches tells what a line says.

    `accept` is sent once a message is on disk, `refuse` for one that is damaged. `checks` names
    points that carry a check character of their own (ISO 7064).
    """

    unit_missing: Literal["profile"] = "profile"
    framing: Framing = Framing()
    lines: tuple[Line, ...] = Field(min_length=1)
    accept: Octets = ""
    refuse: Octets = ""
    checks: Mapping[str, Literal["mod11-2"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _groups_are_points(self) -> Self:
        for at, line in enumerate(self.lines):
            for group in re.compile(line.match).groupindex:
                if group not in SPECIAL and group not in self.points:
                    raise ValueError(f"lines.{at}.match: group '{group}' is no point")
        return self


class LineDevice(AnalyzerOptions):
    """`patient_issuer` names who gives out the patient ids that this device sends."""

    patient_issuer: str = Field(default="", max_length=200)
