"""The `audit` section of devices.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.transport.options import TlsCaller


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CollectorOptions(_Options):
    """Where the audit is sent as IHE ATNA messages over TLS syslog (RFC 5425)."""

    host: str = Field(min_length=1)
    port: int = Field(default=6514, ge=1, le=65535)
    tls: TlsCaller = Field(default=TlsCaller(), description="who we trust, who we are")
    plain: bool = Field(default=False, description="send without TLS, inside this machine only")

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.plain and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError(
                f"audit messages may not go to {self.host} in plain: leave out `plain`"
            )
        return self


class AuditOptions(_Options):
    """`copy_anchors_to` is a directory on another disk or machine, where anchors are kept too."""

    collector: CollectorOptions | None = None
    copy_anchors_to: Path | None = None
    anchor_minutes: int = Field(
        default=60, ge=1, le=1440, description="how often the end of the chain is noted"
    )

    def calls(self) -> Sequence[str]:
        """The collector's host."""
        return () if self.collector is None else (self.collector.host,)


def anchors_elsewhere(section: object) -> Path | None:
    """The file that keeps the anchors elsewhere, if the section `audit` names a place for it."""
    folder = section.copy_anchors_to if isinstance(section, AuditOptions) else None
    return None if folder is None else folder / "anchors"
