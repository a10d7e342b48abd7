"""The section `accounts` of devices.yaml."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    number, _, unit = value.strip().partition(" ")
    if not number.isdecimal() or unit not in _UNITS:
        raise ValueError(f"'{value[:40]}' is not understood: write for example `30 min`")
    return int(number) * _UNITS[unit]


Duration = Annotated[
    int,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": ["integer", "string"], "examples": ["30 min", "12 h"]}),
]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Options):
    """How often one may ask; a burst is allowed at once, then so many a second."""

    per_second: float = Field(default=100, gt=0, description="of one account or token")
    burst: int = Field(default=500, ge=1)
    anonymous_per_second: float = Field(
        default=20, gt=0, description="of one address that is not signed in"
    )
    anonymous_burst: int = Field(default=200, ge=1)


class AccountsOptions(_Options):
    """Who may sign in, and for how long."""

    idle: Duration = Field(
        default=1800, ge=60, le=86400, description="signed out after this long without a request"
    )
    longest: Duration = Field(
        default=43200, ge=300, le=604800, description="signed out after this long in any case"
    )
    set_up_from_network: bool = Field(
        default=False,
        description="let another machine open the set-up link while no administrator exists",
    )
    limits: Limits = Limits()
