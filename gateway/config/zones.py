"""The networks that the gateway stands in, and what may cross from one to another.

IEC 62443-3-2 words: a zone is a group of networks, the gateway is the conduit between them. What
it opens or calls in a zone is declared, or the file is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.config.options import Options


class ZoneName(StrEnum):
    """DEVICE: analyzers, meters, modalities. INTERNAL: the hospital. EXTERNAL: everything else."""

    DEVICE = "device"
    INTERNAL = "internal"
    EXTERNAL = "external"


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"{error}; write for example 192.168.10.0/24") from None


class ZoneOptions(Options):
    """`networks` in CIDR notation, and `names` of hosts that are written by name elsewhere."""

    networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    names: tuple[str, ...] = ()

    def holds(self, host: str) -> bool:
        """Whether a host lies in the zone; a name only if it is listed."""
        try:
            address = ip_address(host)
        except ValueError:
            return host.lower() in {name.lower() for name in self.names}
        networks = (ip_network(network) for network in self.networks)
        return any(address in network for network in networks)


class ZonesOptions(Options):
    """Which networks are which zone; `may` lists, by part, the zones it may listen or call in.

    A part is `http`, `links`, or a room's name. Unless said, `http` and rooms may use the internal
    zone, links the device zone. This machine itself belongs to no zone and is always allowed.
    """

    device: ZoneOptions = ZoneOptions()
    internal: ZoneOptions = ZoneOptions()
    external: ZoneOptions = ZoneOptions()
    may: Mapping[str, tuple[ZoneName, ...]] = Field(
        default={}, examples=[{"links": ["device", "internal"]}]
    )

    def allowed(self, part: str) -> tuple[ZoneName, ...]:
        """The zones that a part may use."""
        usual = ZoneName.DEVICE if part == "links" else ZoneName.INTERNAL
        return self.may.get(part, (usual,))

    def zone_of(self, host: str) -> ZoneName | None:
        """The zone of a host, the narrowest first; None for what was not declared."""
        zones = {
            ZoneName.DEVICE: self.device,
            ZoneName.INTERNAL: self.internal,
            ZoneName.EXTERNAL: self.external,
        }
        return next((name for name, zone in zones.items() if zone.holds(host)), None)

    def declared(self) -> tuple[ZoneName, ...]:
        """The zones that have networks: what a listener on every interface stands in."""
        own = {"device": self.device, "internal": self.internal, "external": self.external}
        return tuple(ZoneName(name) for name, zone in own.items() if zone.networks)
