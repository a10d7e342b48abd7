"""The backups of a gateway: what its data directory holds, and when it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.app.layout import ANCHORS, AUDIT, OUTBOX, TABLES, VIEWS
from gateway.backup import Backups, Databases, Files, Plan, Schedule, SealedDatabase
from gateway.config import Site, weekday
from gateway.errors import ConfigError
from gateway.model import Clock
from gateway.room import Keeper
from gateway.seal import Keyring, Note
from gateway.store import EventStore, Outbox

_SITE = "site"
"""Where a restored data directory has the configuration as it was."""


def backups_of(
    site: Site,
    site_file: Path,
    data: Path,
    *,
    store: EventStore,
    outbox: Outbox,
    ring: Keyring,
    rooms: Iterable[object],
    clock: Clock,
    note: Note,
) -> Backups:
    """The backups of a site. Tables folded from events are in none: they are built anew."""
    keepers: tuple[Keeper, ...] = (
        Files(site_file.parent.absolute(), _SITE, site_file.name),
        Files(site_file.parent.absolute() / "profiles", f"{_SITE}/profiles", "*.yaml"),
        Files(data / ANCHORS, ANCHORS),
        Databases(data, (AUDIT, VIEWS, TABLES)),
        SealedDatabase(OUTBOX, outbox.save),
        *(each for each in rooms if isinstance(each, Keeper)),
    )

    return Backups(data, store, ring, clock, note, keepers, _plan(site, data))


def _plan(site: Site, data: Path) -> Plan | None:
    options = site.backup
    if options is None:
        return None
    target = Path(options.target)
    if target.absolute().is_relative_to((data / "store").absolute()):
        raise ConfigError(f"backup.target: {target} lies in the store itself: name another place")
    full_on = weekday(options.full_on) or 0
    zone = ZoneInfo(site.time_zone)
    schedule = Schedule(options.time, full_on, weekday(options.drill_on), zone)
    return Plan(target, schedule, options.keep)
