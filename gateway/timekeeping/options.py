"""The `time` section of devices.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Server = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+(:[0-9]{1,5})?$")]


class TimeOptions(BaseModel):
    """The site's own time servers, by name or address; three let one be wrong.

    `tolerance` is how far our clock may be off, `every` how often it is compared, in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    servers: tuple[Server, ...] = Field(min_length=1)
    tolerance: float = Field(default=0.5, gt=0, le=60)
    every: float = Field(default=300.0, ge=10, le=86_400)

    def calls(self) -> Sequence[str]:
        """The servers' hosts."""
        return [server.partition(":")[0] for server in self.servers]
