"""The profiles that a device can name: built into drivers, in profiles/*.yaml, and inline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from gateway.config.document import Part
from gateway.config.inspection import Inspection
from gateway.config.parse import parse_yaml, read_yaml
from gateway.config.suggest import did_you_mean, shown
from gateway.driver import DriverType
from gateway.errors import ConfigError, Problem
from gateway.model import Kind
from gateway.profile import Profile, vocabulary


class Catalogue:
    """Profiles by name. The site's own are read at once, built-in ones when a device asks."""

    def __init__(self, inspection: Inspection, drivers: Mapping[str, DriverType]) -> None:
        self._inspection = inspection
        self._drivers = drivers
        self._sources: dict[str, str] = {}
        self._read: dict[str, Profile | None] = {}
        self._built_in: dict[str, dict[str, Part]] = {}

    def add_file(self, file: Path) -> None:
        """A file beside devices.yaml that holds one profile."""
        document = read_yaml(file)
        self._inspection.problems.extend(document.problems)
        if document.value is not None:
            top = document.top()
            self._add(str((top / "profile").value), top)

    def add_inline(self, name: str, part: Part) -> None:
        """A profile of devices.yaml itself; its key is its name."""
        if isinstance(part.value, dict):
            part = Part(part.document, part.trail, {"profile": name, **part.value})
        self._add(name, part)

    def find(self, part: Part, link_driver: DriverType | None) -> Profile | None:
        """The profile that a device names, or None with the problem noted."""
        name = part.value
        if not isinstance(name, str):
            return None
        if name not in self._read and not self._read_built_in(name, link_driver):
            hint = did_you_mean(name, self._names())
            message = f"unknown profile {shown(name)}"
            self._inspection.problems.append(part.problem(message, hint=hint))
            return None
        return self._read[name]

    def _add(self, name: str, part: Part) -> None:
        inspection = self._inspection
        if not isinstance(part.value, dict):
            inspection.problems.append(part.problem(f"{shown(part.value)} is no profile"))
            return
        owner = inspection.plugin(part / "driver", self._drivers, "driver")
        built_in = self._built_in_of(owner).get(name) if owner else None
        if built_in is not None and _is_one_file(built_in, part):
            return
        if name in self._sources:
            self._exists(name, part, f"in {self._sources[name]}")
            return
        if owner is not None and not self._may_stand_beside(name, part, owner, built_in):
            return
        self._sources[name] = str(part.document.file)
        profile = inspection.validated(owner.profile, part) if owner else None
        self._read[name] = profile
        if profile is not None:
            inspection.problems.extend(_unitless(profile, part / "points"))

    def _may_stand_beside(
        self, name: str, part: Part, owner: DriverType, built_in: Part | None
    ) -> bool:
        """Whether a site's own profile says of the built-in one of its name what is true."""
        replaces = "replaces" in part.entries()
        if built_in is not None and not replaces:
            hint = f"in driver {owner.name}; write `replaces: built-in` to use this one instead"
            self._exists(name, part, hint)
            return False
        if built_in is None and replaces:
            hint = did_you_mean(name, self._built_in_of(owner))
            message = f"driver {owner.name} has no built-in profile {shown(name)} to replace"
            self._inspection.problems.append((part / "replaces").problem(message, hint=hint))
            return False
        return True

    def _exists(self, name: str, part: Part, hint: str) -> None:
        message = f"profile {shown(name)} exists already"
        self._inspection.problems.append((part / "profile").problem(message, hint=hint))

    def _read_built_in(self, name: str, link_driver: DriverType | None) -> bool:
        """Read a built-in profile: of the link's driver first, else of any other."""
        for owner in [link_driver, *self._loadable()] if link_driver else self._loadable():
            origin = self._built_in_of(owner).get(name)
            if origin is not None:
                self._read[name] = self._inspection.validated(owner.profile, origin)
                return True
        return False

    def _loadable(self) -> Iterator[DriverType]:
        for name in self._drivers:
            try:
                yield self._drivers[name]
            except ConfigError:
                continue

    def _built_in_of(self, driver: DriverType) -> dict[str, Part]:
        if driver.name not in self._built_in:
            found = built_in_profiles(driver)
            for part in found.values():
                self._inspection.problems.extend(part.document.problems)
            self._built_in[driver.name] = found
        return self._built_in[driver.name]

    def _names(self) -> set[str]:
        built_in = {name for driver in self._loadable() for name in self._built_in_of(driver)}
        return built_in | self._read.keys()


def _is_one_file(built_in: Part, part: Part) -> bool:
    """Whether a file beside devices.yaml is the built-in one: a driver's sample lies there."""
    return built_in.document.file.resolve() == part.document.file.resolve()


def _unitless(profile: Profile, points: Part) -> Iterator[Problem]:
    """Measurements without a unit: a slip in a shared code looks like that, too."""
    for code, point in profile.points.items():
        if point.kind is Kind.MEASUREMENT and not point.unit:
            near = get_close_matches(code, vocabulary(), 1)
            hint = f"did you mean `{near[0]}`?" if near else "write `unit: 1` for a plain number"
            yield (points / code).problem("a measurement needs its `unit`", hint=hint, at_key=True)


def built_in_profiles(driver: DriverType) -> dict[str, Part]:
    """The profiles in a driver's folder, by name, not yet validated."""
    folder = driver.home / "profiles"
    if not folder.is_dir():
        return {}
    tops = {
        file.name: parse_yaml(file.read_bytes(), Path(str(file))).top()
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".yaml")
    }
    return {str(top.entries().get("profile", name)): top for name, top in tops.items()}
