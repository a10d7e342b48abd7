"""The part `commitment` of the section `dicom`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CommitmentOptions(BaseModel):
    """Storage commitment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    references: int = Field(default=10_000, ge=1, le=50_000, description="the most of one request")
