"""What an ASTM profile may say, and what devices.yaml may say of a link and a device."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field

from drivers.astm.codec import FRAME_LIMIT, GAP, SILENCE
from gateway import AnalyzerOptions, AnalyzerProfile, LinkOptions, Retention, Status

_PLACE = re.compile(r"([HPOR])-([1-9]\d?)(?:\.([1-9]\d?))?")


class Place(NamedTuple):
    """Where something stands: record type, field, and component (0: the whole field)."""

    kind: str
    field: int
    component: int

    @classmethod
    def of(cls, text: str) -> Place:
        """The place that `R-3` or `R-3.4` names, numbered as in LIS2-A2."""
        match = _PLACE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no place: write record-field.component, e.g. R-3.4")
        return cls(match[1], int(match[2]), int(match[3] or 0))


def _of(kind: str) -> AfterValidator:
    def check(text: str) -> str:
        if Place.of(text).kind != kind:
            raise ValueError(f"{text!r} does not stand in a {kind} record")
        return text

    return AfterValidator(check)


PatientPlace = Annotated[str, _of("P")]
OrderPlace = Annotated[str, _of("O")]
ResultPlace = Annotated[str, _of("R")]


class AstmProfile(AnalyzerProfile):
    """One model of analyzer that speaks ASTM. Places are `R-3.4`: record, field, component.

    The parts at `code_at` are joined with `^`, empty ones at the end left out; the result is the
    first place of `value_at` that holds something. `statuses` says what the model's own words in
    R-9 mean where it differs from the standard; "" is an empty field.
    """

    retention: Literal[Retention.RECORD] = Retention.RECORD
    code_at: tuple[ResultPlace, ...] = Field(default=("R-3.4",), min_length=1)
    value_at: tuple[ResultPlace, ...] = Field(default=("R-4",), min_length=1)
    specimen_at: OrderPlace = "O-3.1"
    order_at: OrderPlace | None = None
    patient_at: PatientPlace = "P-3"
    statuses: Mapping[str, Status] = Field(default_factory=dict)


class AstmLink(LinkOptions):
    """`frame_limit` is the longest text of a frame in bytes; a longer one is refused.

    `gap` and `silence` are seconds: without a byte inside a frame, without a word in a transfer.
    """

    frame_limit: int = Field(default=FRAME_LIMIT, ge=240, le=1_048_576)
    gap: float = Field(default=GAP, gt=0, le=60)
    silence: float = Field(default=SILENCE, gt=0, le=600)


class AstmDevice(AnalyzerOptions):
    """`patient_issuer` names who gives out the patient ids that this analyzer sends.

    `charset` is for an analyzer that is set otherwise than its profile says.
    """

    charset: Literal["utf-8", "gb18030", "latin-1", "ascii"] | None = None
    patient_issuer: str = Field(default="", max_length=200)
