"""Entries that are each valid and can't stand together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from gateway.config.document import Part
from gateway.config.options import Listeners
from gateway.driver import DriverType, Finding, LinkEntry
from gateway.errors import Problem
from gateway.transport import Serial, Tcp


def clashes(
    top: Part, links: Sequence[LinkEntry], listeners: Listeners, drivers: Mapping[str, DriverType]
) -> Iterator[Problem]:
    """What the links take from each other, and what their drivers find in them."""
    yield from _shared_lines(top, links)
    yield from _shared_peers(top, links)
    yield from _own_listener(top, links, listeners)
    for name, own in groupby(sorted(links, key=lambda link: link.driver), lambda link: link.driver):
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
            peer = (link.transport.host.lower(), link.transport.port)
            other = first.setdefault(peer, link.id)
            if other != link.id:
                message = f"{peer[0]}:{peer[1]} is the peer of link '{other}' already"
                hint = f"put the devices of both on link '{other}'"
                yield (top / "links" / link.id / "transport" / "port").problem(message, hint=hint)


def _own_listener(top: Part, links: Sequence[LinkEntry], listeners: Listeners) -> Iterator[Problem]:
    for link in links:
        if isinstance(link.transport, Tcp) and _is_ours(link.transport, listeners):
            message = (
                f"port {link.transport.port} of this machine is the gateway's own (listeners.http)"
            )
            yield (top / "links" / link.id / "transport" / "port").problem(message)


def _is_ours(peer: Tcp, listeners: Listeners) -> bool:
    local = {"localhost", "127.0.0.1", "::1", listeners.http.host}
    return peer.host in local and peer.port == listeners.http.port


def _located(top: Part, finding: Finding) -> Problem:
    part = top / "devices" / finding.device if finding.device else top / "links" / finding.link
    if finding.key and finding.key in (part.value or {}):
        return (part / finding.key).problem(finding.message, hint=finding.hint)
    return part.problem(finding.message, hint=finding.hint, at_key=True)
