"""What changed between two readings of devices.yaml, so that only that restarts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.config.site import Site
from gateway.driver import DeviceEntry, LinkEntry


@dataclass(frozen=True, slots=True)
class DeviceChanges:
    """Devices that came, went and changed on a link that itself stays as it is."""

    added: tuple[DeviceEntry, ...]
    removed: tuple[DeviceEntry, ...]
    changed: tuple[DeviceEntry, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """From an old site to a new one; entries are the new ones, but `removed` are old.

    `changed_links` have another driver, options or transport: they restart with all their
    devices. `devices` holds, by link, what changed on links that stay. `sections` are rooms
    whose options changed, came or went. `fixed` names what a running gateway can't take over
    (`site`, `listeners`, `store`, `protection`, `backup`): it needs a restart.
    """

    added_links: tuple[LinkEntry, ...] = ()
    removed_links: tuple[LinkEntry, ...] = ()
    changed_links: tuple[LinkEntry, ...] = ()
    devices: Mapping[str, DeviceChanges] = field(default_factory=dict)
    sections: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything changed."""
        links = self.added_links or self.removed_links or self.changed_links
        return bool(links or self.devices or self.sections or self.fixed)


def difference(old: Site, new: Site) -> Difference:
    """What a reload from `old` to `new` has to do."""
    before = {link.id: link for link in old.links}
    after = {link.id: link for link in new.links}
    common = [(before[id_], after[id_]) for id_ in after if id_ in before]
    stay = [(was, now) for was, now in common if _bare(was) == _bare(now)]
    return Difference(
        added_links=tuple(after[id_] for id_ in after if id_ not in before),
        removed_links=tuple(before[id_] for id_ in before if id_ not in after),
        changed_links=tuple(now for was, now in common if _bare(was) != _bare(now)),
        devices={now.id: changes for was, now in stay if (changes := _devices(was, now))},
        sections=_sections(old, new),
        fixed=_fixed(old, new),
    )


def _bare(link: LinkEntry) -> LinkEntry:
    return replace(link, devices=())


def _devices(was: LinkEntry, now: LinkEntry) -> DeviceChanges | None:
    before = {device.id: device for device in was.devices}
    after = {device.id: device for device in now.devices}
    changes = DeviceChanges(
        added=tuple(after[id_] for id_ in after if id_ not in before),
        removed=tuple(before[id_] for id_ in before if id_ not in after),
        changed=tuple(after[id_] for id_ in after if id_ in before and before[id_] != after[id_]),
    )
    return changes if changes.added or changes.removed or changes.changed else None


def _sections(old: Site, new: Site) -> frozenset[str]:
    names = old.sections.keys() | new.sections.keys()
    return frozenset(name for name in names if old.sections.get(name) != new.sections.get(name))


_FIXED = ("listeners", "store", "protection", "backup")


def _fixed(old: Site, new: Site) -> frozenset[str]:
    who = ("id", "name", "time_zone", "locale", "simulated")
    moved = {"site"} if any(getattr(old, key) != getattr(new, key) for key in who) else set[str]()
    moved |= {key for key in _FIXED if getattr(old, key) != getattr(new, key)}
    return frozenset(moved)
