"""The transports a link can name in devices.yaml."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, FilePath


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TlsCaller(_Options):
    """TLS files (PEM) of a connection that we open.

    Without `ca` the machine's own certificate authorities count. `certificate` and `key` are ours,
    for a peer that asks. `server_name` is the name in the peer's certificate, if not its host.
    """

    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None
    server_name: str = ""


class TlsListener(_Options):
    """TLS files (PEM) of a port that devices call: our certificate and key.

    With `ca`, only callers that have a certificate of that authority are let in.
    """

    certificate: FilePath
    key: FilePath
    ca: FilePath | None = None


class Tcp(_Options):
    """A TCP connection that the gateway opens."""

    type: Literal["tcp"] = "tcp"
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    connect_timeout: float = Field(default=5.0, gt=0, le=60, description="seconds")
    tls: TlsCaller | None = None


class Serial(_Options):
    """A serial line on this machine, opened exclusively."""

    type: Literal["serial"] = "serial"
    port: str = Field(min_length=1, description="device path, e.g. /dev/ttyUSB0")
    baud: int = Field(default=9600, ge=300, le=4_000_000)
    data_bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class Rfc2217(_Options):
    """A serial line behind a device server that takes its settings over the network (RFC 2217)."""

    type: Literal["rfc2217"] = "rfc2217"
    host: str = Field(min_length=1, pattern=r"^[^/?#@\s]+$")
    port: int = Field(ge=1, le=65535)
    connect_timeout: float = Field(default=5.0, gt=0, le=60, description="seconds")
    baud: int = Field(default=9600, ge=300, le=4_000_000)
    data_bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class TcpListen(_Options):
    """A TCP port on which devices call the gateway.

    `allow` lists the addresses that may call; none means any that reach `host`.
    """

    type: Literal["tcp-listen"] = "tcp-listen"
    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535, description="0 takes any free port")
    allow: tuple[str, ...] = ()
    connections: int = Field(default=64, ge=1, le=4096, description="at the same time")
    tls: TlsListener | None = None


Outgoing: TypeAlias = Tcp | Serial | Rfc2217
"""The transports that the gateway opens by itself."""

Transport: TypeAlias = Annotated[Tcp | Serial | Rfc2217 | TcpListen, Field(discriminator="type")]
