"""The alarms of a site, from its profiles and its devices.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gateway.alarms.builtin import link_rule, offline_rule, system_alarms
from gateway.alarms.definition import (
    GATEWAY,
    Condition,
    Definition,
    Limit,
    LinkDown,
    Offline,
    Stale,
    Word,
    device_id,
    link_id,
)
from gateway.alarms.options import Alarms, DeviceWishes, PointWishes, RuleChange, RuleWish
from gateway.driver import DeviceEntry, LinkEntry
from gateway.model import Localized, Micros, localize
from gateway.profile import AlarmRule, Point, PointAlarms, vocabulary

_SECOND = 1_000_000
_LANGUAGES = ("en", "zh-CN")
_BEYOND: Mapping[str, Mapping[str, str]] = {
    "high_high": {"en": "{} very high", "zh-CN": "{}极高"},
    "high": {"en": "{} high", "zh-CN": "{}过高"},
    "low": {"en": "{} low", "zh-CN": "{}过低"},
    "low_low": {"en": "{} very low", "zh-CN": "{}极低"},
    "stale": {"en": "{} without a current value", "zh-CN": "{}无当前值"},
}
_ITSELF = {"en": "Gateway", "zh-CN": "网关"}


def define(links: Sequence[LinkEntry], wanted: Alarms) -> dict[str, Definition]:
    """Every alarm of the site, by id; what the site turned off is not among them."""
    return {each.id: each for each in _all(links, wanted)}


def _all(links: Sequence[LinkEntry], wanted: Alarms) -> Iterator[Definition]:
    for name, built_in in system_alarms().items():
        rule = _rule(built_in.rule, wanted.system.get(name))
        if rule is not None:
            yield _definition(f"{GATEWAY}/{name}", GATEWAY, built_in.condition, rule, _ITSELF)
    for link in links:
        rule = _rule(link_rule(), wanted.link, wanted.links.get(link.id))
        if rule is not None:
            subject = {"en": f"Link {link.id}", "zh-CN": f"链路 {link.id}"}
            down = LinkDown(link.id, tuple(entry.id for entry in link.devices))
            yield _definition(link_id(link.id), GATEWAY, down, rule, subject)
        for entry in link.devices:
            yield from _of_device(entry, wanted)


def _of_device(entry: DeviceEntry, wanted: Alarms) -> Iterator[Definition]:
    wishes = wanted.devices.get(entry.id) or DeviceWishes()
    rule = _rule(offline_rule(), wanted.offline, wishes.offline)
    if rule is not None:
        yield _of_entry(entry, device_id(entry.id), Offline(), rule, (link_id(entry.link),))
    for key, point in entry.profile.points.items():
        alarms = entry.profile.alarms.get(key)
        if alarms is not None or key in wishes.points:
            wish = wishes.points.get(key) or PointWishes()
            yield from _of_point(entry, key, point, wish.applied(alarms or PointAlarms()))


def _of_point(
    entry: DeviceEntry, key: str, point: Point, alarms: PointAlarms
) -> Iterator[Definition]:
    code, place = point.code or key, f"{entry.id}/{key}"
    name = _point_name(key, point)
    for which, limit in alarms.limits.items():
        above = which.startswith("high")
        condition = Limit(code, above, limit.limit, limit.deadband, point.unit)
        yield _of_entry(entry, f"{place}/{which}", condition, _named(limit, _BEYOND[which], name))
    for word, rule in alarms.states.items():
        said = _named(rule, dict.fromkeys(_LANGUAGES, f"{{}}: {word}"), name)
        yield _of_entry(entry, f"{place}/is-{word.replace(' ', '-')}", Word(code, word), said)
    if alarms.stale is not None:
        condition_ = Stale(code, _micros(alarms.stale.after))
        causes = (link_id(entry.link), device_id(entry.id))
        said = _named(alarms.stale, _BEYOND["stale"], name)
        yield _of_entry(entry, f"{place}/stale", condition_, said, causes)


def _of_entry(
    entry: DeviceEntry,
    id_: str,
    condition: Condition,
    rule: AlarmRule,
    suppressed_by: tuple[str, ...] = (),
) -> Definition:
    return _definition(
        id_,
        entry.id,
        condition,
        rule,
        entry.name,
        place=entry.location,
        suppressed_by=suppressed_by,
        simulated=entry.simulated,
    )


def _definition(
    id_: str,
    device: str,
    condition: Condition,
    rule: AlarmRule,
    subject: Localized,
    *,
    place: Localized = "",
    suppressed_by: tuple[str, ...] = (),
    simulated: bool = False,
) -> Definition:
    return Definition(
        id=id_,
        device=device,
        condition=condition,
        priority=rule.rationalised,
        severity=rule.severity,
        respond=_micros(rule.respond),
        name=rule.name,
        subject=subject,
        place=place,
        consequence=rule.consequence,
        advice=rule.advice,
        on_delay=_micros(rule.on_delay),
        off_delay=_micros(rule.off_delay),
        latch=rule.latch,
        suppressed_by=suppressed_by,
        simulated=simulated,
    )


def _rule(rule: AlarmRule, *wishes: RuleWish | None) -> AlarmRule | None:
    """A built-in rule with the site's wishes, the last of which counts most; None if it is off."""
    for wish in wishes:
        if isinstance(wish, RuleChange):
            rule = wish.applied(rule, AlarmRule)
        elif wish is not None:
            return None
    return rule


def _named(rule: AlarmRule, pattern: Mapping[str, str], point: Localized) -> AlarmRule:
    """A rule with a name: its own, else one made of the point's."""
    if rule.name:
        return rule
    name = {tag: pattern[tag].format(localize(point, tag)) for tag in _LANGUAGES}
    return rule.model_copy(update={"name": name})


def _point_name(key: str, point: Point) -> Localized:
    term = vocabulary().get(point.code or key)
    return point.name or (term.name if term is not None else key)


def _micros(seconds: float) -> Micros:
    return Micros(round(seconds * _SECOND))
