"""Whether a fraction comes late enough after the last one, on a day that has room for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from tps_bridge.block.attempt import Attempt, Case
from tps_bridge.block.reason import Reason, because
from tps_bridge.ledger import FractionState

_DATE = 8
"""Digits of a day without a time."""


def day(attempt: Attempt, case: Case) -> Iterator[Reason]:
    """A second fraction on a day must be prescribed, and come late enough; midnight is no pause."""
    today, ledger = attempt.at[:8], case.ledger
    others = [each for each in ledger.fractions if each.number != attempt.fraction]
    before = [each for each in others if today in each.days]
    elsewhere = [each for each in case.elsewhere if each.startswith(today)]
    group = next((each for each in case.card.facts.groups if each.number == case.group), None)
    a_day = (group.a_day if group else None) or 1
    told = " ".join(sorted([*(f"{each.number}@{each.last}" for each in before), *elsewhere]))
    if elsewhere and len(before) + len(elsewhere) >= a_day:
        yield because(
            f"another plan of the course was treated today, {a_day} a day is prescribed",
            f"今日已按该疗程的另一计划治疗，处方为每日 {a_day} 次",
            told,
        )
    elif len(before) >= a_day:
        yield because(
            f"fraction {before[-1].number} was given today, {a_day} a day is prescribed",
            f"今日已治疗第 {before[-1].number} 次，处方为每日 {a_day} 次",
            told,
        )
    else:
        yield from _pause(attempt.at, [*(each.last for each in others), *case.elsewhere], case)
    undated = [each for each in others if each.state is not FractionState.PLANNED]
    if undated and not undated[-1].last:
        number = undated[-1].number
        yield because(
            f"nothing tells when fraction {number} was given: it may have been today",
            f"第 {number} 次的治疗时间未知：可能就在今日",
            f"{number} undated",
        )


def _pause(now: str, times: Sequence[str], case: Case) -> Iterator[Reason]:
    """Of something that was given at a time that nobody knows, only the day it was at most."""
    known = [(_hours(each, now, case.zone), each) for each in times if each]
    hours, last = min(known, default=(inf, ""))
    if hours < case.interval:
        since = f"{hours:.1f}" if len(last) > _DATE and hours > -inf else "—"
        yield because(
            f"{since} h since the last fraction, at least {case.interval:g} h are needed",
            f"距上次 {since} 小时，至少需间隔 {case.interval:g} 小时",
            f"interval since {max(times)}",
        )


def _hours(before: str, now: str, zone: ZoneInfo) -> float:
    """The fewest hours between two times of a zone; of a day without a time from its end.

    Of an hour that clocks show twice it is the pause that is surely there. Without end where one of
    them is no time.
    """
    try:
        one, other = (
            datetime.strptime(each, "%Y%m%d%H%M%S")  # noqa: DTZ007
            for each in (before if len(before) > _DATE else f"{before}000000", now)
        )
    except ValueError:
        return -inf
    if len(before) <= _DATE:
        one += timedelta(days=1)
    last, next_ = one.replace(tzinfo=zone, fold=1), other.replace(tzinfo=zone, fold=0)
    return (next_.astimezone(UTC) - last.astimezone(UTC)).total_seconds() / 3600
