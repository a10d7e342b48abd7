"""The visits of a person as their keepers' words leave them, and the one that counts now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gateway.model import Presence, Visit
from gateway.patients.heard import Heard

_OVER = frozenset({Presence.LEFT, Presence.CANCELLED})


@dataclass(frozen=True, slots=True)
class Stay:
    """One visit, the last word on it, and the last after which it was not over.

    `keeper` is who numbers visits: two keepers' numbers have nothing to do with each other.
    """

    keeper: str
    visit: Visit
    last: Heard
    stood: Heard | None


def present_visit(entries: Iterable[Heard]) -> Visit | None:
    """The visit that these entries, in whatever order they are given, leave a person in.

    It is the one that was last said to go on. That another one ended or never was, and that one
    is planned for who lies in a bed, changes nothing of that; one that never was gives way.
    """
    stays: dict[tuple[str, str], Stay] = {}
    for entry in sorted(entries, key=lambda each: each.order):
        if entry.said.visit is not None:
            _take(stays, entry, entry.said.visit)
    now = _present(stays.values())
    return now.visit if now else None


def _take(stays: dict[tuple[str, str], Stay], entry: Heard, said: Visit) -> None:
    """A word without a number is about the visit that counts now, if one of its keeper does.

    A visit without a number may be any of its keeper's: an end that has one ends it. What a keeper
    says again is about the visit that it was about.
    """
    keeper, now = entry.own.issuer, _present(stays.values())
    theirs = now.visit if now is not None and now.keeper == keeper else None
    again = _said_before(stays, keeper, said)
    meant = again or theirs
    key = keeper, said.number or (meant.number if meant else "")
    before = stays.get(key)
    visit = _moved(before.visit, said) if before else said
    ends_it = said.number and not again and theirs is not None and not theirs.number
    stands = visit.presence not in _OVER or ends_it
    stood = before.stood if before else None
    stays[key] = Stay(keeper, visit, entry, entry if stands else stood)


def _said_before(stays: dict[tuple[str, str], Stay], keeper: str, said: Visit) -> Visit | None:
    """The visit that the keeper's last word was about, if it was this very word."""
    theirs = [each for each in stays.values() if each.keeper == keeper]
    last = max(theirs, key=lambda each: each.last.order, default=None)
    return last.visit if last is not None and last.last.said.visit == said else None


def _present(stays: Collection[Stay]) -> Stay | None:
    known = [
        (each.stood.order, each)
        for each in stays
        if each.stood is not None and each.visit.presence is not Presence.CANCELLED
    ]
    if not known:
        return max(stays, key=lambda each: each.last.order, default=None)
    newest_first = [stay for _, stay in sorted(known, key=lambda each: each[0], reverse=True)]
    newest = newest_first[0]
    if newest.visit.presence is not Presence.EXPECTED:
        return newest
    return next((each for each in newest_first if _in_bed(each.visit)), newest)


def _in_bed(visit: Visit) -> bool:
    return visit.presence is Presence.IN and bool(visit.bed)


def _moved(before: Visit, now: Visit) -> Visit:
    """A later word on the same visit; what it leaves out stays, but for a discharge's bed."""
    gone = now.presence in _OVER
    return Visit(
        now.kind or before.kind,
        now.ward or before.ward,
        now.room or ("" if gone else before.room),
        now.bed or ("" if gone else before.bed),
        now.number or before.number,
        now.presence or before.presence,
    )
