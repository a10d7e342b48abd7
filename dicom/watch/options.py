"""The section `dicom.watch` of devices.yaml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from gateway import Seconds


class WatchOptions(BaseModel):
    """How peers are watched by C-ECHO."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    interval: Seconds = Field(default=60, ge=1, description="between two echoes, about")
    timeout: Seconds = Field(default=10, ge=1, description="for connection, association and answer")
    skip: tuple[str, ...] = Field(default=(), description="peers that are not watched")
