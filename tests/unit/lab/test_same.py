"""A result that is sent again is the same result, and a correction names what it replaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lab import LabDesk, Result, ResultFilter
from gateway.lab.same import sameness
from gateway.lab.tie import Heard, tie, tie_runs
from gateway.model import TIME_OF, ClockQuality, DeviceEvent, Instant, RawId, Status, Subject, Value
from tests.unit.lab.lab_case import NOON, desk_with, listings_follow, result

SECOND = 1_000_000
MEASURED = Instant(NOON + 9 * SECOND)


def measured(seq: int, text: str = "5.10", at: Instant = MEASURED, **given: Any) -> DeviceEvent:
    """A result with the device's own time; each is a message of its own."""
    return replace(result(seq, text, **given), observed_at=at, clock=ClockQuality.DEVICE)


async def _test(desk: LabDesk, specimen: str = "S1") -> tuple[Result, list[Result]]:
    (test,) = await desk.sample("chemistry-1", specimen)
    return test.current, list(test.earlier)


async def test_a_result_that_is_sent_again_is_one_with_both_sources(tmp_path: Path) -> None:
    async with desk_with(tmp_path, measured(1), measured(2), measured(3)) as desk:
        current, earlier = await _test(desk)
        assert (current.event.seq, current.version, earlier) == (1, 1, [])
        assert [(other.seq, other.raw_id) for other in current.again] == [(2, 2), (3, 3)]
        assert len(await desk.results(ResultFilter())) == 1
        assert (await desk.counts(NOON)).results == 1


async def test_the_second_message_leads_to_the_first(tmp_path: Path) -> None:
    async with desk_with(tmp_path, measured(1), measured(2)) as desk:
        (again,) = await desk.of_record(RawId(2))
        assert again.repeats is not None
        assert (again.repeats.seq, again.repeats.id, again.current) == (1, measured(1).id, False)


async def test_an_old_result_that_is_printed_again_does_not_go_before_its_rerun(
    tmp_path: Path,
) -> None:
    rerun = measured(2, "5.30", Instant(MEASURED + 60 * SECOND))
    async with desk_with(tmp_path, measured(1), rerun, measured(3)) as desk:
        current, (first,) = await _test(desk)
        assert current.event.seq == 2
        assert [other.seq for other in first.again] == [3]


@pytest.mark.parametrize(
    "other",
    [
        {"observed_at": Instant(MEASURED + SECOND)},
        {"value": Value("5.1", 5.1)},
        {"unit": "mg/dL"},
        {"status": Status.CORRECTED},
        {"flags": ("H",)},
        {"range_text": ""},
        {"subject": Subject(patient="P2", specimen="S1")},
        {"payload": {"as_sent": {"value": "92"}}},
    ],
    ids=lambda given: next(iter(given)),
)
async def test_what_differs_is_a_version(tmp_path: Path, other: Mapping[str, Any]) -> None:
    async with desk_with(tmp_path, measured(1), replace(measured(2), **other)) as desk:
        current, earlier = await _test(desk)
        assert (current.event.seq, [each.event.seq for each in earlier]) == (2, [1])


@pytest.mark.parametrize(
    "vague",
    [
        {"clock": ClockQuality.GATEWAY},
        {"clock": ClockQuality.SUSPECT},
        {"observed_at": Instant(NOON)},
        {"payload": {TIME_OF: "H-14"}},
        {"value": None},
        {"value": Value("")},
        {"subject": None},
    ],
    ids=["no clock", "wrong clock", "no seconds", "time of message", "no value", "empty", "nobody"],
)
def test_nothing_is_the_same_where_nobody_can_tell(vague: Mapping[str, Any]) -> None:
    assert sameness(measured(1))
    assert sameness(replace(measured(1), **vague)) == b""


async def test_equal_replicates_of_one_message_stay_two_however_often_it_is_sent(
    tmp_path: Path,
) -> None:
    def message(*seqs: int) -> list[DeviceEvent]:
        return [replace(measured(seq), received_at=Instant(NOON + seqs[0])) for seq in seqs]

    async with desk_with(tmp_path, *message(1, 2), *message(3, 4), *message(5)) as desk:
        current, (first,) = await _test(desk)
        assert (current.event.seq, [other.seq for other in current.again]) == (2, [4])
        assert (first.event.seq, [other.seq for other in first.again]) == (1, [3, 5])


async def test_a_run_of_a_control_that_is_sent_again_counts_once(tmp_path: Path) -> None:
    def run(seq: int, at: int) -> DeviceEvent:
        return measured(seq, at=Instant(MEASURED + at), specimen="QC1", status=Status.QC)

    async with desk_with(tmp_path, run(1, 0), run(2, SECOND), run(3, 0)) as desk:
        assert (await desk.counts(NOON)).controls == 2
        found = await desk.results(ResultFilter(status=Status.QC))
        assert [(each.event.seq, each.version, len(each.again)) for each in found] == [
            (2, 1, 0),
            (1, 1, 1),
        ]
        assert len(await desk.sample("chemistry-1", "QC1")) == 2


async def test_a_message_that_is_interpreted_late_is_the_original_of_its_repetition(
    tmp_path: Path,
) -> None:
    async with desk_with(tmp_path, measured(1, raw=8)) as desk:
        await desk.apply([measured(2, raw=3)], listings_follow)
        current, earlier = await _test(desk)
        assert (current.event.seq, earlier) == (2, [])
        assert [other.seq for other in current.again] == [1]


async def test_a_correction_and_what_it_replaces_name_each_other(tmp_path: Path) -> None:
    correction = measured(2, "5.2", Instant(MEASURED + SECOND), status=Status.CORRECTED)
    async with desk_with(tmp_path, measured(1), correction) as desk:
        current, (first,) = await _test(desk)
        assert current.supersedes is not None
        assert first.superseded_by is not None
        assert (current.supersedes.id, current.supersedes.version) == (measured(1).id, 1)
        assert (first.superseded_by.id, first.superseded_by.version) == (correction.id, 2)


F, P, C, W, X = (
    Status.FINAL,
    Status.PRELIMINARY,
    Status.CORRECTED,
    Status.ENTERED_IN_ERROR,
    Status.CANCELLED,
)


@pytest.mark.parametrize(
    ("history", "replaced"),
    [
        ([(F, 1), (C, 2)], {2: 1}),
        ([(C, 1)], {}),
        ([(F, 1), (F, 2)], {}),
        ([(F, 1), (F, 2), (C, 3)], {}),
        ([(F, 1), (F, 2), (C, 1)], {3: 1}),
        ([(F, 1), (F, 1), (C, 1)], {}),
        ([(F, None), (F, None), (C, None)], {}),
        ([(P, 1), (F, 2), (C, 3)], {3: 2}),
        ([(P, 1), (C, 2)], {2: 1}),
        ([(P, 1), (P, 2), (C, 3)], {}),
        ([(F, 1), (C, 2), (C, 3)], {2: 1, 3: 2}),
        ([(F, 1), (W, 2), (C, 3)], {2: 1}),
        ([(X, 1), (C, 2)], {}),
    ],
    ids=str,
)
def test_a_correction_replaces_a_version_only_where_it_is_certain_which(
    history: list[tuple[Status, int | None]], replaced: dict[int, int]
) -> None:
    heard = [Heard(n, n, n, status, at, b"") for n, (status, at) in enumerate(history, 1)]
    assert {t.seq: t.supersedes for t in tie(heard) if t.supersedes} == replaced


@pytest.mark.parametrize(
    ("history", "current"),
    [
        ([(F, "a"), (C, "b"), (F, "a")], 2),
        ([(P, "a"), (C, "b"), (P, "a")], 2),
        ([(F, "a"), (W, "a"), (F, "a")], 2),
        ([(F, "a"), (W, ""), (F, "a")], 2),
        ([(F, "a"), (F, "b"), (C, "c"), (F, "a")], 3),
        ([(F, "a"), (C, "b"), (C, "c"), (C, "b"), (F, "b")], 3),
        ([(F, "a"), (C, "b"), (F, "b")], 3),
        ([(F, "a"), (C, "b"), (C, "a")], 3),
        ([(F, "a"), (C, "b"), (F, "c")], 3),
        ([(F, "a"), (C, "b"), (X, "a")], 3),
        ([(F, "a"), (W, ""), (F, "b"), (W, "")], 4),
        ([(F, "a"), (F, "b"), (F, "a")], 3),
        ([(F, ""), (C, "b"), (F, "")], 3),
    ],
    ids=str,
)
def test_what_was_corrected_does_not_come_back(
    history: list[tuple[Status, str]], current: int
) -> None:
    heard = [
        Heard(n, n, n, status, None, b"", alike.encode())
        for n, (status, alike) in enumerate(history, 1)
    ]
    tied = tie(heard)
    assert [each.seq for each in tied if each.current] == [current]
    assert [each.version for each in tied] == list(range(1, len(history) + 1))


@pytest.mark.parametrize(
    ("history", "current"),
    [
        ([(F, "a", False), (C, "b", False), (F, "c", True)], 2),
        ([(F, "a", False), (C, "b", False), (F, "", True)], 2),
        ([(F, "a", False), (C, "b", False), (C, "c", True)], 3),
        ([(F, "a", False), (F, "b", False), (F, "a", True)], 2),
        ([(F, "a", False), (F, "c", True)], 2),
        ([(F, "a", True)], 1),
    ],
    ids=str,
)
def test_what_a_device_says_it_has_sent_before_replaces_nothing(
    history: list[tuple[Status, str, bool]], current: int
) -> None:
    heard = [
        Heard(n, n, n, status, None, b"", alike.encode(), again)
        for n, (status, alike, again) in enumerate(history, 1)
    ]
    assert [each.seq for each in tie(heard) if each.current] == [current]


async def test_a_reprint_of_a_wrong_result_is_a_version_behind_its_correction(
    tmp_path: Path,
) -> None:
    minute = Instant(NOON)
    wrong, right = measured(1, "1.9", minute), measured(2, "5.4", minute, status=C)
    for reprint in (
        measured(3, "1.9", minute),
        replace(measured(3, "1.9"), payload={TIME_OF: "H-14", "sent_again": True}),
    ):
        folder = tmp_path / str(reprint.observed_at)
        folder.mkdir()
        async with desk_with(folder, wrong, right, reprint) as desk:
            current, earlier = await _test(desk)
            assert (current.event.seq, [each.version for each in earlier]) == (2, [3, 1])
            assert [each.event.seq for each in await desk.results(ResultFilter())] == [2]


heards = st.lists(
    st.builds(
        Heard,
        seq=st.integers(1, 10**6),
        raw=st.integers(0, 6),
        message=st.integers(1, 4),
        status=st.sampled_from(Status),
        at=st.none() | st.integers(1, 3),
        same=st.sampled_from([b"", b"a", b"b"]),
        alike=st.sampled_from([b"", b"c", b"d"]),
        again=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda heard: heard.seq,
)


@given(heards, st.randoms(use_true_random=False))
def test_ties_follow_from_the_events_and_not_from_their_order(
    heard: list[Heard], random: Any
) -> None:
    shuffled = random.sample(heard, len(heard))
    for bind in (tie, tie_runs):
        assert sorted(bind(shuffled), key=str) == sorted(bind(heard), key=str)


@given(heards)
def test_every_event_has_one_place_and_points_to_what_came_before_it(heard: list[Heard]) -> None:
    came = {each.seq: (each.raw, each.seq) for each in heard}
    tied = {each.seq: each for each in tie(heard)}
    assert tied.keys() == came.keys()
    assert sum(each.current for each in tied.values()) == bool(heard)
    versions = [each.version for each in tied.values() if each.repeats is None]
    assert versions == list(range(1, len(versions) + 1))
    for each in tied.values():
        if each.repeats is not None:
            assert tied[each.repeats].repeats is None
            assert came[each.repeats] < came[each.seq]
        if each.supersedes is not None:
            assert tied[each.supersedes].repeats is None
            assert came[each.supersedes] < came[each.seq]
    replaced = [each.supersedes for each in tied.values() if each.supersedes]
    assert len(replaced) == len(set(replaced))
