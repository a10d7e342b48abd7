"""What devices.yaml says of a Modbus link and of a device on it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from gateway import DeviceOptions, LinkOptions


class ModbusLink(LinkOptions):
    """`framing` is `rtu` on serial lines and behind serial device servers, `tcp` elsewhere.

    Without `framing` it is what the transport usually carries. `quiet` is `timeout` unless given.
    """

    framing: Literal["tcp", "rtu"] | None = None
    timeout: float = Field(default=1.0, gt=0, le=60, description="seconds to wait for a reply")
    quiet: float | None = Field(
        default=None, ge=0, le=60, description="seconds of silence after a failure"
    )


class ModbusDevice(DeviceOptions):
    """`unit` is the device's address on the link; `offset` is added to its profile's registers."""

    unit: int = Field(ge=0, le=255)
    offset: int = Field(default=0, ge=0, le=65_535)

    @field_validator("unit")
    @classmethod
    def _assigned(cls, unit: int) -> int:
        if 247 < unit < 255:  # noqa: PLR2004 - Modbus over Serial Line V1.02, 2.2
            raise ValueError("units 248 to 254 are reserved: take the address set on the device")
        return unit
