"""A site as its devices.yaml describes it, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from gateway.config.backup import BackupOptions
from gateway.config.options import Listeners, Protection, StoreOptions
from gateway.config.zones import ZonesOptions
from gateway.driver import LinkEntry
from gateway.model import Localized


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that devices.yaml says. `sections` holds each room's own, by room."""

    id: str
    name: Localized
    time_zone: str
    locale: str
    simulated: bool
    listeners: Listeners
    store: StoreOptions
    links: tuple[LinkEntry, ...]
    sections: Mapping[str, BaseModel]
    protection: Protection = field(default_factory=Protection)
    zones: ZonesOptions | None = None
    backup: BackupOptions | None = None
