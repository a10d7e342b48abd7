"""The rooms of a gateway, open together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from starlette.routing import BaseRoute

from gateway.config import RoomSet, Site
from gateway.driver import LinkEntry
from gateway.model import Clock
from gateway.room import (
    Auditor,
    Entry,
    Glance,
    Hit,
    PageKit,
    Paper,
    Principal,
    RoomContext,
    RoomPorts,
    RoomTables,
    Running,
    Subscriber,
    TableSet,
    Telling,
    Values,
    joined,
)
from gateway.room import Site as SiteFacts
from gateway.seal import Keyring

S = TypeVar("S")


@dataclass(slots=True)
class Rooms:
    """The open rooms, by name."""

    rooms: RoomSet
    running: dict[str, Running] = field(default_factory=dict)
    services: tuple[object, ...] = ()
    """What the gateway itself offers to rooms."""
    telling: Telling = field(init=False)
    """What their events are called, of those as well that are closed now."""

    def __post_init__(self) -> None:
        self.telling = joined(*(each.tells for each in self.rooms.values()))

    async def open(
        self,
        stack: AsyncExitStack,
        site: Site,
        *,
        data: Path,
        clock: Clock,
        ports: RoomPorts,
        tables: RoomTables,
        audit: Auditor,
        links: Callable[[], Sequence[LinkEntry]],
        ring: Keyring,
        values: Values,
    ) -> None:
        """Open those that the site has a section for and those that need none, until `stack` ends.

        Their neighbours can be asked for from then on.
        """
        facts = SiteFacts(site.id, site.name, site.time_zone, site.locale)
        for name, room in self.rooms.wanted(site.sections):
            section = site.sections.get(name) or (room.section() if room.section else None)
            context = RoomContext(
                facts,
                clock,
                data,
                section,
                ports,
                tables,
                audit,
                links,
                self.neighbour,
                ring,
                values,
                self.papers,
            )
            self.running[name] = await stack.enter_async_context(room.open(context))

    def tables(self, site: Site) -> Mapping[str, TableSet]:
        """What the rooms that `site` opens bring of tables, by room."""
        wanted = self.rooms.wanted(site.sections)
        return {name: room.tables for name, room in wanted if room.tables is not None}

    def neighbour(self, kind: type[S]) -> S:
        """The subscriber or service of a class; LookupError while its room is closed."""
        for one in self.everybody():
            if isinstance(one, kind):
                return one
        raise LookupError(f"no open room has a {kind.__name__}")

    def everybody(self) -> Iterator[object]:
        """Subscribers and services, the gateway's own first."""
        yield from self.services
        for each in self.running.values():
            yield from (*each.subscribers, *each.services)

    def subscribers(self) -> Iterator[Subscriber]:
        for each in self.running.values():
            yield from each.subscribers

    def jobs(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        for name, each in self.running.items():
            for job, make in each.jobs.items():
                yield f"{name}-{job}", make

    def routes(self, kit: PageKit) -> Iterator[BaseRoute]:
        """The pages and the API of the rooms."""
        for each in self.running.values():
            if each.routes is not None:
                yield from each.routes(kit)

    def navigation(self) -> Sequence[Entry]:
        entries = (entry for name in self.running for entry in self.rooms[name].navigation)
        return sorted(entries, key=lambda entry: entry.place)

    def packages(self) -> Sequence[str]:
        """Where open rooms keep templates and catalogues."""
        return [room.package for name in self.running if (room := self.rooms[name]).package]

    async def glances(self, who: Principal) -> Sequence[Glance]:
        return [await each.glance(who) for each in self.running.values() if each.glance]

    async def papers(self) -> Sequence[Paper]:
        """What the rooms want printed."""
        given = [await each.papers() for each in self.running.values() if each.papers]
        return [paper for papers in given for paper in papers]

    async def find(self, who: Principal, text: str) -> Sequence[Hit]:
        found = [await each.find(who, text) for each in self.running.values() if each.find]
        return [hit for hits in found for hit in hits]
