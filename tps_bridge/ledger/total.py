"""Where what another system sums up is not what the ledger has. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tps_bridge.ledger.ledger import Ledger, PlanState
from tps_bridge.plan import Identity
from tps_bridge.record.summary import Course, DoseTotal, GroupTotal, Summary

_PART, _LEAST = 0.02, 0.01
"""Doses of 2 % or 0.01 Gy are the same: they rest on different things."""
_OPEN = frozenset({PlanState.TREAT, PlanState.RESUME})
_ENDED = frozenset({PlanState.PARTIAL, PlanState.INACTIVE})


class DiscordKind(StrEnum):
    """UNDATED: no day tells what is in it. MISSING: it has what the plan has not."""

    PATIENT = "another patient"
    UNDATED = "no day"
    STATUS = "treatment status"
    PLANNED = "fractions planned"
    GIVEN = "fractions given"
    LAST = "last treated"
    DOSE = "cumulative dose"
    MISSING = "not in the plan"


@dataclass(frozen=True, slots=True)
class Discord:
    """`number` is that of the group or dose reference; `theirs` and `ours` as they are shown."""

    kind: DiscordKind
    theirs: str
    ours: str
    number: int | None = None


def discords(
    summary: Summary,
    identity: Identity,
    numbers: Sequence[int],
    ledgers: Sequence[Ledger],
    *,
    ended_since: bool = False,
) -> tuple[Discord, ...]:
    """Against the ledger of each fraction group, as it was on the last day that is summed up.

    `identity` is that of the plan, `numbers` are those of its groups, and it may
    have been `ended_since` the summary came. A fraction that is unfinished
    may be in a total or not. Nothing is said of what the summary or the ledger doesn't tell.
    """
    return (
        *_patient(summary.identity, identity),
        *_day(summary, ledgers),
        *_status(summary.status, ledgers, ended_since=ended_since),
        *(
            found
            for each in summary.groups
            for found in _group(each, dict(zip(numbers, ledgers, strict=True)))
        ),
        *(found for each in summary.doses for found in _dose(each, ledgers)),
    )


def _patient(theirs: Identity, ours: Identity) -> Iterator[Discord]:
    if (theirs.patient, theirs.issuer) != (ours.patient, ours.issuer):
        yield Discord(DiscordKind.PATIENT, theirs.patient or "—", ours.patient or "—")


def _day(summary: Summary, ledgers: Sequence[Ledger]) -> Iterator[Discord]:
    days = [day for each in ledgers for one in each.fractions for day in one.days]
    last = max(days, default="")
    if not summary.until and summary.status is not Course.NOT_STARTED:
        yield Discord(DiscordKind.UNDATED, "—", last or "—")
    elif summary.until != last:
        yield Discord(DiscordKind.LAST, summary.until or "—", last or "—")


def _status(theirs: Course, ledgers: Sequence[Ledger], *, ended_since: bool) -> Iterator[Discord]:
    states = {each.state for each in ledgers}
    begun = any(each.delivered or each.partial for each in ledgers)
    fits = {
        Course.NOT_STARTED: not begun,
        Course.COMPLETED: states == {PlanState.COMPLETE},
        Course.STOPPED: bool(states & _ENDED),
        Course.UNKNOWN: False,
    }.get(theirs, ended_since or bool(states & _OPEN))
    if not fits:
        open_ = [each.state for each in ledgers if each.state is not PlanState.COMPLETE]
        ours = open_[0] if open_ else PlanState.COMPLETE
        yield Discord(DiscordKind.STATUS, theirs.value or "—", ours.value)


def _group(total: GroupTotal, ledgers: dict[int, Ledger]) -> Iterator[Discord]:
    """One that names no group is of the only one."""
    number = total.number
    if number is None and len(ledgers) == 1:
        number = next(iter(ledgers))
    ledger = ledgers.get(number) if number is not None else None
    if ledger is None:
        yield Discord(DiscordKind.MISSING, str(total.number or "—"), "—", total.number)
        return
    if total.planned is not None and total.planned != ledger.planned:
        ours = "—" if ledger.planned is None else str(ledger.planned)
        yield Discord(DiscordKind.PLANNED, str(total.planned), ours, number)
    least, most = ledger.delivered, ledger.delivered + ledger.partial
    if total.delivered is not None and not least <= total.delivered <= most:
        ours = f"{least}{f' + {ledger.partial}' if ledger.partial else ''}"
        yield Discord(DiscordKind.GIVEN, str(total.delivered), ours, number)


def _dose(total: DoseTotal, ledgers: Sequence[Ledger]) -> Iterator[Discord]:
    found = [
        each for one in ledgers for each in one.doses if each.reference.number == total.reference
    ]
    if not found:
        yield Discord(DiscordKind.MISSING, f"{total.dose:.2f} Gy", "—", total.reference)
        return
    given = [each.given for each in found]
    if None in given:
        return
    ours = sum(each or 0.0 for each in given)
    if abs(total.dose - ours) > max(_LEAST, _PART * max(total.dose, ours)):
        theirs = f"{total.dose:.2f} Gy"
        yield Discord(DiscordKind.DOSE, theirs, f"{ours:.2f} Gy", total.reference)
