"""A sealed store: what it answers as ever, what its files show, and the life of its keys."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.model import (
    DeviceEvent,
    Kind,
    Quarantined,
    QuarantineReason,
    RawId,
    Retention,
    Subject,
    Value,
)
from gateway.seal import Keyring, suite_named
from gateway.store import Batch, EventStore, StoreOptions
from gateway.store.batch import Message
from gateway.store.catalog import Catalog, SegmentFile
from tests.unit.store.store_case import NOVEMBER, HeldClock, make_event, make_record

TELEMETRY, RECORD = Retention.TELEMETRY, Retention.RECORD
AES, SM4 = suite_named("aes-256-gcm"), suite_named("sm4-gcm")
PATIENT = ("HIS", "PID-47110815")
PLANTED = ("张三", "Zhang San", "PID-47110815", "SPECIMEN-9", "comment", "who looked")


@pytest.fixture
def ring() -> Keyring:
    return Keyring.fresh(AES, "")


@pytest.fixture
def options(options: StoreOptions, ring: Keyring) -> StoreOptions:
    return replace(options, ring=ring)


def about(number: int) -> DeviceEvent:
    """A result of the planted patient."""
    return replace(
        make_event(number, device="chemistry-1", raw=number),
        kind=Kind.RESULT,
        value=Value("Zhang San"),
        subject=Subject("PID-47110815", "HIS", specimen="SPECIMEN-9"),
        payload={"comment": "张三"},
    )


def batch(number: int) -> Batch:
    """A message of the planted patient, its bytes, and what was not understood of it."""
    record = make_record(number, "O|1|PID-47110815|张三|Zhang San\r".encode() * 3)
    reason = QuarantineReason.UNKNOWN_CODE
    entry = Quarantined(
        RawId(number), "bus", "chemistry-1", reason, "Zhang San", "张三 comment", NOVEMBER
    )
    event = about(number)
    return Batch(RECORD, (record,), (), (entry,), (Message(event.id, (event,)),))


def shown(folder: Path) -> set[str]:
    """What of the planted is readable in any file."""
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    forms = [(text, text.encode(code)) for text in PLANTED for code in ("utf-8", "gb18030")]
    return {text for text, form in forms if form in content}


def segment(folder: Path, retention: Retention) -> Path:
    """The open segment of a class, as somebody sees it who may write files and has no key."""
    return folder / "segments" / f"2026-11.{retention}.sqlite"


async def everything(store: EventStore) -> list[object]:
    """All that can be asked of a store."""
    return [
        *await store.events(limit=1000),
        *await store.events(patient=PATIENT, limit=1000),
        *await store.records(limit=1000),
        *await store.quarantine(limit=1000),
    ]


async def test_nothing_that_names_a_patient_is_readable_on_disk(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        for number in range(1, 30):
            receipt = await store.append(batch(number))
            await store.resolve(receipt.seqs[-1] + 1, actor="who looked", note="comment")
        before = await everything(store)
        assert shown(tmp_path) == set()
        await store.close_segments(current=True)
        assert shown(tmp_path) == set()
        assert await everything(store) == before
    assert shown(tmp_path) == set()
    assert len(before) == 29 * 4
    async with EventStore.open(tmp_path, options, clock) as store:
        assert await everything(store) == before


async def test_the_same_without_a_key_would_be_readable(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, replace(options, ring=None), clock) as store:
        await store.append(batch(1))
        assert shown(tmp_path) >= {"张三", "Zhang San", "PID-47110815", "SPECIMEN-9"}


async def test_telemetry_shows_numbers_and_no_words(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    word = replace(make_event(2), value=Value("Zhang San"))
    poll = Message(make_event(3).id, (replace(make_event(3), value=Value("张三")),))
    async with EventStore.open(tmp_path, options, clock) as store:
        record = make_record(1, b"Zhang San")
        await store.append(Batch(TELEMETRY, (record,), (make_event(1), word), (), (poll,)))
        assert shown(tmp_path) == set()
        texts = [event.value and event.value.text for event in await store.events()]
        assert texts == ["1", "Zhang San", "张三"]
    with closing(sqlite3.connect(segment(tmp_path, TELEMETRY))) as file:
        assert file.execute("SELECT seq, text FROM event ORDER BY seq").fetchall() == [
            (1, "1"),
            (2, None),
            (3, None),
        ]


async def test_a_new_key_begins_a_segment_and_old_ones_are_read_with_theirs(
    tmp_path: Path, options: StoreOptions, clock: HeldClock, ring: Keyring
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        await store.append(batch(1))
        ring.adopt(ring.rotated(SM4, ""))
        assert (await store.append(batch(1))).duplicate == 1
        await store.append(batch(2))
        assert await store.keys() == {1, 2}
        assert [event.seq for event in await store.events(patient=PATIENT)] == [1, 4]
        assert sorted(path.name for path in (tmp_path / "segments").glob("*.sqlite")) == [
            "2026-11.2.record.sqlite",
            "2026-11.record.sqlite",
        ]
        before = await everything(store)
    async with EventStore.open(tmp_path, options, clock) as store:
        await store.append(batch(3))
        assert (await everything(store))[0] == before[0]
        assert len(store_files(tmp_path)) == 2


def store_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "segments").glob("*.sqlite"))


async def test_resealing_leaves_all_as_it_was_under_the_new_key_alone(
    tmp_path: Path, options: StoreOptions, clock: HeldClock, ring: Keyring
) -> None:
    told: list[tuple[int, int]] = []
    async with EventStore.open(tmp_path, options, clock) as store:
        await store.append(Batch(TELEMETRY, (), (make_event(1000), make_event(1001))))
        await store.append(batch(1))
        await store.close_segments(current=True)
        await store.append(batch(2))
        ring.adopt(ring.rotated(SM4, ""))
        await store.append(batch(3))
        before = await everything(store)
        await store.reseal(lambda done, total: told.append((done, total)))
        assert await store.keys() == {2}
        assert told[-1] == (4, 4)
        assert await everything(store) == before
        ring.adopt(ring.without(1))
        assert (await store.append(batch(2))).duplicate == 1
        assert await everything(store) != before
    async with EventStore.open(tmp_path, options, clock) as store:
        assert [event.seq for event in await store.events(patient=PATIENT)] == [3, 5, 7]
        assert shown(tmp_path) == set()
    assert store_files(tmp_path) == [
        "2026-11.2.record.closed.sqlite",
        "2026-11.3.record.sqlite",
        "2026-11.record.closed.r2.sqlite",
        "2026-11.telemetry.closed.r2.sqlite",
    ]


def test_a_resealing_cut_short_leaves_one_whole_form(tmp_path: Path) -> None:
    opened = SegmentFile("2026-10", 1, RECORD, closed=False, folder=tmp_path)
    closed = opened.rewritten()
    again = closed.rewritten()
    for file in (opened, closed, again):
        file.path.touch()
    again.path.with_name(again.path.name + ".new").touch()
    assert Catalog.scan(tmp_path).files == (again,)
    assert [path.name for path in tmp_path.iterdir()] == ["2026-10.record.closed.r2.sqlite"]


_MEDDLING = {
    "cut": "UPDATE event SET body = CAST(substr(body, 1, length(body) - 1) AS BLOB)",
    "exchanged": "UPDATE event SET body = (SELECT body FROM event AS e WHERE e.seq <> event.seq)",
    "another time": "UPDATE event SET received = received + 1",
    "another identity": "UPDATE event SET id_low = id_low + 1",
    "other bytes": "UPDATE event SET raw = 1 - raw",
    "in plain": "UPDATE event SET body = x'005b5d'",
}


@pytest.mark.parametrize("statement", _MEDDLING.values(), ids=_MEDDLING)
async def test_a_row_that_was_meddled_with_is_refused(
    tmp_path: Path, options: StoreOptions, clock: HeldClock, statement: str
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        await store.append(Batch(RECORD, (), (about(1),)))
        await store.append(Batch(RECORD, (), (about(2),)))
    with closing(sqlite3.connect(segment(tmp_path, RECORD))) as file, file:
        file.execute(statement)
    (tmp_path / "views.sqlite").unlink()
    with pytest.raises(StoreError, match=r"changed or moved|never sealed"):
        async with EventStore.open(tmp_path, options, clock) as store:
            await store.events(device="chemistry-1")


async def test_a_damaged_row_withholds_its_own_message_and_no_other(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        await store.append(batch(1))
        with closing(sqlite3.connect(segment(tmp_path, RECORD))) as file, file:
            file.execute("UPDATE event SET received = received + 1")
        with pytest.raises(StoreError, match="changed or moved"):
            await store.append(batch(1))
        await store.append(batch(2))
        assert store.state.health == "ok"
