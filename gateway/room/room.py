"""The one plug: what a room brings to the gateway. `app` composes rooms, nobody else knows all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel
from starlette.routing import BaseRoute

from gateway.driver import LinkEntry
from gateway.model import Clock, Localized
from gateway.room.access import Principal
from gateway.room.audit import Auditor
from gateway.room.page import Entry, Glance, Hit, PageKit
from gateway.room.paper import Paper, Papers, no_papers
from gateway.room.ports import RoomPorts
from gateway.room.subscriber import Subscriber
from gateway.room.tables import RoomTables, TableSet
from gateway.room.telling import Telling
from gateway.room.values import Values
from gateway.seal import Keyring

ENTRY_POINT_GROUP = "gateway.rooms"
"""Rooms that are always open."""
OPTIONAL_ENTRY_POINT_GROUP = "gateway.optional_rooms"
"""Rooms that are open where devices.yaml has the section of their name; else not even imported."""

S = TypeVar("S")


@runtime_checkable
class OpensPorts(Protocol):
    """A room's section that knows which TCP ports the room will listen on, for the check."""

    def ports(self) -> Sequence[tuple[str, int]]:
        """Host and port of each."""
        ...


@runtime_checkable
class CallsOut(Protocol):
    """A section, or a link's options, that knows which hosts will be called, for the check."""

    def calls(self) -> Sequence[str]:
        """Names or addresses."""
        ...


@runtime_checkable
class Movable(Protocol):
    """A section whose ports can be others: a demo moves to free ones."""

    def places(self) -> Mapping[str, int]:
        """The ports that it listens on or calls, each by a name."""
        ...

    def placed(self, places: Mapping[str, int]) -> BaseModel:
        """The section with other ports for some of the names; names of others are left alone."""
        ...


@runtime_checkable
class EndsStreams(Protocol):
    """A service with endless answers of its own, which end before the server is told to stop."""

    def end_streams(self) -> None: ...


class Neighbours(Protocol):
    """The other rooms of the gateway."""

    def __call__(self, kind: type[S]) -> S:
        """The running subscriber or service of a class; LookupError while its room is closed.

        Rooms open in no particular order: ask when it is needed, not while opening.
        """
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """`zone` is an IANA name, `locale` a BCP 47 tag."""

    id: str
    name: Localized
    zone: str
    locale: str


@dataclass(frozen=True, slots=True)
class RoomContext:
    """What a room is given when it opens.

    `section` is its part of devices.yaml, or None; `data` the gateway's data directory, in which
    projections lie under `store/`; `tables` holds those that the room brings; `links` tells the
    links and devices as configured now, `values` what the devices say; `ring` seals whatever the
    room keeps that could identify a patient; `papers` gives what all rooms want printed.
    """

    site: Site
    clock: Clock
    data: Path
    section: Any
    ports: RoomPorts
    tables: RoomTables
    audit: Auditor
    links: Callable[[], Sequence[LinkEntry]]
    neighbours: Neighbours
    ring: Keyring
    values: Values
    papers: Papers = no_papers


@dataclass(frozen=True, slots=True)
class Running:
    """An open room.

    `jobs` run, by name, from when all rooms are open until the gateway stops; one that ends with
    an error stops the gateway. `services` can be asked for by other rooms, as subscribers can.
    `routes` makes the room's pages and API; `glance` its part of the overview; `find` answers the
    palette with what a principal may see of what fits some letters, the best first and few;
    `papers` gives the lists that it wants printed for a downtime.
    """

    subscribers: Sequence[Subscriber] = ()
    services: Sequence[object] = ()
    jobs: Mapping[str, Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=dict)
    routes: Callable[[PageKit], Iterable[BaseRoute]] | None = None
    glance: Callable[[Principal], Awaitable[Glance]] | None = None
    find: Callable[[Principal, str], Awaitable[Sequence[Hit]]] | None = None
    papers: Callable[[], Awaitable[Sequence[Paper]]] | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A room. Leaving what `open` gives stops it.

    Its entry point's group says when it is open. `section` is what devices.yaml may say of it; one
    that is always open gets defaults where the file is silent. `package` holds its `templates/` and
    `locale/`; `words` are the closed sets whose words it shows, by the context under which its
    catalogue translates them; `tells` is what its events are called. `tables` are made ready before
    it opens.
    """

    name: str
    open: Callable[[RoomContext], AbstractAsyncContextManager[Running]]
    section: type[BaseModel] | None = None
    package: str = ""
    tables: TableSet | None = None
    navigation: tuple[Entry, ...] = ()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tells: Telling = field(default_factory=dict)
