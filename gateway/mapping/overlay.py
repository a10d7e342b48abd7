"""Profiles with what the site's mappings add to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.driver import AnalyzerOptions, DeviceEntry, LinkEntry
from gateway.mapping.mapping import (
    DEVICE,
    LINK,
    PROFILE,
    CodeMapping,
    Kept,
    SenderMapping,
    UnitMapping,
)
from gateway.profile import NO_UNIT, Analyte, AnalyzerProfile


class Overlay:
    """What mappings make of links and devices.

    A mapping fills a gap and changes nothing: where the profile itself knows a code, a unit or a
    factor, the profile counts. Of two mappings the one for a single device goes before the one
    for its profile.
    """

    def __init__(self, kept: Iterable[Kept] = ()) -> None:
        self.kept: Sequence[Kept] = tuple(kept)

    def link(self, link: LinkEntry) -> LinkEntry:
        """The link with its devices as they are with the mappings."""
        devices = tuple(self.device(entry) for entry in link.devices)
        return link if devices == link.devices else replace(link, devices=devices)

    def running(self, link: LinkEntry) -> LinkEntry:
        """The link as its driver runs it: only who is behind a sender's name matters to it."""
        devices = tuple(
            replace(entry, options=self.device(entry).options) for entry in link.devices
        )
        return link if devices == link.devices else replace(link, devices=devices)

    def device(self, entry: DeviceEntry) -> DeviceEntry:
        """The device with what is mapped for it."""
        mine = [each.mapping for each in self.of(entry)]
        if not mine:
            return entry
        profile = entry.profile
        if isinstance(profile, AnalyzerProfile):
            profile = _with_codes(profile, [each for each in mine if isinstance(each, CodeMapping)])
            profile = _with_units(profile, [each for each in mine if isinstance(each, UnitMapping)])
        senders = [each.sender for each in mine if isinstance(each, SenderMapping)]
        options = _with_senders(entry.options, senders) if senders else entry.options
        return replace(entry, profile=profile, options=options)

    def of(self, entry: DeviceEntry) -> list[Kept]:
        """The mappings that hold for a device, those of the device itself first."""
        scopes = (f"{DEVICE}:{entry.id}", f"{PROFILE}:{entry.profile.profile}")
        return [
            *(each for scope in scopes for each in self.kept if each.mapping.scope == scope),
            *(each for each in self.kept if _names(each, entry)),
        ]


def _names(kept: Kept, entry: DeviceEntry) -> bool:
    mapping = kept.mapping
    return (
        isinstance(mapping, SenderMapping)
        and mapping.scope == f"{LINK}:{entry.link}"
        and mapping.device == entry.id
    )


def _with_codes(profile: AnalyzerProfile, mappings: Sequence[CodeMapping]) -> AnalyzerProfile:
    added: dict[str, Analyte] = {}
    for mapping in mappings:
        if mapping.code not in profile.points:
            added.setdefault(mapping.code, mapping.analyte)
    if not added:
        return profile
    return profile.model_copy(update={"points": {**profile.points, **added}})


def _with_units(profile: AnalyzerProfile, mappings: Sequence[UnitMapping]) -> AnalyzerProfile:
    units, points = dict(profile.units), dict(profile.points)
    missing = profile.unit_missing
    for mapping in mappings:
        if mapping.unit == NO_UNIT and not mapping.ucum:
            missing = "profile"
            continue
        units.setdefault(mapping.unit, mapping.ucum)
        for test, factor in mapping.convert.items():
            point = points.get(test)
            if point is not None and mapping.ucum not in point.convert:
                convert = {**point.convert, mapping.ucum: factor}
                points[test] = point.model_copy(update={"convert": convert})
    if (units, points, missing) == (profile.units, profile.points, profile.unit_missing):
        return profile
    return profile.model_copy(update={"units": units, "points": points, "unit_missing": missing})


def _with_senders(options: object, senders: Sequence[str]) -> AnalyzerOptions:
    given = options if isinstance(options, AnalyzerOptions) else AnalyzerOptions()
    patterns = [given.sender_pattern] if given.sender_pattern else []
    patterns += [re.escape(sender) for sender in senders]
    return given.model_copy(update={"sender_pattern": "|".join(f"(?:{p})" for p in patterns)})
