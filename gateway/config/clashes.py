"""Entries that are each valid and can't stand together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from gateway.config.crossings import crossings
from gateway.config.document import Part
from gateway.config.site import Site
from gateway.driver import DriverType, Finding, LinkEntry
from gateway.errors import Problem
from gateway.room import ChecksSite, OpensPorts
from gateway.transport import Serial, Tcp, TcpListen


def clashes(top: Part, site: Site, drivers: Mapping[str, DriverType]) -> Iterator[Problem]:
    """What parts of a site take from each other, and what drivers find in their links."""
    yield from _shared_lines(top, site.links)
    yield from _shared_peers(top, site.links)
    yield from _shared_ports(top, site)
    yield from _strangers(top, site)
    yield from crossings(top, site)
    by_driver = sorted(site.links, key=lambda link: link.driver)
    for name, own in groupby(by_driver, lambda link: link.driver):
        check = drivers[name].check
        for finding in check(tuple(own)) if check else ():
            yield _located(top, finding)


def _shared_lines(top: Part, links: Sequence[LinkEntry]) -> Iterator[Problem]:
    """A serial line is opened exclusively, so it belongs to one link with one setting."""
    first: dict[str, tuple[str, Serial]] = {}
    for link in links:
        if not isinstance(link.transport, Serial):
            continue
        line = str(Path(link.transport.port).resolve())
        other, theirs = first.setdefault(line, (link.id, link.transport))
        if other == link.id:
            continue
        differ = [
            key for key, value in theirs if key != "port" and value != getattr(link.transport, key)
        ]
        settings = "".join(
            f", there with {key} {getattr(theirs, key)}, here {getattr(link.transport, key)}"
            for key in differ
        )
        message = f"serial port {link.transport.port} is used by link '{other}' already{settings}"
        hint = f"put the devices of both on link '{other}'"
        yield (top / "links" / link.id / "transport" / "port").problem(message, hint=hint)


def _shared_peers(top: Part, links: Sequence[LinkEntry]) -> Iterator[Problem]:
    """Two conversations with one peer mix their answers behind a serial gateway."""
    first: dict[tuple[str, int], str] = {}
    for link in links:
        if isinstance(link.transport, Tcp):
            peer = _peer(link.transport)
            other = first.setdefault(peer, link.id)
            if other != link.id:
                message = f"{peer[0]}:{peer[1]} is the peer of link '{other}' already"
                hint = f"put the devices of both on link '{other}'"
                yield (top / "links" / link.id / "transport" / "port").problem(message, hint=hint)


def _shared_ports(top: Part, site: Site) -> Iterator[Problem]:
    """A port of this machine is listened on once, and no link calls the gateway's own pages."""
    http = site.listeners.http
    first = {(_address(http.host), http.port): "listeners.http"} if http.port else {}
    for link in site.links:
        if isinstance(link.transport, Tcp) and _peer(link.transport) in first:
            message = f"port {link.transport.port} here is the gateway's own (listeners.http)"
            yield (top / "links" / link.id / "transport" / "port").problem(message)
        for host, port in _ports_of(link):
            owner = first.setdefault((_address(host), port), f"link '{link.id}'")
            if owner != f"link '{link.id}'":
                whole = top / "links" / link.id
                at = whole / "transport" if link.transport else whole
                yield (at / "port").problem(f"port {port} is taken by {owner}")
    for name, section in site.sections.items():
        for host, port in section.ports() if isinstance(section, OpensPorts) else ():
            owner = first.setdefault((_address(host), port), name)
            if owner != name:
                part = top / name / "port" if "port" in (top / name).entries() else top / name
                yield part.problem(f"port {port} is taken by {owner}")


def _ports_of(link: LinkEntry) -> Sequence[tuple[str, int]]:
    """Addresses on which a link listens; a port that the system chooses is nobody's."""
    if isinstance(link.transport, TcpListen):
        ports: Sequence[tuple[str, int]] = [(link.transport.host, link.transport.port)]
    else:
        ports = link.options.ports() if isinstance(link.options, OpensPorts) else ()
    return [(host, port) for host, port in ports if port]


def _strangers(top: Part, site: Site) -> Iterator[Problem]:
    """What sections name and the site has not."""
    for name, section in site.sections.items():
        for fault in section.faults(site.links) if isinstance(section, ChecksSite) else ():
            part = top / name
            for step in fault.trail:
                part /= step
            yield part.problem(fault.message, hint=fault.hint, at_key=True, note=fault.note)


def _peer(tcp: Tcp) -> tuple[str, int]:
    return _address(tcp.host), tcp.port


def _address(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host.lower()


def _located(top: Part, finding: Finding) -> Problem:
    part = top / "devices" / finding.device if finding.device else top / "links" / finding.link
    if finding.key and finding.key in (part.value or {}):
        return (part / finding.key).problem(finding.message, hint=finding.hint)
    return part.problem(finding.message, hint=finding.hint, at_key=True)
