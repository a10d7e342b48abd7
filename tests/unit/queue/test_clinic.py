"""The clinic that benchmarks and simulated days are made of."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import fmean, median, pstdev

import pytest

from simulators.clinic import Shape, day, gamma, log_logistic


def test_the_same_seed_gives_the_same_day() -> None:
    assert day(3).visits == day(3).visits
    assert day(3).visits != day(4).visits


@pytest.mark.parametrize("duration", [log_logistic(), gamma(factor=1.0)])
def test_durations_vary_as_much_as_those_of_clinics(duration: object) -> None:
    assert callable(duration)
    chance = random.Random(5)
    drawn = [duration(chance, 12.0) for _ in range(20_000)]
    assert pstdev(drawn) / fmean(drawn) >= 0.35
    assert median(drawn) == pytest.approx(12.0, rel=0.03)


def test_shares_are_as_declared() -> None:
    shape = Shape(no_show=0.1, first=0.2, urgent=0.05, breakdown=1.0)
    days = [day(seed, shape) for seed in range(20)]
    visits = [visit for each in days for visit in each.visits]
    assert len(visits) == 20 * shape.machines * shape.patients
    assert fmean(each.comes is None for each in visits) == pytest.approx(0.1, abs=0.02)
    assert fmean(each.first for each in visits) == pytest.approx(0.2, abs=0.03)
    assert fmean(each.urgent for each in visits) == pytest.approx(0.05, abs=0.015)
    assert all(len(each.breakdowns) == shape.machines for each in days)


def test_a_patient_comes_again_for_the_same_technique() -> None:
    before, after = (
        {each.patient: each.technique for each in day(seed).visits if not each.first}
        for seed in (1, 2)
    )
    both = before.keys() & after.keys()
    assert both
    assert all(before[each] == after[each] for each in both)


def test_the_beam_is_a_part_of_the_treatment_that_varies_little() -> None:
    visits = [visit for seed in range(10) for visit in day(seed).visits]
    assert all(0 < each.beam <= 0.8 * each.treats for each in visits)
    arcs = [each.beam for each in visits if each.technique == "VMAT"]
    assert pstdev(arcs) / fmean(arcs) < 0.15


def test_names_are_readable_in_both_scripts() -> None:
    for visit in day(1, replace(Shape(), machines=1)).visits:
        assert 2 <= len(visit.name) <= 3
        assert visit.pinyin.isascii()
