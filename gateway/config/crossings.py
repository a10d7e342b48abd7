"""Whether everything that listens or calls stays in the zones that it was given."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from gateway.config.document import Part
from gateway.config.site import Site
from gateway.config.zones import ZonesOptions
from gateway.errors import Problem
from gateway.room import CallsOut, OpensPorts
from gateway.transport import Rfc2217, Tcp, TcpListen

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognized, not bound


def crossings(top: Part, site: Site) -> Iterator[Problem]:
    """What listens or calls in a zone where it may not, or where nobody knows what lies there."""
    zones = site.zones
    if zones is None:
        return
    known = {"http", "links", *site.sections}
    for part in zones.may:
        if part not in known:
            hint = f"known here: {', '.join(sorted(known))}"
            yield (top / "zones" / "may" / part).problem(
                f"nothing is called {part}", hint=hint, at_key=True
            )
    for part, host, place in _endpoints(top, site):
        yield from _judged(zones, part, host, place)


def _judged(zones: ZonesOptions, part: str, host: str, place: Part) -> Iterator[Problem]:
    allowed = zones.allowed(part)
    said = ", ".join(allowed) or "none"
    if is_here(host):
        return
    if host in _EVERYWHERE:
        wrong = [zone for zone in zones.declared() if zone not in allowed]
        if wrong:
            message = f"{host} listens in every zone, and {part} may not in: {', '.join(wrong)}"
            yield place.problem(message, hint="name one interface's address instead")
        return
    zone = zones.zone_of(host)
    if zone is None:
        hint = "add its network, or its name, to zones.device, internal or external"
        yield place.problem(f"{host} lies in no zone", hint=hint)
    elif zone not in allowed:
        message = f"{host} lies in the {zone} zone, and {part} may use: {said}"
        yield place.problem(message, hint=f"if that is meant, say so under zones.may.{part}")


def is_here(host: str) -> bool:
    """Whether a host is this machine's loopback."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _endpoints(top: Part, site: Site) -> Iterator[tuple[str, str, Part]]:
    """Every address that the gateway listens on or calls: part, host, and where it is written."""
    yield "http", site.listeners.http.host, top / "listeners" / "http" / "host"
    for link in site.links:
        whole = top / "links" / link.id
        match link.transport:
            case Tcp(host=host) | Rfc2217(host=host) | TcpListen(host=host):
                yield "links", host, whole / "transport" / "host"
            case _:
                for host in _hosts(link.options):
                    yield "links", host, whole / "host" if "host" in whole.entries() else whole
    for name, section in site.sections.items():
        for host in _hosts(section):
            yield name, host, top / name


def _hosts(options: object) -> Iterator[str]:
    if isinstance(options, OpensPorts):
        yield from (host for host, _ in options.ports())
    if isinstance(options, CallsOut):
        yield from options.calls()
