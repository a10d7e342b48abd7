"""What is learnt of durations, the queue played forward, and what is told."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_display.durations import (
    Coming,
    Learnt,
    Sample,
    Sort,
    Span,
    Usual,
    coming,
    learn,
    samples,
)
from queue_display.estimate import Wait, at_most, past_of, rounded
from queue_display.figures import figures
from queue_display.forecast import Forecast, Forecaster, Past
from queue_display.options import QueueOptions
from queue_display.scene import Entry, Lane
from queue_display.tables import Stand
from queue_display.terms import Mark, State
from queue_display.ticket import Ticket, Told, read_ticket
from tests.unit.queue.queue_case import EIGHT, POLICY, RANKING, at, waiting

VMAT = Sort("linac-1", "VMAT", first=False)


def done(number: int, begun: float, ended: float, *, came: float = -60, kind: str = "") -> Ticket:
    return replace(
        waiting(number, due=begun, came=came),
        state=State.DONE,
        kind=kind,
        called=at(begun - 2),
        started=at(begun),
        since=at(ended),
        patient=(f"p{number}", "clinic"),
    )


def treated(number: int, since: float, *, minutes: float = 10) -> Ticket:
    return replace(
        waiting(number),
        state=State.IN_TREATMENT,
        called=at(since),
        started=at(since),
        minutes=minutes,
    )


def lane(
    *,
    running: Sequence[Ticket] = (),
    waits: Sequence[Ticket] = (),
    booked: Sequence[Ticket] = (),
    ended: Sequence[Ticket] = (),
    at_once: int = 1,
) -> Lane:
    return Lane(
        "linac-1",
        QueueOptions(name="Linac 1", resource="linac-1", at_once=at_once),
        Stand(),
        running=tuple(map(Entry, running)),
        waiting=tuple(Entry(each.ticket, ranked=each) for each in RANKING.ranked(waits)),
        ended=tuple(map(Entry, ended)),
        booked=tuple(map(Entry, booked)),
    )


def forecast(queue: Lane, minutes: float = 0, past: Past | None = None) -> dict[str, Forecast]:
    made = Forecaster(queue, at(minutes), past or Past(), POLICY, RANKING.key)
    return dict(made.all())


def exactly(minutes: float) -> Past:
    """A past in which every visit took that long, nearly."""
    days = {
        f"2026-11-{day:02}": [
            done(n, n * minutes, (n + 1) * minutes, came=-60) for n in range(1, 20)
        ]
        for day in range(1, 21)
    }
    return past_of(days)


@given(st.floats(1, 120), st.floats(0.02, 0.4), st.floats(0.01, 0.99), st.floats(0, 200))
def test_what_is_left_is_the_quantile_of_what_lasts_longer(
    middle: float, scale: float, share: float, gone: float
) -> None:
    usual = Usual(middle, scale)

    def stays(minutes: float) -> float:
        return float(1 / (1 + (minutes / middle) ** (1 / scale)))

    left = usual.left(share, gone)
    assert left >= 0
    assert stays(gone + left) == pytest.approx(stays(gone) * (1 - share), rel=1e-6, abs=1e-300)


def test_medians_are_learnt_by_kind_and_first_fraction() -> None:
    chance = random.Random(4)
    truth = {("VMAT", False): 9.0, ("VMAT", True): 15.0, ("SBRT", False): 24.0}
    past = [
        Sample(
            f"d{n % 20}",
            Sort("linac-1", kind, first),
            Span.TREAT,
            middle * chance.lognormvariate(0, 0.3),
        )
        for (kind, first), middle in truth.items()
        for n in range(300)
    ]
    learnt = learn(past)
    for (kind, first), middle in truth.items():
        usual = learnt.usual(Span.TREAT, Sort("linac-1", kind, first), booked=99)
        assert usual.median == pytest.approx(middle, rel=0.08)
    elsewhere = learnt.usual(Span.TREAT, Sort("linac-2", "SBRT", first=False), booked=99)
    assert elsewhere.median == pytest.approx(24, rel=0.08)


def test_what_was_never_seen_takes_as_long_as_it_is_booked_for() -> None:
    assert Learnt().usual(Span.CYCLE, VMAT, booked=20).median == 20


def test_one_visit_that_lasted_all_day_teaches_little() -> None:
    usual = [Sample("d", VMAT, Span.TREAT, 10 + n % 3) for n in range(60)]
    stuck = [Sample("d", VMAT, Span.TREAT, 600.0)]
    before = learn(usual).usual(Span.TREAT, VMAT, 15).median
    assert learn(usual + stuck).usual(Span.TREAT, VMAT, 15).median == pytest.approx(
        before, rel=0.02
    )


def test_a_slow_day_makes_everybody_slower() -> None:
    learnt = exactly(10).learnt
    slow = [Sample("today", Sort("linac-1", "", first=False), Span.CYCLE, 13.0) for _ in range(10)]
    assert learnt.today([], 15).factor.median == 1.0
    assert 1.1 < learnt.today(slow, 15).factor.median <= 1.3 + 1e-9


def test_a_day_that_varies_more_widens_what_is_told_and_a_calm_one_narrows_nothing() -> None:
    chance = random.Random(8)
    learnt = past_of({f"d{day:02}": _worked(chance, f"d{day:02}") for day in range(20)}).learnt
    sort = Sort("linac-1", "", first=False)
    wild, calm = (
        [Sample("today", sort, Span.CYCLE, 10 * math.exp(off * (-1) ** n)) for n in range(30)]
        for off in (0.8, 0.05)
    )
    assert learnt.today([], 15).wider == 1.0
    assert learnt.today(calm, 15).wider == 1.0
    assert 1.2 < learnt.today(wild, 15).wider < 2.5


def test_from_end_to_end_counts_where_the_next_was_there_already() -> None:
    found = samples([done(1, 0, 10), done(2, 14, 22), done(3, 40, 50, came=30)], set())
    cycles = [each.minutes for each in found if each.span is Span.CYCLE]
    visits = [each.minutes for each in found if each.span is Span.VISIT]
    assert cycles == [12.0]
    assert visits == [12.0, 12.0]


def test_a_treatment_whose_beam_was_told_of_is_learnt_in_its_parts() -> None:
    found = samples([replace(done(1, 0, 10), beam=at(7)), done(2, 10, 20)], set())
    parts = {each.span: each.minutes for each in found if each.span in {Span.SETUP, Span.BEAM}}
    assert parts == {Span.SETUP: 7.0, Span.BEAM: 3.0}


def beams(minutes: float, beam: float, queue: str = "linac-1") -> Past:
    """A past in which set-up varies, and the beam takes as long every time."""
    chance = random.Random(3)
    found = []
    for day in range(1, 21):
        tickets, now = [], 0.0
        for n in range(1, 20):
            ends = now + beam + (minutes - beam) * chance.uniform(0.4, 1.6)
            one = replace(done(n, now, ends), queue=queue, beam=at(ends - beam))
            tickets.append(one)
            now = ends
        found.append((f"2026-11-{day:02}", tickets))
    return past_of(dict(found))


def test_once_the_beam_is_on_the_rest_is_known() -> None:
    past = beams(12, 3)
    inside = treated(9, 0)
    before = forecast(lane(running=[inside], waits=[waiting(1)]), 9, past)["t1"]
    after = forecast(lane(running=[replace(inside, beam=at(8.5))], waits=[waiting(1)]), 9, past)[
        "t1"
    ]
    assert before.middle > 3 > after.middle
    assert after.middle == pytest.approx(2.5, abs=0.3)
    assert after.high - after.low < 1 < before.high - before.low


def test_a_machine_that_never_told_of_a_beam_is_not_waited_for_to_do_so() -> None:
    elsewhere = beams(12, 3, "linac-2")
    queue = lane(running=[treated(9, 0)], waits=[waiting(1)])
    assert elsewhere.learnt.beams == {"linac-2"}
    assert forecast(queue, 9, elsewhere)["t1"].middle < 4


def test_a_first_fraction_is_the_first_that_is_known() -> None:
    seen: set[tuple[str, tuple[str, str]]] = set()
    assert all(each.sort.first for each in samples([done(1, 0, 10)], seen))
    assert not any(each.sort.first for each in samples([done(1, 0, 10)], seen))


def test_who_is_late_may_still_come_and_less_and_less_likely() -> None:
    how = coming(
        [done(n, 60 + n, 70 + n, came=40 + n + n % 30) for n in range(60)]
        + [replace(waiting(99, due=60), state=State.NO_SHOW, checked_in=None)] * 6
    )
    assert how.share == pytest.approx(60 / 66)
    chances = [how.later(until)[1] for until in (30.0, 0.0, -5.0, -30.0)]
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] == 0.0
    assert Coming().later(10) == ((), 0.0)


def test_nobody_inside_is_now() -> None:
    assert forecast(lane(waits=[waiting(1)]))["t1"] == Forecast(0.0, 0.0, 0.0)


def test_each_further_one_waits_longer_and_is_less_sure() -> None:
    found = forecast(lane(running=[treated(9, 0)], waits=[waiting(n) for n in (1, 2, 3)]), 2)
    middles = [found[f"t{n}"].middle for n in (1, 2, 3)]
    widths = [found[f"t{n}"].high - found[f"t{n}"].low for n in (1, 2, 3)]
    assert middles == sorted(middles)
    assert widths == sorted(widths)


def test_where_two_may_be_inside_the_first_is_called_at_once() -> None:
    queue = lane(running=[treated(9, 0)], waits=[waiting(1), waiting(2)], at_once=2)
    found = forecast(queue, 2, exactly(10))
    assert found["t1"].high == 0.0
    assert 6 < found["t2"].middle < 10


def test_the_longer_it_lasts_the_less_is_left_until_it_is_late() -> None:
    queue = lane(running=[treated(9, 0)], waits=[waiting(1)])
    early, later = (forecast(queue, minutes, exactly(10))["t1"].middle for minutes in (1, 8))
    assert later < early
    assert forecast(queue, 60, exactly(10))["t1"].middle > 0


def test_cleaning_after_an_infection_is_waited_for() -> None:
    inside = replace(treated(9, 0), marks=frozenset({Mark.INFECTION}))
    clean, dirty = (
        forecast(lane(running=[each], waits=[waiting(1)]), 2, exactly(10))["t1"].middle
        for each in (treated(9, 0), inside)
    )
    assert dirty - clean == pytest.approx(POLICY.cleaning)


def test_who_is_booked_earlier_and_will_come_counts() -> None:
    past = exactly(10)
    punctual = replace(past, coming=Coming((5.0,) * 20, 1.0))
    booked = replace(waiting(8, due=10), state=State.BOOKED, checked_in=None, since=EIGHT)
    queue = lane(running=[treated(9, 0)], waits=[waiting(1, due=30)], booked=[booked])
    alone = forecast(replace(queue, booked=()), 2, punctual)["t1"].middle
    assert forecast(queue, 2, punctual)["t1"].middle == pytest.approx(alone + 10, abs=1.5)
    later = replace(booked, start=at(40))
    behind = replace(queue, booked=(Entry(later),))
    assert forecast(behind, 2, punctual)["t1"].middle == pytest.approx(alone)


def test_the_same_queue_gives_the_same_forecast() -> None:
    queue = lane(running=[treated(9, 0)], waits=[waiting(n) for n in range(1, 8)])
    assert forecast(queue, 3, exactly(10)) == forecast(queue, 3, exactly(10))


def test_forecasts_hold_what_they_say_on_a_queue_of_that_kind() -> None:
    """Eight of ten calls come within the range, where durations are as they were learnt."""
    chance = random.Random(11)
    past = past_of({f"d{day:02}": _worked(chance, f"d{day:02}") for day in range(20)})
    queue = lane(running=[treated(9, 0)], waits=[waiting(n) for n in (1, 2, 3)])
    told = forecast(queue, 0, past)["t3"]
    reals = [sum(_lasts(chance) for _ in range(3)) for _ in range(2000)]
    held = fmean(told.low <= real <= told.high for real in reals)
    assert 0.74 < held < 0.9
    assert told.middle == pytest.approx(median(reals), rel=0.08)


def _lasts(chance: random.Random) -> float:
    share = chance.uniform(0.001, 0.999)
    return 10 * float((share / (1 - share)) ** 0.2)


def _worked(chance: random.Random, day: str) -> list[Ticket]:
    now, found = 0.0, []
    for number in range(1, 31):
        lasts = _lasts(chance)
        found.append(done(number, now, now + lasts))
        now += lasts
    return [replace(each, called=each.started, day=day) for each in found]


def test_ranges_are_whole_steps_of_five() -> None:
    assert rounded(Forecast(12, 15, 21)) == Wait(10, 25)
    assert rounded(Forecast(0, 0, 0)) == Wait(0, 5)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 60)), min_size=1))
def test_what_is_told_never_counts_upwards(course: list[tuple[float, float]]) -> None:
    told: Wait | None = None
    for low, more in course:
        now = at_most(rounded(Forecast(low, low + more / 2, low + more)), told)
        assert now.low < now.high
        if told is not None:
            assert now.low <= told.low
            assert now.high <= told.high
        told = now


def test_what_was_told_is_kept_with_the_ticket_and_judged() -> None:
    ticket = replace(done(1, 20, 30, came=0), calls=1, told=Told(at(0), 10, 20))
    late = replace(done(2, 40, 50, came=0), calls=1, told=Told(at(0), 10, 20))
    assert read_ticket(ticket.payload()) == ticket
    found = figures("linac-1", "Linac 1", [ticket, late])
    assert found.off == pytest.approx((3 + 23) / 2)
    assert found.held == 50.0
    assert figures("linac-1", "Linac 1", [done(1, 0, 9)]).off is None


def test_the_scale_of_a_logistic_is_taken_from_the_spread() -> None:
    chance = random.Random(2)
    past = [Sample("d", VMAT, Span.TREAT, _lasts(chance)) for _ in range(4000)]
    assert learn(past).usual(Span.TREAT, VMAT, 15).scale == pytest.approx(0.2, rel=0.1)
    assert math.isfinite(learn(past).usual(Span.TREAT, VMAT, 15).left(0.999, 500))
