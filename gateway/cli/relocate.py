"""A site on other ports, in memory: what the demo does where a port is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from gateway.room import Movable

if TYPE_CHECKING:
    from gateway.config import Site
    from gateway.driver import LinkEntry


def ports_of(site: Site) -> dict[str, int]:
    """The TCP ports that links call, by link id, and those that sections name."""
    found = {link.id: port for link in site.links if (port := _port(link)) is not None}
    for section in site.sections.values():
        if isinstance(section, Movable):
            found |= section.places()
    return found


def relocated(site: Site, places: Mapping[str, int | str], http: int) -> Site:
    """`site` with what it talks to at `places` (ports, lines, files by name), its pages on `http`.

    A section that opens a port which a link called (the broker of the sensors) moves along.
    """
    moved = {old: places[name] for name, old in ports_of(site).items() if name in places}
    ports = {name: place for name, place in places.items() if isinstance(place, int)}
    listeners = site.listeners.model_copy(
        update={"http": site.listeners.http.model_copy(update={"port": http})}
    )
    return replace(
        site,
        listeners=listeners,
        links=tuple(
            _calling(link, places[link.id]) if link.id in places else link for link in site.links
        ),
        sections={name: _placed(section, ports, moved) for name, section in site.sections.items()},
    )


def _port(link: LinkEntry) -> int | None:
    called = link.transport or link.options
    if url := getattr(called, "url", ""):
        return urlsplit(url).port
    port = getattr(called, "port", None)
    return port if isinstance(port, int) else None


def _calling(link: LinkEntry, place: int | str) -> LinkEntry:
    moved = _moved(link.transport or link.options, place)
    if link.transport is not None:
        return replace(link, transport=link.transport.model_copy(update=moved))
    return replace(link, options=link.options.model_copy(update=moved))


def _moved(called: BaseModel, place: int | str) -> Mapping[str, Any]:
    """The keys of a link or transport that say where it leads, for another place."""
    if url := getattr(called, "url", ""):
        parts = urlsplit(url)
        return {"url": parts._replace(netloc=f"{parts.hostname}:{place}").geturl()}
    if isinstance(getattr(called, "path", None), Path):
        return {"path": Path(place)} if isinstance(place, str) else {}
    return {"port": place} if hasattr(called, "port") else {}


def _placed(
    section: BaseModel, ports: Mapping[str, int], moved: Mapping[int, int | str]
) -> BaseModel:
    if isinstance(section, Movable):
        return section.placed(ports)
    port = moved.get(getattr(section, "port", 0))
    return section if port is None else section.model_copy(update={"port": port})
