"""What stands among the critical values, and what that list never loses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.lab import FlagLevel, ResultFilter
from gateway.lab.critical import listed
from gateway.lab.tie import Heard, tie
from gateway.model import DeviceEvent, Status
from tests.unit.lab.lab_case import NOON, desk_with, listings_follow, result

CRITICAL = ResultFilter(level=FlagLevel.CRITICAL)
F, P, C, W, X, QC = (
    Status.FINAL,
    Status.PRELIMINARY,
    Status.CORRECTED,
    Status.ENTERED_IN_ERROR,
    Status.CANCELLED,
    Status.QC,
)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([(F, "a!")], 1),
        ([(P, "a!")], 1),
        ([(F, "a")], None),
        ([(X, "a!")], None),
        ([(W, "a!")], None),
        ([(F, "a!"), (P, "b")], 1),
        ([(F, "a!"), (X, "")], 1),
        ([(F, "a!"), (F, "b")], 1),
        ([(F, "a!"), (C, "b")], 1),
        ([(F, "a!"), (W, "")], None),
        ([(F, "a!"), (C, "b!"), (W, "")], None),
        ([(F, "a!"), (C, "b"), (W, "")], None),
        ([(F, "a!"), (W, ""), (F, "a!")], None),
        ([(F, "a!"), (W, ""), (F, "b")], None),
        ([(F, "a!"), (W, ""), (F, "b!")], 3),
        ([(F, "a!"), (F, "b!"), (W, "")], 2),
        ([(P, "a!"), (F, "b")], None),
        ([(F, "a!"), (F, "b!"), (F, "c")], 2),
        ([(F, "a!"), (F, "b!")], 2),
        ([(F, "a"), (C, "b!")], 2),
    ],
    ids=str,
)
def test_a_critical_value_is_listed_once_until_it_is_withdrawn(
    history: list[tuple[Status, str]], expected: int | None
) -> None:
    heard = [
        Heard(n, n, n, status, None, b"", said.strip("!").encode(), critical="!" in said)
        for n, (status, said) in enumerate(history, 1)
    ]
    assert listed(heard, tie(heard)) == expected


def grave(seq: int, specimen: str, status: Status = F) -> DeviceEvent:
    return result(seq, "7.1", specimen=specimen, flags=("HH",), status=status)


async def test_neither_controls_nor_what_is_withdrawn_is_critical(tmp_path: Path) -> None:
    nobodys = grave(4, "")
    events = [grave(1, "QC1", QC), grave(2, "S2", W), grave(3, "S3", X), nobodys]
    async with desk_with(tmp_path, *events) as desk:
        assert [each.event for each in await desk.results(CRITICAL)] == [nobodys]
        assert (await desk.counts(NOON)).critical == 1


async def test_a_critical_value_stays_in_the_list_behind_what_came_after_it(
    tmp_path: Path,
) -> None:
    cancelled = replace(result(4, specimen="S2", status=X), value=None)
    events = [grave(1, "S1"), result(2, specimen="S1", status=P), grave(3, "S2"), cancelled]
    async with desk_with(tmp_path, *events) as desk:
        found = await desk.results(CRITICAL)
        assert [(each.event.seq, each.current) for each in found] == [(3, False), (1, False)]
        assert [each.event.seq for each in await desk.results(CRITICAL, before=3)] == [1]
        assert (await desk.counts(NOON)).critical == 2
        await desk.apply([grave(5, "S1")], listings_follow)
        found = await desk.results(CRITICAL)
        assert [(each.event.seq, each.current) for each in found] == [(5, True), (3, False)]
        (everything,) = await desk.results(ResultFilter(specimen="S1"))
        assert everything.event.seq == 5
