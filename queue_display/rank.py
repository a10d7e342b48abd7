"""Who comes before whom, and why: a total order, each place of it explained in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gateway.model import Instant, Localized, localize
from queue_display.options import PolicyOptions
from queue_display.terms import LANGUAGES, MARK_WORDS, Mark, Words, words
from queue_display.ticket import Base, Place, Ticket

_MINUTE = 60_000_000
_FIRST, _USUAL, _LAST = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that bears on a place; `minutes` is by how much it counts earlier."""

    text: Words
    minutes: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ticket's place among those that wait, from 1; `why` says what made it, `ahead` why it

    comes before the one behind it (empty for the last).
    """

    ticket: Ticket
    place: int
    key: Place
    why: tuple[Reason, ...]
    ahead: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The rules of a site; `clock` writes a time of day."""

    policy: PolicyOptions
    clock: Callable[[Instant], str]

    def ranked(self, tickets: Iterable[Ticket]) -> list[Ranked]:
        """Those tickets in the order of calling; the order of the input plays no part."""
        ordered = sorted(tickets, key=self.key)
        return [
            Ranked(
                ticket,
                place,
                self.key(ticket),
                self.reasons(ticket),
                self._ahead(ticket, ordered[place]) if place < len(ordered) else {},
            )
            for place, ticket in enumerate(ordered, 1)
        ]

    def key(self, ticket: Ticket) -> Place:
        """What a ticket is ordered by: a place given by hand, or its own."""
        return ticket.place or Place(self.base(ticket))

    def base(self, ticket: Ticket) -> Base:
        checked_in = ticket.checked_in or ticket.since
        return Base(
            self._level(ticket),
            self._due(ticket) - round(self._credit(ticket) * _MINUTE),
            checked_in,
            ticket.number,
            ticket.id,
        )

    def before(self, tickets: Sequence[Ticket], moved: Ticket, target: str | None) -> Place | None:
        """The place just ahead of the ticket `target`, or behind all; None if there is none such.

        `tickets` are those that wait.
        """
        others = [each.ticket for each in self.ranked(tickets) if each.ticket.id != moved.id]
        if target is None:
            return self._behind(others[-1]) if others else None
        at = next((n for n, each in enumerate(others) if each.id == target), None)
        if at is None:
            return None
        key = self.key(others[at])
        above = self.key(others[at - 1]) if at else None
        if above is not None and above.base == key.base:
            return Place(key.base, (above.offset + key.offset) / 2)
        return Place(key.base, key.offset - 1)

    def behind(self, tickets: Sequence[Ticket], returning: Ticket, count: int) -> Place | None:
        """The place behind the first `count` that wait; None where its own is no better."""
        others = [each.ticket for each in self.ranked(tickets) if each.ticket.id != returning.id]
        if not others or not count:
            return None
        last = others[min(count, len(others)) - 1]
        if Place(self.base(returning)) > self.key(last):
            return None
        if count < len(others):
            return self.before(others, returning, others[count].id)
        return self._behind(last)

    def reasons(self, ticket: Ticket) -> tuple[Reason, ...]:
        """What bears on a ticket's place, in words of both languages."""
        found = [self._time_reason(ticket)]
        if (named := self.policy.priorities.get(ticket.priority)) is not None:
            found.append(_priority_reason(named.name, named.minutes, first=named.first))
        found += [
            Reason(_counted(MARK_WORDS[mark], minutes), minutes)
            for mark in sorted(ticket.marks)
            if (minutes := self.policy.earlier.get(mark, 0.0))
        ]
        if self._last(ticket):
            zh = "感染隔离：排在最后，之后清洁消毒"
            found.append(Reason(words(zh, "infection: comes last, the room is cleaned after it")))
        if ticket.place is not None:
            found.append(Reason(_placed(ticket)))
        return tuple(found)

    def _behind(self, last: Ticket) -> Place:
        key = self.key(last)
        return Place(key.base, key.offset + 1)

    def _level(self, ticket: Ticket) -> int:
        if self._last(ticket):
            return _LAST
        named = self.policy.priorities.get(ticket.priority)
        return _FIRST if named is not None and named.first else _USUAL

    def _last(self, ticket: Ticket) -> bool:
        return self.policy.infection_last and Mark.INFECTION in ticket.marks

    def _late(self, ticket: Ticket) -> bool:
        grace = self.policy.grace * _MINUTE
        came = ticket.checked_in
        return came is not None and ticket.start is not None and came > ticket.start + grace

    def _due(self, ticket: Ticket) -> int:
        """The appointment's time; when it came, without one or much too late."""
        if ticket.start is None or self._late(ticket):
            return ticket.checked_in or ticket.since
        return ticket.start

    def _credit(self, ticket: Ticket) -> float:
        named = self.policy.priorities.get(ticket.priority)
        marks = sum(self.policy.earlier.get(mark, 0.0) for mark in ticket.marks)
        return marks + (named.minutes if named is not None else 0.0)

    def _time_reason(self, ticket: Ticket) -> Reason:
        came = self.clock(ticket.checked_in or ticket.since)
        if ticket.start is None:
            return Reason(words(f"无预约时间，按签到 {came}", f"no appointment, came {came}"))
        due = self.clock(ticket.start)
        if self._late(ticket):
            return Reason(
                words(
                    f"预约 {due}，迟到，按签到 {came}",
                    f"appointment {due}, late: counts as {came}",
                )
            )
        return Reason(words(f"预约 {due}", f"appointment {due}"))

    def _ahead(self, one: Ticket, other: Ticket) -> Words:
        """The first thing in which the two differ, said of the one that comes first."""
        mine, theirs = self.key(one), self.key(other)
        if one.place is not None or other.place is not None:
            return words("次序经人工调整", "the order was set by hand")
        if mine.base.level != theirs.base.level:
            return _LEVELS[mine.base.level if mine.base.level == _FIRST else theirs.base.level]
        if mine.base.counts_as != theirs.base.counts_as:
            a, b = (self.clock(Instant(each.base.counts_as)) for each in (mine, theirs))
            return words(f"按 {a} 计，早于 {b}", f"counts as {a}, before {b}")
        if mine.base.checked_in != theirs.base.checked_in:
            return words("时间相同，签到较早", "the same time, and checked in earlier")
        return words("同时签到，号码较小", "checked in together, and the lower number")


_LEVELS = {
    _FIRST: words("优先于所有人", "priority over all"),
    _LAST: words("后一位排在最后（感染隔离）", "the other comes last (infection)"),
}


def _priority_reason(name: Localized, minutes: float, *, first: bool) -> Reason:
    zh, en = (localize(name, tag) for tag in LANGUAGES)
    if first:
        return Reason(words(f"{zh}：优先于所有人", f"{en}: ahead of all"))
    return Reason(_counted(words(zh, en), minutes), minutes)


def _counted(name: Words, minutes: float) -> Words:
    return words(
        f"{name['zh-CN']}：提前 {minutes:g} 分钟", f"{name['en']}: {minutes:g} min earlier"
    )


def _placed(ticket: Ticket) -> Words:
    why = ticket.last.why if ticket.last is not None else ""
    if not why:
        return words("位置已另行确定", "its place was set")
    return words(f"人工调整：{why}", f"placed by hand: {why}")
