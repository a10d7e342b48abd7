"""The part `ups` of the section `dicom`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class UpsOptions(BaseModel):
    """Work items (Unified Procedure Steps)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: int = Field(default=10_000, ge=1, le=100_000, description="the most that are kept")
    keep_hours: int = Field(
        default=48, ge=1, le=87_600, description="hours that a finished item is kept unless held"
    )
    lock: Literal["title", "transaction"] = Field(
        default="title",
        description="who may change a claimed item: the AE title that claimed it and knows its"
        " Transaction UID, or whoever knows that (PS3.4 CC.1.1)",
    )
    deletion_locks: bool = Field(
        default=True, description="whether subscribers may hold finished items"
    )
    worklist_label: str = Field(
        default="ISOGATE", min_length=1, max_length=64, description="of items that come without"
    )
    waiting: int = Field(
        default=10_000, ge=10, le=1_000_000, description="news kept for one peer that is away"
    )
    told: tuple[str, ...] = Field(
        default=(), description="peers that are told of a restart though they haven't subscribed"
    )
