"""Tables folded from the stream commit with their cursor, and after what follows from them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import apsw
import pytest

from gateway.errors import StoreError
from gateway.model import DeviceEvent, Kind
from gateway.projection import Projection
from gateway.seal import Keyring, suite_named
from gateway.testing import known_ring
from tests.unit.lab.lab_case import listings_follow, result


class Seen:
    """Remembers the seq of each event; from every third one something follows."""

    format: ClassVar = 1
    schema: ClassVar = "CREATE TABLE seen(seq INTEGER PRIMARY KEY)"

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        self._connection.executemany("INSERT INTO seen VALUES(?)", [(e.seq,) for e in events])
        return [event for event in events if event.seq % 3 == 0]

    def seqs(self) -> list[int]:
        return [seq for (seq,) in self._connection.execute("SELECT seq FROM seen ORDER BY seq")]


class Changed(Seen):
    format: ClassVar = 2


async def refuse(events: Sequence[DeviceEvent]) -> None:
    raise StoreError(f"{len(events)} refused")


async def test_what_follows_is_on_disk_before_the_tables_commit(tmp_path: Path) -> None:
    async with Projection.opened(tmp_path / "seen.sqlite", known_ring(), Seen) as seen:
        with pytest.raises(StoreError):
            await seen.apply([result(2), result(3)], refuse)
        assert await seen.ask(Seen.seqs) == []
        assert seen.cursor() == 0
        emitted: list[DeviceEvent] = []

        async def emit(events: Sequence[DeviceEvent]) -> None:
            emitted.extend(events)

        await seen.apply([result(2), result(3)], emit)
        assert [event.seq for event in emitted] == [3]
        assert await seen.ask(Seen.seqs) == [2, 3]


async def test_nobody_sees_what_is_folded_and_not_committed(tmp_path: Path) -> None:
    async with Projection.opened(tmp_path / "seen.sqlite", known_ring(), Seen) as seen:
        may_go, asked = asyncio.Event(), asyncio.Event()

        async def slow(_events: Sequence[DeviceEvent]) -> None:
            asked.set()
            await may_go.wait()
            raise StoreError("refused at last")

        folding = asyncio.create_task(seen.apply([result(3)], slow))
        await asked.wait()
        question = asyncio.create_task(seen.ask(Seen.seqs))
        may_go.set()
        with pytest.raises(StoreError):
            await folding
        assert await question == []


async def test_a_repeated_event_is_folded_once(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    async with Projection.opened(path, known_ring(), Seen) as seen:
        await seen.apply([result(1), result(2)], listings_follow)
    async with Projection.opened(path, known_ring(), Seen) as seen:
        assert seen.cursor() == 2
        await seen.apply([result(1), result(2), result(4)], listings_follow)
        assert await seen.ask(Seen.seqs) == [1, 2, 4]


async def test_tables_of_another_format_are_built_anew(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    async with Projection.opened(path, known_ring(), Seen) as seen:
        await seen.apply([result(1)], listings_follow)
    async with Projection.opened(path, known_ring(), Changed) as changed:
        assert changed.cursor() == 0
        assert await changed.ask(Changed.seqs) == []


async def test_who_needs_a_seq_waits_until_it_is_folded(tmp_path: Path) -> None:
    async with Projection.opened(
        tmp_path / "seen.sqlite", known_ring(), Seen, {Kind.ALARM}
    ) as seen:
        waiting = asyncio.create_task(seen.reached(2))
        await seen.apply([result(1)], listings_follow)
        assert not waiting.done()
        await seen.apply([result(2)], listings_follow)
        await waiting
        assert await seen.ask(Seen.seqs) == []


async def test_watchers_are_told_of_what_is_of_concern_until_they_stop(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    kind = result(1).kind
    async with Projection.opened(path, known_ring(), Seen, {kind}) as seen:
        told: list[int] = []
        stop = seen.watch(lambda: told.append(seen.cursor()))
        await seen.apply([result(1)], listings_follow)
        await seen.apply([result(1)], listings_follow)
        assert told == [1]
        with pytest.raises(StoreError):
            await seen.apply([result(3)], refuse)
        assert told == [1]
        stop()
        await seen.apply([result(2)], listings_follow)
        assert told == [1]
    async with Projection.opened(path, known_ring(), Seen, {Kind.ALARM}) as other:
        other.watch(lambda: told.append(other.cursor()))
        await other.apply([result(4)], listings_follow)
        assert told == [1]


async def test_a_file_that_is_no_database_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    path.write_bytes(b"no database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreError, match="remove it"):
        async with Projection.opened(path, known_ring(), Seen):
            pass


async def test_tables_in_plain_text_are_built_anew(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    plain = apsw.Connection(str(path))
    plain.execute(Seen.schema)
    plain.close()
    async with Projection.opened(path, known_ring(), Seen) as seen:
        await seen.apply([result(1)], listings_follow)
        assert await seen.ask(Seen.seqs) == [1]


async def test_tables_of_another_key_are_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    async with Projection.opened(path, known_ring(), Seen):
        pass
    other = Keyring.fresh(suite_named("aes-256-gcm"), "")
    with pytest.raises(StoreError, match="remove it"):
        async with Projection.opened(path, other, Seen):
            pass
