"""The section `papers` of devices.yaml."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.profile import ClockTime


class PapersOptions(BaseModel):
    """Where and when the lists are printed. `lists` left out: all; `keep` counts printings.

    The folder is best on a disk that another machine can reach when this one is down.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path
    times: tuple[ClockTime, ...] = Field(default=(time(6), time(12), time(18)), min_length=1)
    languages: tuple[Literal["zh-CN", "en"], ...] = Field(default=("zh-CN", "en"), min_length=1)
    lists: tuple[str, ...] = ()
    keep: int = Field(default=14, ge=1, le=1000)
