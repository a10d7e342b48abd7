"""The section `alarms` of devices.yaml: what this site wants otherwise than its profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.alarms.builtin import system_alarms
from gateway.config.suggest import did_you_mean
from gateway.driver import DeviceEntry, LinkEntry
from gateway.profile import (
    AlarmLimit,
    AlarmRule,
    AlarmStale,
    AlarmState,
    Off,
    Point,
    PointAlarms,
    Seconds,
)
from gateway.profile.alarm import LIMITS
from gateway.room import Mistake

R = TypeVar("R", bound=AlarmRule)


class RuleChange(AlarmRule):
    """What differs from a rule; the rest stays."""

    def applied(self, rule: R | None, kind: type[R]) -> R:
        """The changed rule; ValidationError if something is missing or can't be said of it."""
        base = rule.model_dump(exclude_unset=True) if rule is not None else {}
        return kind.model_validate(base | self.model_dump(include=self.model_fields_set))


class Change(RuleChange):
    """What differs from a rule of a point's profile, or a rule where it has none."""

    limit: float | None = None
    deadband: float | None = Field(default=None, ge=0)
    after: Seconds | None = Field(default=None, gt=0)


RuleWish: TypeAlias = RuleChange | Off
Wish: TypeAlias = Change | Off


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PointWishes(_Options):
    """Of one point; `off` takes an alarm of the profile away."""

    high_high: Wish | None = None
    high: Wish | None = None
    low: Wish | None = None
    low_low: Wish | None = None
    states: Mapping[str, Wish] = Field(default_factory=dict)
    stale: Wish | None = None

    def applied(self, alarms: PointAlarms) -> PointAlarms:
        """The profile's alarms with the site's wishes; ValidationError as `Change.applied`."""
        limits = {
            name: _wished(getattr(self, name), getattr(alarms, name), AlarmLimit) for name in LIMITS
        }
        states = {
            word: _wished(self.states.get(word), alarms.states.get(word), AlarmState)
            for word in {**alarms.states, **self.states}
        }
        return PointAlarms(
            **limits,
            states={word: rule for word, rule in states.items() if rule is not None},
            stale=_wished(self.stale, alarms.stale, AlarmStale),
        )


class DeviceWishes(_Options):
    """Of one device: that it does not answer, and its points."""

    offline: RuleWish | None = None
    points: Mapping[str, PointWishes] = Field(default_factory=dict)


class Alarms(_Options):
    """`offline` and `link` are for all devices and links; `max_shelve` bounds every shelf."""

    offline: RuleWish | None = None
    link: RuleWish | None = None
    devices: Mapping[str, DeviceWishes] = Field(default_factory=dict)
    links: Mapping[str, RuleWish] = Field(default_factory=dict)
    system: Mapping[str, RuleWish] = Field(default_factory=dict)
    max_shelve: Seconds = Field(default=86_400, gt=0)

    def faults(self, links: Sequence[LinkEntry]) -> Iterable[Mistake]:
        """Devices, points, states and links that this site has not, and rules that can't be."""
        devices = {entry.id: entry for link in links for entry in link.devices}
        yield from _strangers(("devices",), self.devices, devices, "device")
        yield from _strangers(("links",), self.links, {link.id for link in links}, "link")
        yield from _strangers(("system",), self.system, system_alarms(), "alarm of the gateway")
        for id_, wishes in self.devices.items():
            if id_ in devices:
                yield from _device_faults(("devices", id_), wishes, devices[id_])


def _wished(wish: Wish | None, rule: R | None, kind: type[R]) -> R | None:
    if wish is None:
        return rule
    return wish.applied(rule, kind) if isinstance(wish, Change) else None


def _strangers(
    trail: tuple[str, ...], named: Iterable[str], known: Iterable[str], noun: str
) -> Iterator[Mistake]:
    names = set(known)
    for each in named:
        if each not in names:
            hint = did_you_mean(each, names)
            yield Mistake((*trail, each), f"there is no {noun} '{each}'", hint)


def _device_faults(
    trail: tuple[str, ...], wishes: DeviceWishes, entry: DeviceEntry
) -> Iterator[Mistake]:
    points = entry.profile.points
    yield from _strangers((*trail, "points"), wishes.points, points, f"point of {entry.id}")
    for code, wish in wishes.points.items():
        if code in points:
            alarms = entry.profile.alarms.get(code, PointAlarms())
            yield from _point_faults((*trail, "points", code), wish, points[code], alarms)


def _point_faults(
    trail: tuple[str, ...], wishes: PointWishes, point: Point, given: PointAlarms
) -> Iterator[Mistake]:
    words = frozenset(point.states.values())
    yield from _strangers((*trail, "states"), wishes.states, words, "state")
    try:
        alarms = wishes.applied(given)
    except ValidationError as error:
        for each in error.errors():
            place = ".".join(str(step) for step in each["loc"])
            yield Mistake(trail, f"{place}: {each['msg']}" if place else each["msg"])
        return
    for fault in alarms.faults(point.kind, words | wishes.states.keys()):
        yield Mistake(trail, fault)
