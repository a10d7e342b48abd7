"""The laboratory's tables follow from the events alone."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.lab import LabDesk
from gateway.lab.result import ResultFilter, has_versions, specimen_of
from gateway.lab.row import Row, body_of, result_of
from gateway.lab.tables import Tables
from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Laterality,
    Operator,
    Quality,
    RawId,
    Source,
    Status,
    Subject,
    Value,
)
from gateway.sqlite import open_sealed
from gateway.testing import known_ring
from tests.unit.lab.lab_case import listings_follow

words = st.text(st.characters(codec="utf-8"), max_size=6)
few = st.sampled_from
instants = st.integers(0, 2**53).map(Instant)
codings = st.builds(Coding, words, words)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.builds(
    Value, words, st.none() | numbers, st.none() | few(Operator), st.none() | codings
)
subjects = st.builds(Subject, words, words, words, words, words, st.none() | few(Laterality))
payloads = st.none() | st.fixed_dictionaries({"as_sent": st.dictionaries(words, words, min_size=1)})


@st.composite
def any_result(draw: st.DrawFn) -> DeviceEvent:
    return DeviceEvent(
        id=draw(st.binary(min_size=16, max_size=16)),
        site=draw(words),
        source=draw(st.builds(Source, words, words, words)),
        kind=Kind.RESULT,
        code=draw(codings),
        value=draw(st.none() | values),
        unit=draw(words),
        received_at=draw(instants),
        observed_at=draw(instants),
        clock=draw(few(ClockQuality)),
        quality=draw(few(Quality)),
        status=draw(few(Status)),
        raw_id=draw(st.none() | st.integers(1, 2**40).map(RawId)),
        simulated=draw(st.booleans()),
        subject=draw(st.none() | subjects),
        actor=draw(words),
        caused_by=draw(st.binary(max_size=16)),
        supersedes=draw(st.binary(max_size=16)),
        flags=tuple(draw(st.lists(words, max_size=3))),
        range_text=draw(words),
        range_low=draw(st.none() | numbers),
        range_high=draw(st.none() | numbers),
        payload=draw(payloads),
        seq=draw(st.integers(1, 2**40)),
    )


@given(any_result())
def test_a_result_comes_back_from_its_row_as_it_was(event: DeviceEvent) -> None:
    row = Row(
        event.seq,
        event.id,
        event.source.device,
        event.code.system,
        event.code.code,
        event.status,
        event.received_at,
        event.raw_id,
        1,
        1,
        body_of(event),
    )
    assert result_of(row).event == event


def _small(
    seq: int, fact: tuple[str, str, str, int, Status], measured: int | None = None
) -> DeviceEvent:
    device, specimen, code, raw, status = fact
    return DeviceEvent(
        id=seq.to_bytes(16, "big"),
        site="s",
        source=Source(device),
        kind=Kind.RESULT,
        code=Coding("", code),
        value=None if measured is None else Value("5.1"),
        unit="",
        received_at=Instant(seq),
        observed_at=Instant(seq if measured is None else measured),
        clock=ClockQuality.GATEWAY if measured is None else ClockQuality.DEVICE,
        status=status,
        raw_id=RawId(raw) if raw else None,
        subject=Subject(specimen=specimen),
        seq=seq,
    )


@st.composite
def histories(draw: st.DrawFn, *, repeated: bool = False) -> list[DeviceEvent]:
    facts = draw(
        st.lists(
            st.tuples(few("ab"), few(("", "S1", "S2")), few("xy"), st.integers(0, 4), few(Status)),
            max_size=25,
        )
    )
    times = st.integers(1, 2) if repeated else st.none()
    return [_small(seq, fact, draw(times)) for seq, fact in enumerate(facts, 1)]


def _folded(chunks: Sequence[Sequence[DeviceEvent]]) -> list[tuple[Any, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lab.sqlite"

        async def fold(chunk: Sequence[DeviceEvent]) -> None:
            async with LabDesk.open(path, known_ring()) as desk:
                if chunk:
                    await desk.apply(chunk, listings_follow)

        for chunk in chunks:
            asyncio.run(fold(chunk))
        reader = open_sealed(path, known_ring())
        rows = list(reader.execute("SELECT * FROM result ORDER BY seq"))
        rows += list(reader.execute("SELECT * FROM cursor"))
        reader.close()
        return rows


@settings(deadline=None, max_examples=40)
@given(histories(repeated=True), st.data())
def test_replay_in_any_pieces_gives_the_same_tables(
    events: list[DeviceEvent], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    assert _folded([events[:cut], events[cut:]]) == _folded([events])


@settings(deadline=None, max_examples=40)
@given(histories())
def test_of_each_test_of_a_sample_the_last_on_the_wire_is_current(
    events: list[DeviceEvent],
) -> None:
    versions: dict[tuple[str, ...], list[DeviceEvent]] = defaultdict(list)
    for event in events:
        run = "" if has_versions(event) else str(event.seq)
        versions[event.source.device, specimen_of(event), event.code.code, run].append(event)
    newest = [max(each, key=lambda one: (one.raw_id or 0, one.seq)) for each in versions.values()]
    with closing(apsw.Connection(":memory:")) as connection:
        connection.execute(Tables.schema)
        tables = Tables(connection)
        tables.fold(events)
        current = tables.results(ResultFilter(), None, 100)
        assert [each.event.seq for each in current] == sorted((e.seq for e in newest), reverse=True)
        for result in current:
            same = [
                test
                for test in tables.sample(result.specimen, device=result.event.source.device)
                if test.current.event.seq == result.event.seq
            ]
            if result.specimen:
                (test,) = same
                assert test.current.version == len(test.earlier) + 1
