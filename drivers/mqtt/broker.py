"""The room `broker`: a broker of our own on loopback, for the demo and for a single box."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from drivers.mqtt.child import Program, kept_running
from gateway import ConfigError
from gateway.room import Room, RoomContext, Running

_PATIENCE = 15.0
_SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin"

MOSQUITTO_CONFIG = """\
listener {port} {host}
allow_anonymous true
{user}
persistence true
persistence_location {home}/
autosave_interval 5
max_inflight_messages 200
max_queued_messages 1000000
message_size_limit 262144
log_dest stdout
log_type error
log_type warning
"""
"""Messages for a gateway that is away are kept, and kept over a restart of the broker."""


class BrokerOptions(BaseModel):
    """`site`: the hospital runs the broker. `managed`: the gateway runs one, on loopback only.

    `auto` takes Mosquitto if it is installed, else the wheel `iotcore`, which speaks MQTT 3.1.1
    alone and keeps nothing over its own restart.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["site", "managed"] = "site"
    program: Literal["auto", "mosquitto", "iotcore"] = "auto"
    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65535)

    @field_validator("host")
    @classmethod
    def _on_loopback(cls, host: str) -> str:
        """Anyone who reaches a managed broker may publish, so nobody outside must."""
        if not ip_address(host).is_loopback:
            raise ValueError(f"{host} is not a loopback address such as 127.0.0.1")
        return host

    def ports(self) -> Sequence[tuple[str, int]]:
        """The port of a managed broker."""
        return ((self.host, self.port),) if self.mode == "managed" else ()


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    section = context.section
    if not isinstance(section, BrokerOptions) or section.mode == "site":
        yield Running()
        return
    async with kept_running(_program(section, context.data / "broker"), _PATIENCE):
        yield Running()


def _program(options: BrokerOptions, home: Path) -> Program:
    """The program that the options ask for; ConfigError if it isn't installed."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    name, command = _command(options, home)
    return Program(name, command, options.host, options.port, home / f"{name}.log")


def _command(options: BrokerOptions, home: Path) -> tuple[str, tuple[str, ...]]:
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SYSTEM_PROGRAMS)
    if mosquitto and options.program in ("auto", "mosquitto"):
        return "mosquitto", (mosquitto, "-c", str(_configured(options, home)))
    if options.program in ("auto", "iotcore") and find_spec("iotcore"):
        return "iotcore", _iotcore(options)
    raise ConfigError(_missing(options.program))


def _configured(options: BrokerOptions, home: Path) -> Path:
    """Mosquitto's configuration, written anew at each start."""
    file = home / "mosquitto.conf"
    user = "user root" if os.geteuid() == 0 else ""
    text = MOSQUITTO_CONFIG.format(
        host=options.host, port=options.port, user=user, home=home.resolve()
    )
    file.write_text(text)
    return file


def _iotcore(options: BrokerOptions) -> tuple[str, ...]:
    """Its log says ERROR for each packet, so it is asked for silence."""
    place = ("--listen", options.host, "--port", str(options.port))
    return (sys.executable, "-P", "-m", "iotcore", *place, "--log-level", "CRITICAL")


def _missing(program: str) -> str:
    ways = {
        "mosquitto": "install Mosquitto (apt install mosquitto)",
        "iotcore": "install the optional package (pip install 'isogate[broker]')",
    }
    how = ways.get(program) or " or ".join(ways.values())
    return f"broker: no program for `mode: managed` is installed; {how}, or use `mode: site`"


room = Room(name="broker", open=_open, section=BrokerOptions)
