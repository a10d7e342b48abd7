"""A course over time: its calendar, the dose so far against what is prescribed, metersets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from gateway.model import Instant
from gateway.room import Chart, Line, Spot
from tps_bridge.ledger import FractionState, Ledger
from tps_bridge.ledger.dose import doses
from tps_bridge.ledger.fact import PlanFacts, PlannedGroup
from tps_bridge.session import Session, SessionState

_DAY = timedelta(days=1)
_WEEK = 7
_MARGIN = 1
_PERCENT = 100.0
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Noon = Callable[[date], Instant]
"""The moment at which a day is drawn."""


class Marked(StrEnum):
    """What a day of a course holds."""

    DELIVERED = "delivered"
    PARTIAL = "partial"
    SCHEDULED = "scheduled"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Mark:
    """`fraction` is None for a day that was missed; `session` leads to the one that is due."""

    kind: Marked
    fraction: int | None = None
    session: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    day: date
    marks: tuple[Mark, ...]

    @property
    def weekday(self) -> str:
        return WEEKDAYS[self.day.weekday()]


def weeks(ledger: Ledger, sessions: Sequence[Session]) -> tuple[tuple[Cell, ...], ...]:
    """Whole weeks, Monday first, from the first day of which anything is known to the last."""
    marks: dict[date, list[Mark]] = {}
    for day, mark in _marks(ledger, sessions):
        marks.setdefault(day, []).append(mark)
    if not marks:
        return ()
    first = min(marks) - timedelta(days=min(marks).weekday())
    count = (max(marks) - first).days // _WEEK + 1
    return tuple(
        tuple(
            Cell(day, tuple(marks.get(day, ())))
            for day in (first + timedelta(days=_WEEK * week + place) for place in range(_WEEK))
        )
        for week in range(count)
    )


def _marks(ledger: Ledger, sessions: Sequence[Session]) -> Iterator[tuple[date, Mark]]:
    for fraction in ledger.fractions:
        for day in fraction.days:
            last = day == fraction.days[-1]
            done = fraction.state is FractionState.DELIVERED and last
            if (known := _date(day)) is not None:
                yield known, Mark(Marked.DELIVERED if done else Marked.PARTIAL, fraction.number)
    for missed in ledger.missed:
        if (known := _date(missed.day.replace("-", ""))) is not None:
            yield known, Mark(Marked.MISSED)
    for each in sessions:
        waits = each.state is SessionState.SCHEDULED and each.task.treats
        if waits and (known := _date(each.day)) is not None:
            yield known, Mark(Marked.SCHEDULED, each.fraction, each.id)


def charts(facts: PlanFacts, group: PlannedGroup, ledger: Ledger, noon: Noon) -> list[Chart]:
    """The dose of each target so far, and how far each beam was from its planned meterset."""
    days = [day for each in ledger.fractions for one in each.days if (day := _date(one))]
    if not days:
        return []
    span = noon(min(days) - _DAY * _MARGIN), noon(max(days) + _DAY * _MARGIN)
    return [
        *_of_doses(facts, group, ledger, noon, span),
        *_of_metersets(ledger, noon, span),
    ]


def _of_doses(
    facts: PlanFacts, group: PlannedGroup, ledger: Ledger, noon: Noon, span: tuple[Instant, Instant]
) -> Iterator[Chart]:
    begun = [(day, each) for each in ledger.fractions if (day := _last(each.days)) is not None]
    begun.sort(key=lambda each: each[0])
    for place, whole in enumerate(ledger.doses):
        if not whole.reference.is_target or whole.given is None:
            continue
        spots = [_spot(span[0], 0.0)]
        for count, (day, _) in enumerate(begun, 1):
            courses = [beam for _, each in begun[:count] for beam in each.beams]
            given = doses(facts, group, courses)[place].given
            if given is not None:
                spots.append(_spot(noon(day), given))
        name = whole.reference.name or str(whole.reference.number)
        title = {"en": f"Dose so far: {name}", "zh-CN": f"累计剂量：{name}"}
        lines = [Line(name, spots)]
        if whole.prescribed is not None:
            most = [_spot(at, whole.prescribed) for at in span]
            lines.append(Line({"en": "prescribed", "zh-CN": "处方"}, most))
        yield Chart(title, "Gy", *span, lines, daily=True)


def _of_metersets(ledger: Ledger, noon: Noon, span: tuple[Instant, Instant]) -> Iterator[Chart]:
    lines: dict[str, list[Spot]] = {}
    for fraction in ledger.fractions:
        day = _last(fraction.days)
        for course in fraction.beams:
            off = course.deviation
            if day is not None and course.finished and off is not None:
                name = course.beam.name or str(course.beam.number)
                lines.setdefault(name, []).append(_spot(noon(day), _PERCENT * off))
    if lines:
        title = {"en": "Meterset against the plan", "zh-CN": "跳数与计划之差"}
        yield Chart(title, "%", *span, [Line(*each) for each in lines.items()], daily=True)


def _spot(at: Instant, value: float) -> Spot:
    value = round(value, 3)
    return Spot(at, value, value, value)


def _last(days: Sequence[str]) -> date | None:
    return _date(days[-1]) if days else None


def _date(text: str) -> date | None:
    """A day as DICOM writes it; None where it is none."""
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    except ValueError:
        return None
