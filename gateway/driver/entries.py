"""What devices.yaml says of a link and its devices, checked and typed."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from gateway.model import Localized
from gateway.profile import Profile
from gateway.transport import Transport


class LinkOptions(BaseModel):
    """Keys of a link that only its driver knows; a driver subclasses it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DeviceOptions(BaseModel):
    """Keys of a device that only its driver knows; a driver subclasses it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """One device of the site. `interval` is seconds between polls.

    `zone` is the IANA zone of the device's clock: its profile's, else the site's. `department` is
    whose it is; accounts that are limited to departments see only devices of theirs.
    """

    id: str
    name: Localized
    link: str
    profile: Profile
    options: DeviceOptions
    interval: float
    location: Localized = ""
    simulated: bool = False
    zone: str = "UTC"
    department: str = ""


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """One link and every device on it. `transport` is None where the driver brings its own."""

    id: str
    driver: str
    options: LinkOptions
    transport: Transport | None
    devices: tuple[DeviceEntry, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault in entries that are each valid, which only their driver can see.

    It is told at option `key` of the device, or of the link where `device` is empty.
    """

    message: str
    link: str
    device: str = ""
    key: str = ""
    hint: str = ""
