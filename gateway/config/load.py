"""From a file to a Site, with every problem on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from gateway.config.backup import BackupOptions
from gateway.config.catalogue import Catalogue
from gateway.config.clashes import clashes
from gateway.config.document import Document, Part
from gateway.config.inspection import Inspection, Model
from gateway.config.links import LinkReader
from gateway.config.options import Listeners, Protection, SiteOptions, StoreOptions
from gateway.config.parse import read_yaml
from gateway.config.secret import Secrets
from gateway.config.site import Site
from gateway.config.suggest import did_you_mean
from gateway.config.zones import ZonesOptions
from gateway.driver import DriverType, LinkEntry
from gateway.errors import ConfigError, Problem
from gateway.room import Room

SECTIONS = frozenset(
    {"site", "listeners", "store", "protection", "backup", "zones", "links", "devices", "profiles"}
)


def load_site(path: Path, *, drivers: Mapping[str, DriverType], rooms: Mapping[str, Room]) -> Site:
    """The site that a file describes; ConfigError carries every problem if there is one."""
    site, problems = _examine(path, drivers, rooms, lenient=False)
    faults = tuple(problem for problem in problems if not problem.note)
    if site is None or faults:
        count = f"{len(faults)} problem{'' if len(faults) == 1 else 's'}"
        raise ConfigError(f"{path} can't be used: {count}", faults)
    return site


def check_site(
    path: Path, *, drivers: Mapping[str, DriverType], rooms: Mapping[str, Room]
) -> list[Problem]:
    """Every problem of a file, in its order; nothing in the file makes this raise.

    A secret whose environment variable or file is absent is a note here, since it may exist
    where the gateway runs.
    """
    return _examine(path, drivers, rooms, lenient=True)[1]


def _examine(
    path: Path, drivers: Mapping[str, DriverType], rooms: Mapping[str, Room], *, lenient: bool
) -> tuple[Site | None, list[Problem]]:
    document = read_yaml(path)
    inspection = Inspection(Secrets(path.parent, lenient=lenient), list(document.problems))
    site = None
    if isinstance(document.value, dict):
        site = _Reading(inspection, document, drivers, rooms).site()
    elif not document.problems:
        hint = "start with `site:`; docs/reference/devices-yaml.md explains the rest"
        inspection.problems.append(document.top().problem("no sections in this file", hint=hint))
    found = dict.fromkeys(inspection.problems)
    main = str(path)
    return site, sorted(found, key=lambda at: (at.file != main, at.file, at.line, at.column))


@dataclass(frozen=True, slots=True)
class _Reading:
    inspection: Inspection
    document: Document
    drivers: Mapping[str, DriverType]
    rooms: Mapping[str, Room]

    def site(self) -> Site | None:
        top = self.document.top()
        self._refuse_unknown(top)
        who = self.inspection.validated(SiteOptions, top / "site")
        listeners = self._optional(top / "listeners", Listeners)
        store = self._optional(top / "store", StoreOptions)
        protection = self._optional(top / "protection", Protection)
        zones = backup = None
        if "zones" in top.entries():
            zones = self._optional(top / "zones", ZonesOptions)
        if "backup" in top.entries():
            backup = self._optional(top / "backup", BackupOptions)
        sections = self._sections(top)
        links = self._links(top, who)
        if who is None or listeners is None or store is None or protection is None:
            return None
        site = Site(
            id=who.id,
            name=who.name,
            time_zone=who.time_zone,
            locale=who.locale,
            simulated=who.simulated,
            listeners=listeners,
            store=store,
            links=links,
            sections=sections,
            zones=zones,
            backup=backup,
            protection=protection,
        )
        self.inspection.problems.extend(clashes(top, site, self.drivers))
        return site

    def _refuse_unknown(self, top: Part) -> None:
        known = SECTIONS | self.rooms.keys()
        for key in top.entries().keys() - known:
            hint = did_you_mean(key, known - top.entries().keys(), "also known here")
            problem = (top / key).problem(f"unknown section `{key}`", hint=hint, at_key=True)
            self.inspection.problems.append(problem)

    def _optional(self, part: Part, model: type[Model]) -> Model | None:
        """A section that may be left out, or left empty."""
        value = {} if part.value is None else part.value
        return self.inspection.validated(model, Part(part.document, part.trail, value))

    def _sections(self, top: Part) -> dict[str, BaseModel]:
        sections: dict[str, BaseModel] = {}
        for name in self.rooms.keys() & top.entries().keys():
            section = self._section(name, top / name)
            if section is not None:
                sections[name] = section
        return sections

    def _section(self, name: str, part: Part) -> BaseModel | None:
        try:
            room = self.rooms[name]
        except ConfigError as error:
            self.inspection.problems.append(part.problem(str(error), at_key=True))
            return None
        if room.section is None:
            self.inspection.problems.append(
                part.problem(f"room {name} has no options", at_key=True)
            )
            return None
        return self._optional(part, room.section)

    def _links(self, top: Part, who: SiteOptions | None) -> tuple[LinkEntry, ...]:
        catalogue = Catalogue(self.inspection, self.drivers)
        for name, part in self.inspection.mapping(top / "profiles").items():
            catalogue.add_inline(name, part)
        for file in sorted((self.document.file.parent / "profiles").glob("*.yaml")):
            catalogue.add_file(file)
        simulated, zone = (who.simulated, who.time_zone) if who else (False, "UTC")
        reader = LinkReader(self.inspection, self.drivers, catalogue, simulated, zone)
        return reader.read(top / "links", top / "devices")
