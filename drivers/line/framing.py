"""How a device marks the beginning and the end of what it says, as its profile declares it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _octets(text: str) -> str:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f'{text!r} is not bytes: write "\\x02" for one') from None
    return text


Octets = Annotated[str, AfterValidator(_octets)]
"""Bytes as a YAML string: `"\\x02"`, `"\\r\\n"`."""


class ChecksumKind(StrEnum):
    """SUM8: sum modulo 256. XOR8: exclusive or. CRC16: that of Modbus, low byte first."""

    NONE = "none"
    SUM8 = "sum8"
    XOR8 = "xor8"
    CRC16 = "crc16"


class Checksum(BaseModel):
    """`covers` names what it is made from, `at` where it stands. `hex` writes each byte as two."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ChecksumKind = ChecksumKind.NONE
    covers: tuple[Literal["start", "text", "end"], ...] = ("text",)
    at: Literal["after-end", "before-end"] = "after-end"
    hex: bool = False

    def width(self) -> int:
        """How many bytes it takes on the line."""
        size = {ChecksumKind.NONE: 0, ChecksumKind.CRC16: 2}.get(self.kind, 1)
        return 2 * size if self.hex else size


class Framing(BaseModel):
    """A message is `start`, text, `end`; without a `start` it begins where the last one ended.

    After `escape` the next byte is text, whatever it is. `limit` is the longest message in bytes,
    `gap` the seconds after which the rest of a begun message is not waited for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Octets = ""
    end: Octets = Field(default="\r\n", min_length=1)
    escape: Octets = Field(default="", max_length=1)
    checksum: Checksum = Checksum()
    limit: int = Field(default=4096, ge=16, le=1_048_576)
    gap: float = Field(default=5.0, gt=0, le=60)

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if self.start and self.start == self.end:
            raise ValueError("start and end are the same: neither can be told")
        return self
