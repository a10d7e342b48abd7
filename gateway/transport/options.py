"""The transports a link can name in devices.yaml."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tcp(_Options):
    """A TCP connection that the gateway opens."""

    type: Literal["tcp"] = "tcp"
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    connect_timeout: float = Field(default=5.0, gt=0, le=60, description="seconds")


class Serial(_Options):
    """A serial line on this machine, opened exclusively."""

    type: Literal["serial"] = "serial"
    port: str = Field(min_length=1, description="device path, e.g. /dev/ttyUSB0")
    baud: int = Field(default=9600, ge=300, le=4_000_000)
    data_bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


Transport: TypeAlias = Annotated[Tcp | Serial, Field(discriminator="type")]
