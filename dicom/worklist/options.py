"""Which days a worklist shows, in the section `dicom` of devices.yaml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class WorklistOptions(BaseModel):
    """Days around today, in the site's zone; a query sees those of its own range among them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    back: int = Field(default=1, ge=0, le=90, description="days")
    ahead: int = Field(default=30, ge=0, le=365, description="days")
