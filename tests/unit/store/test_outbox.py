from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model import Instant
from gateway.sqlite import open_sealed
from gateway.store import Backoff, Outbox
from gateway.testing import known_ring
from tests.unit.store.store_case import NOVEMBER, HeldClock

SECOND = 1_000_000


@pytest.fixture
async def outbox(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Outbox]:
    backoff = Backoff(first=1, longest=3, attempts=4)
    async with Outbox.open(tmp_path / "outbox.sqlite", known_ring(), clock, backoff) as opened:
        yield opened


async def _head(outbox: Outbox, destination: str = "lis") -> bytes | None:
    head = await outbox.head(destination)
    return None if head is None else head.payload


async def test_each_destination_is_served_in_order(outbox: Outbox) -> None:
    for number in range(3):
        await outbox.enqueue("lis", str(number), b"%d" % number)
    await outbox.enqueue("pacs", "0", b"image")
    assert [await outbox.count(name) for name in ("lis", "pacs", "ris")] == [3, 1, 0]
    served = []
    while (head := await outbox.head("lis")) is not None:
        served.append(head.payload)
        await outbox.delivered(head)
    assert served == [b"0", b"1", b"2"]
    assert await outbox.count("lis") == 0
    assert await _head(outbox, "pacs") == b"image"


async def test_a_key_is_owed_once_also_after_delivery(outbox: Outbox, clock: HeldClock) -> None:
    assert await outbox.enqueue("lis", "k", b"first")
    assert not await outbox.enqueue("lis", "k", b"again")
    head = await outbox.head("lis")
    assert head is not None
    assert head.payload == b"first"
    await outbox.delivered(head)
    assert not await outbox.enqueue("lis", "k", b"again")
    await outbox.forget(Instant(clock.at + 1))
    assert await outbox.enqueue("lis", "k", b"anew")


async def test_a_refused_delivery_waits_longer_each_time_then_lets_others_pass(
    outbox: Outbox,
) -> None:
    await outbox.enqueue("lis", "a", b"a")
    await outbox.enqueue("lis", "b", b"b")
    waits = []
    while (head := await outbox.head("lis")) is not None and head.payload == b"a":
        waits.append((head.due - NOVEMBER) // SECOND)
        await outbox.failed(head, "connection refused")
    assert waits == [0, 1, 2, 3]
    assert await _head(outbox) == b"b"
    (dead,) = await outbox.dead()
    assert (dead.payload, dead.error, dead.attempts) == (b"a", "connection refused", 4)
    assert await outbox.revive(dead.id)
    assert await _head(outbox) == b"a"
    assert await outbox.dead() == []


async def test_deliveries_survive_a_restart(tmp_path: Path, clock: HeldClock) -> None:
    for _ in range(2):
        async with Outbox.open(tmp_path / "outbox.sqlite", known_ring(), clock) as outbox:
            await outbox.enqueue("lis", "k", b"owed")
            assert await _head(outbox) == b"owed"


async def test_several_are_owed_together_and_settled_together(outbox: Outbox) -> None:
    owed = [("a", "1", b"x"), ("b", "1", b"y"), ("a", "2", b"z")]
    assert await outbox.enqueue_all(owed) == 3
    assert await outbox.enqueue_all([*owed, ("a", "3", b"w")]) == 1
    first = await outbox.owed("a", 2)
    assert [each.key for each in first] == ["1", "2"]
    await outbox.delivered(*first)
    assert [each.key for each in await outbox.owed("a", 9)] == ["3"]


async def test_what_will_never_be_taken_is_a_dead_letter_at_once(outbox: Outbox) -> None:
    await outbox.enqueue("a", "alarm:x:1", b"x")
    (delivery,) = await outbox.owed("a", 1)
    await outbox.bury(delivery, "410")
    assert [each.error for each in await outbox.dead()] == ["410"]
    await outbox.enqueue("a", "alarm:x:12", b"x")
    fates = await outbox.fates("alarm:x:1")
    assert [(each.key, each.state) for each in fates] == [
        ("alarm:x:12", "waiting"),
        ("alarm:x:1", "dead"),
    ]


async def test_what_waits_for_a_receiver_that_is_away_never_dies(
    outbox: Outbox, clock: HeldClock
) -> None:
    await outbox.enqueue("lis", "a", b"a")
    waits = []
    for _ in range(60):
        head = await outbox.head("lis")
        assert head is not None
        await outbox.later(head, "away")
        again = await outbox.head("lis")
        assert again is not None
        waits.append((again.due - clock.at) // SECOND)
    assert waits[:4] == [1, 2, 3, 3]
    assert max(waits) == 3
    assert await outbox.dead() == []


async def test_what_is_urgent_goes_first_and_is_due_at_once(
    outbox: Outbox, clock: HeldClock
) -> None:
    await outbox.enqueue_all([("mail", "a", b"a"), ("mail", "b", b"b")])
    await outbox.enqueue_all([("mail", "c", b"c"), ("web", "c", b"c")], urgent=True)
    for each in await outbox.owed("mail", 9):
        await outbox.later(each, "away")
    await outbox.enqueue_all([("mail", "d", b"d")], urgent=True)
    owed = await outbox.owed("mail", 9)
    assert [(each.key, each.urgent) for each in owed] == [
        ("c", True), ("d", True), ("a", False), ("b", False)
    ]  # fmt: skip
    assert [each.due > clock.at for each in owed] == [False, False, True, True]
    assert await outbox.enqueue_all([("mail", "d", b"d")], urgent=True) == 0


async def test_a_file_of_before_urgency_is_taken_over(tmp_path: Path, clock: HeldClock) -> None:
    path = tmp_path / "old.sqlite"
    old = open_sealed(path, known_ring())
    old.execute(
        "CREATE TABLE delivery(id INTEGER PRIMARY KEY AUTOINCREMENT, destination TEXT NOT NULL,"
        " key TEXT NOT NULL, payload BLOB NOT NULL, created INTEGER NOT NULL,"
        " due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
        " state TEXT NOT NULL DEFAULT 'waiting', error TEXT NOT NULL DEFAULT '',"
        " UNIQUE(destination, key));"
        "CREATE INDEX delivery_waiting ON delivery(destination, id) WHERE state = 'waiting';"
        "INSERT INTO delivery(destination, key, payload, created, due) VALUES('mail','a','a',1,1);"
        "PRAGMA user_version = 2"
    )
    old.close()
    for _ in range(2):
        async with Outbox.open(path, known_ring(), clock) as outbox:
            await outbox.enqueue_all([("mail", "b", b"b")], urgent=True)
            assert [each.key for each in await outbox.owed("mail", 9)] == ["b", "a"]
