from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.lab import FlagLevel, LabDesk, ResultFilter, level_of
from gateway.model import DeviceEvent, Instant, Kind, RawId, Status
from gateway.sqlite import open_sealed
from gateway.testing import known_ring
from tests.unit.lab.lab_case import NOON, desk_with, listings_follow, result

ANY = ResultFilter()


async def _texts(desk: LabDesk, wanted: ResultFilter = ANY) -> list[str]:
    return [
        each.event.value.text for each in await desk.results(wanted) if each.event.value is not None
    ]


async def test_a_later_result_of_a_test_is_current_and_the_earlier_one_a_version(
    tmp_path: Path,
) -> None:
    preliminary = result(1, "5.0", status=Status.PRELIMINARY)
    corrected = result(3, "5.2", status=Status.CORRECTED)
    async with desk_with(tmp_path, preliminary, result(2, "5.1"), corrected) as desk:
        (test,) = await desk.sample("chemistry-1", "S1")
        assert test.current.event == corrected
        assert test.current.version == 3
        assert [each.event.status for each in test.earlier] == [Status.FINAL, Status.PRELIMINARY]
        assert await _texts(desk) == ["5.2"]


async def test_what_is_interpreted_late_does_not_go_before_what_came_after_it(
    tmp_path: Path,
) -> None:
    late = result(9, "4.0", raw=1)
    async with desk_with(tmp_path, result(5, "5.0", raw=2), late) as desk:
        (test,) = await desk.sample("chemistry-1", "S1")
        assert (test.current.event.seq, test.current.version) == (5, 2)
        assert [each.event.seq for each in test.earlier] == [9]


@pytest.mark.parametrize("other", [{"device": "chemistry-2"}, {"specimen": "S2"}, {"code": "x"}])
async def test_results_of_another_device_sample_or_test_are_not_versions(
    tmp_path: Path, other: dict[str, str]
) -> None:
    async with desk_with(tmp_path, result(1, "5.0"), result(2, "6.0", **other)) as desk:  # type: ignore[arg-type]
        assert await _texts(desk) == ["6.0", "5.0"]


async def test_results_without_a_sample_are_never_merged(tmp_path: Path) -> None:
    nobodys = [result(n, f"{n}.0", specimen="", issuer="HIS") for n in (1, 2)]
    async with desk_with(tmp_path, *nobodys, replace(result(3, "3.0"), subject=None)) as desk:
        assert await _texts(desk) == ["3.0", "2.0", "1.0"]
        assert await desk.sample("chemistry-1", "") == []
        assert (await desk.counts(NOON)).samples == 0


async def test_each_run_of_a_control_stands_for_itself_and_counts_apart(tmp_path: Path) -> None:
    runs = [result(n, f"{n}.0", specimen="QC1", status=Status.QC) for n in (1, 2)]
    async with desk_with(tmp_path, *runs, result(3)) as desk:
        assert await _texts(desk, ResultFilter(status=Status.QC)) == ["2.0", "1.0"]
        assert [each.earlier for each in await desk.sample("chemistry-1", "QC1")] == [(), ()]
        counts = await desk.counts(NOON)
        assert (counts.results, counts.samples, counts.controls) == (1, 1, 2)


async def test_a_sample_keeps_the_order_in_which_its_tests_came(tmp_path: Path) -> None:
    tests = [result(1, code="a"), result(2, code="b"), result(3, code="a")]
    async with desk_with(tmp_path, *tests) as desk:
        sample = await desk.sample("chemistry-1", "S1")
        assert [each.current.event.code.code for each in sample] == ["a", "b"]


async def test_a_sample_of_an_issuer_gathers_its_devices_but_a_device_goes_before(
    tmp_path: Path,
) -> None:
    both = [
        result(1, device="chemistry-1", issuer="HIS"),
        result(2, device="hematology-1", issuer="HIS"),
        result(3, device="blood-gas-1", issuer="chemistry-1"),
    ]
    async with desk_with(tmp_path, *both) as desk:
        assert [each.current.event.seq for each in await desk.sample("HIS", "S1")] == [1, 2]
        assert [each.current.event.seq for each in await desk.sample("chemistry-1", "S1")] == [1]


async def test_results_are_filtered_and_paged_from_the_newest(tmp_path: Path) -> None:
    events = [result(n, specimen=f"S{n}", device=f"d{n % 2}") for n in range(1, 8)]
    events += [
        result(8, specimen="S8", flags=("H",)),
        result(9, specimen="S9", flags=("HH", "x")),
        result(10, specimen="S10", status=Status.CORRECTED),
    ]
    async with desk_with(tmp_path, *events) as desk:

        async def seqs(
            wanted: ResultFilter, before: int | None = None, limit: int = 9
        ) -> list[int]:
            found = await desk.results(wanted, before=before, limit=limit)
            return [each.event.seq for each in found]

        assert await seqs(ANY, limit=3) == [10, 9, 8]
        assert await seqs(ANY, before=8, limit=3) == [7, 6, 5]
        assert await seqs(ResultFilter(device="d1")) == [7, 5, 3, 1]
        assert await seqs(ResultFilter(specimen="S4")) == [4]
        assert await seqs(ResultFilter(status=Status.CORRECTED)) == [10]
        assert await seqs(ResultFilter(level=FlagLevel.ABNORMAL)) == [9, 8]
        assert await seqs(ResultFilter(level=FlagLevel.CRITICAL)) == [9]
        assert await seqs(ResultFilter(device="d1", status=Status.QC)) == []


async def test_counts_begin_where_they_are_asked_to(tmp_path: Path) -> None:
    events = [result(n, specimen=f"S{n // 2}", code=str(n), flags=("LL",)) for n in range(1, 6)]
    async with desk_with(tmp_path, *events) as desk:
        counts = await desk.counts(Instant(NOON + 3))
        assert (counts.results, counts.samples, counts.critical) == (3, 2, 3)


async def test_a_wire_record_leads_to_the_results_taken_from_it(tmp_path: Path) -> None:
    events = [result(1, "1.0", raw=7), result(2, "2.0", raw=7), result(3, code="b", raw=8)]
    async with desk_with(tmp_path, *events) as desk:
        assert [each.event.seq for each in await desk.of_record(RawId(7))] == [1, 2]
        assert await desk.of_record(RawId(9)) == []


async def test_other_events_are_noted_on_disk_only_now_and_then(tmp_path: Path) -> None:
    def telemetry(seq: int) -> DeviceEvent:
        return replace(result(seq), kind=Kind.MEASUREMENT)

    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as desk:
        await desk.apply([telemetry(1)], listings_follow)
        assert desk.cursor() == 1
    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as desk:
        assert desk.cursor() == 0
        await desk.apply([telemetry(2), result(3), telemetry(4)], listings_follow)
        assert desk.cursor() == 4
        await desk.apply([telemetry(10_004)], listings_follow)
        assert desk.cursor() == 10_004
        assert len(await desk.results(ANY)) == 1
    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as desk:
        assert desk.cursor() == 10_004


async def test_what_was_folded_already_is_not_folded_twice(tmp_path: Path) -> None:
    async with desk_with(tmp_path, result(1), result(2)) as desk:
        await desk.apply([result(1), result(2), result(3)], listings_follow)
        (test,) = await desk.sample("chemistry-1", "S1")
        assert test.current.version == 3


async def test_tables_of_another_format_are_built_anew(tmp_path: Path) -> None:
    async with desk_with(tmp_path, result(1)):
        pass
    other = open_sealed(tmp_path / "lab.sqlite", known_ring())
    other.execute("PRAGMA user_version = 99")
    other.close()
    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as desk:
        assert desk.cursor() == 0
        assert await desk.results(ANY) == []


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "lab.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"lab\.sqlite can't be opened"):
        async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()):
            pass


async def test_a_table_that_can_not_be_read_is_a_store_error(tmp_path: Path) -> None:
    async with desk_with(tmp_path, result(1)) as desk:
        await desk.ask(lambda tables: tables._connection.execute("DROP TABLE result"))
        with pytest.raises(StoreError, match="no such table"):
            await desk.results(ANY)


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ((), FlagLevel.NONE),
        (("N",), FlagLevel.NONE),
        (("", " n ", "NEG"), FlagLevel.NONE),
        (("own",), FlagLevel.ABNORMAL),
        (("危",), FlagLevel.ABNORMAL),
        (("N", "critical"), FlagLevel.ABNORMAL),
        (("HX",), FlagLevel.ABNORMAL),
        (("LX",), FlagLevel.ABNORMAL),
        (("hh",), FlagLevel.CRITICAL),
        (("HU",), FlagLevel.CRITICAL),
        (("lu",), FlagLevel.CRITICAL),
        (("L",), FlagLevel.ABNORMAL),
        (("N", ">"), FlagLevel.ABNORMAL),
        (("H", "HH"), FlagLevel.CRITICAL),
        (("AA",), FlagLevel.CRITICAL),
    ],
)
def test_the_gravest_flag_counts(flags: tuple[str, ...], level: FlagLevel) -> None:
    assert level_of(flags) is level
