"""A site as plain values, to be shown and compared; secrets are never among them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from gateway.config.site import Site
from gateway.driver import DeviceEntry, LinkEntry


def plain(site: Site) -> dict[str, Any]:
    """Every option by name, given or by default; profiles once each, under their names.

    A secret is a row of stars, so that a new one behind the same reference is no difference.
    """
    return {
        "site": {
            "id": site.id,
            "name": site.name,
            "time_zone": site.time_zone,
            "locale": site.locale,
            "simulated": site.simulated,
        },
        "listeners": _dump(site.listeners),
        "store": _dump(site.store),
        "zones": _dump(site.zones) if site.zones is not None else None,
        "links": {link.id: _link(link) for link in site.links},
        "profiles": {
            entry.profile.profile: _dump(entry.profile)
            for link in site.links
            for entry in link.devices
        },
        **{name: _dump(section) for name, section in sorted(site.sections.items())},
    }


def _link(link: LinkEntry) -> dict[str, Any]:
    return {
        "driver": link.driver,
        **_dump(link.options),
        "transport": _dump(link.transport) if link.transport is not None else None,
        "devices": {entry.id: _device(entry) for entry in link.devices},
    }


def _device(entry: DeviceEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "profile": entry.profile.profile,
        "location": entry.location,
        "interval": entry.interval,
        "simulated": entry.simulated,
        "zone": entry.zone,
        **_dump(entry.options),
    }


def _dump(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")
