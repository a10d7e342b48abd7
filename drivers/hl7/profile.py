"""What a profile and an entry in devices.yaml say of an HL7 device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from drivers.hl7.hospital import HospitalWords, hospital_points
from drivers.hl7.paths import parse_path
from gateway import Analyte, AnalyzerOptions, AnalyzerProfile, LinkOptions

_RESULT_SEGMENTS = frozenset({"MSH", "PID", "PV1", "ORC", "OBR", "SPM", "OBX"})


Charset: TypeAlias = Literal["utf-8", "gb18030", "latin-1", "ascii"]


class Hl7Link(LinkOptions):
    """One MLLP line. `message_timeout` is seconds from the first byte of a message to its last."""

    message_timeout: float = Field(default=60, ge=1, le=3600, description="seconds")


class Hl7Device(AnalyzerOptions):
    """A device. `patient_issuer` is who gives out its patient ids, where messages don't say.

    `charset` is for one that is set otherwise than its profile says.
    """

    charset: Charset | None = None
    patient_issuer: str = Field(default="", max_length=200)


class Hl7Profile(AnalyzerProfile):
    """Where a device's messages hold what.

    Places are written as `OBX-3.1`; of several the first one that says something counts.
    `quality_control` and `calibration` name places and the values that mark such a message.
    `measured_at` are those of `observed_at` that hold the time of the measurement itself: a result
    that is sent once more is recognized by it, so a time of the sample or request is none.
    `no_result` lists what stands for a value that could not be measured. `status_unstated` is
    what an empty OBX-11 means. `hospital` is for systems that send patients and appointments.
    """

    code_at: str = "OBX-3.1"
    specimen_at: tuple[str, ...] = ("SPM-2.1.1", "SPM-2.2.1", "OBR-3.1")
    order_at: tuple[str, ...] = ("ORC-2.1", "OBR-2.1")
    patient_at: tuple[str, ...] = ("PID-3.1",)
    issuer_at: tuple[str, ...] = ("PID-3.4.1",)
    observed_at: tuple[str, ...] = ("OBX-14", "OBX-19", "OBR-7")
    measured_at: tuple[str, ...] = ("OBX-14", "OBX-19")
    quality_control: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    calibration: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    no_result: tuple[str, ...] = ()
    ignore: tuple[str, ...] = Field(default=(), description="codes that are no results")
    status_unstated: Literal["final", "preliminary"] = "preliminary"
    hospital: HospitalWords = Field(default_factory=HospitalWords)
    points: Mapping[str, Analyte] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _hospital_messages(cls, data: Any) -> Any:
        """A hospital system's points are the messages that are taken; a profile may add others."""
        if not isinstance(data, dict) or data.get("hospital") is None:
            return data
        own = data.get("points")
        return {**data, "points": {**hospital_points(), **(own if isinstance(own, dict) else {})}}

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.points:
            raise ValueError("points: an analyzer has tests, a hospital system `hospital: {}`")
        return self

    @field_validator(
        "code_at",
        "specimen_at",
        "order_at",
        "patient_at",
        "issuer_at",
        "observed_at",
        "measured_at",
    )
    @classmethod
    def _are_places(cls, places: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for place in (places,) if isinstance(places, str) else places:
            _known(place)
        return places

    @field_validator("quality_control", "calibration")
    @classmethod
    def _mark_places(cls, marks: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for place in marks:
            _known(place)
        return marks


def _known(place: str) -> None:
    if parse_path(place).segment not in _RESULT_SEGMENTS:
        raise ValueError(f"'{place}': a result names {', '.join(sorted(_RESULT_SEGMENTS))} only")
