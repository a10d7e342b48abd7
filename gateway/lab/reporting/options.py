"""The section `critical_values` of devices.yaml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from gateway.profile import Priority


class CriticalValues(BaseModel):
    """`within` is how soon somebody is to be told of a critical value, in seconds.

    `priority` is that of its notice, which the routes of `notify` go by.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    within: float = Field(default=900.0, ge=60, le=86_400)
    priority: Priority = Priority.HIGH
