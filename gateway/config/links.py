"""Links and their devices: the gateway reads its keys, the driver's models read theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.config.catalogue import Catalogue
from gateway.config.document import Part
from gateway.config.inspection import Inspection
from gateway.config.options import ID_PATTERN, DeviceCommon
from gateway.config.shape import is_model, kinds
from gateway.config.suggest import did_you_mean, shown
from gateway.driver import DeviceEntry, DriverType, LinkEntry, LinkOptions
from gateway.profile import Profile
from gateway.transport import Transport

LINK_KEYS = frozenset({"driver", "transport"})
DEVICE_KEYS = frozenset(DeviceCommon.model_fields)
TRANSPORTS: Mapping[str, type[Transport]] = {
    model.model_fields["type"].default: model for model in kinds(Transport) if is_model(model)
}

_ID = re.compile(ID_PATTERN)


@dataclass(slots=True)
class Draft:
    """A link while its devices are gathered; what could not be read is None."""

    id: str
    driver: DriverType | None
    options: LinkOptions | None = None
    transport: Transport | None = None
    complete: bool = False
    devices: list[DeviceEntry] = field(default_factory=list)

    def entry(self) -> LinkEntry | None:
        """The finished link, if everything in it was valid."""
        if self.driver is None or self.options is None or not self.complete:
            return None
        return LinkEntry(
            self.id, self.driver.name, self.options, self.transport, tuple(self.devices)
        )


@dataclass(frozen=True, slots=True)
class LinkReader:
    """Reads the sections `links` and `devices`."""

    inspection: Inspection
    drivers: Mapping[str, DriverType]
    catalogue: Catalogue
    simulated: bool
    zone: str

    def read(self, links: Part, devices: Part) -> tuple[LinkEntry, ...]:
        """The valid links with their valid devices; the problems of the rest are noted."""
        drafts = {id_: self._link(id_, part) for id_, part in self._named(links)}
        for id_, part in self._named(devices):
            self._device(id_, part, drafts)
        entries = (draft.entry() for draft in drafts.values())
        return tuple(entry for entry in entries if entry is not None)

    def _named(self, section: Part) -> Iterator[tuple[str, Part]]:
        for id_, part in self.inspection.mapping(section).items():
            if not _ID.fullmatch(id_):
                hint = "lower-case letters, digits, `-`, `_` and `.`, at most 63"
                message = f"{shown(id_)} can't be an id"
                self.inspection.problems.append(part.problem(message, hint=hint, at_key=True))
            yield id_, part

    def _link(self, id_: str, part: Part) -> Draft:
        inspection = self.inspection
        if not isinstance(part.value, dict):
            inspection.problems.append(part.problem(f"{shown(part.value)} is no link"))
            return Draft(id_, None)
        driver = inspection.plugin(part / "driver", self.drivers, "driver")
        if driver is None:
            return Draft(id_, None)
        own = LINK_KEYS if driver.transports else frozenset({"driver"})
        options = inspection.validated(driver.link, part, also=own, without=own)
        if not driver.transports:
            return Draft(id_, driver, options, complete=True)
        transport = self._transport(part / "transport", driver)
        return Draft(id_, driver, options, transport, complete=transport is not None)

    def _transport(self, part: Part, driver: DriverType) -> Transport | None:
        problems = self.inspection.problems
        if not isinstance(part.value, dict):
            allowed = " or ".join(f"{{type: {name}, …}}" for name in sorted(driver.transports))
            problems.append(part.problem("`transport` is missing", hint=f"write {allowed}"))
            return None
        named = part / "type"
        known = driver.transports & TRANSPORTS.keys()
        if not isinstance(named.value, str) or named.value not in known:
            hint = did_you_mean(named.value, known, "allowed")
            problems.append(named.problem(f"{shown(named.value)} is no transport here", hint=hint))
            return None
        return self.inspection.validated(TRANSPORTS[named.value], part)

    def _device(self, id_: str, part: Part, drafts: Mapping[str, Draft]) -> None:
        inspection = self.inspection
        common = inspection.validated(DeviceCommon, _only(part, DEVICE_KEYS))
        draft = self._draft(part / "link", drafts)
        driver = draft.driver if draft else None
        profile = self.catalogue.find(part / "profile", driver)
        driver = driver or (self.drivers[profile.driver] if profile else None)
        if driver is None:
            return
        options = inspection.validated(driver.device, part, also=DEVICE_KEYS, without=DEVICE_KEYS)
        if draft and common and profile and options and self._fits(profile, part, draft):
            draft.devices.append(
                DeviceEntry(
                    id=id_,
                    name=common.name or id_,
                    link=draft.id,
                    profile=profile,
                    options=options,
                    interval=common.interval or profile.interval,
                    location=common.location,
                    simulated=common.simulated or self.simulated,
                    zone=profile.zone or self.zone,
                    department=common.department,
                )
            )

    def _draft(self, part: Part, drafts: Mapping[str, Draft]) -> Draft | None:
        if not isinstance(part.value, str):
            return None
        draft = drafts.get(part.value)
        if draft is None:
            hint = did_you_mean(part.value, drafts, "known")
            message = f"unknown link {shown(part.value)}"
            self.inspection.problems.append(part.problem(message, hint=hint))
        return draft

    def _fits(self, profile: Profile, device: Part, draft: Draft) -> bool:
        driver = draft.driver
        fits = driver is not None and isinstance(profile, driver.profile)
        if driver is not None and not fits:
            message = (
                f"profile {shown(profile.profile)} is for driver {profile.driver},"
                f" but link {shown(draft.id)} speaks {driver.name}"
            )
            self.inspection.problems.append((device / "profile").problem(message))
        return fits


def _only(part: Part, keys: frozenset[str]) -> Part:
    if not isinstance(part.value, dict):
        return part
    kept = {key: value for key, value in part.value.items() if key in keys}
    return Part(part.document, part.trail, kept)
