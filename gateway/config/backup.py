"""The section `backup` of devices.yaml."""

from __future__ import annotations

from datetime import time
from pathlib import PurePosixPath
from typing import Literal, TypeAlias, get_args

from pydantic import Field, field_validator

from gateway.config.options import Options

Weekday: TypeAlias = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]


class BackupOptions(Options):
    """Where backups go and when, in the site's time zone."""

    target: str = Field(description="a directory, best on another machine's disk: /mnt/backup")
    at: str = Field(
        default="02:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="time of the daily backup, in quotes; what was missed is made at the start",
    )
    full_on: Weekday = Field(
        default="sunday", description="day of the full backup; on others what changed is saved"
    )
    keep: int = Field(
        default=5, ge=1, le=520, description="full backups kept, each with what follows it"
    )
    drill_on: Weekday | Literal["never"] = Field(
        default="monday", description="day on which the latest backup is restored and read, to try"
    )

    @field_validator("target")
    @classmethod
    def _absolute(cls, target: str) -> str:
        if not PurePosixPath(target).is_absolute():
            raise ValueError(f"'{target[:60]}' does not say from where: begin with a slash")
        return target

    @property
    def time(self) -> time:
        return time.fromisoformat(self.at)


def weekday(name: str) -> int | None:
    """The number of a weekday, 0 for Monday; None for never."""
    days: tuple[str, ...] = get_args(Weekday)
    return days.index(name) if name in days else None
