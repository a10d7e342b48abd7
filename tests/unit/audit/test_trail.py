"""The audit of a running gateway: durable, chained, anchored, and verified from its files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from gateway.audit import AuditTrail, Breach, Filter, audit_key, read_anchors, verify
from gateway.audit.verify import Verdict
from gateway.errors import ConfigError
from gateway.model import Instant, Subject
from gateway.room import OWNER, Outcome, Principal
from gateway.seal import DEFAULT, Keyring, suite_named
from gateway.testing import ManualClock

NURSE = Principal("person:wang", "王护士", frozenset())
KEY = b"k" * 32
RING = Keyring.fresh(suite_named(DEFAULT), "2026-11-26T00:00:00Z")


@asynccontextmanager
async def trail_in(folder: Path) -> AsyncIterator[AuditTrail]:
    async with AuditTrail.open(
        folder / "audit.sqlite", folder / "anchors", ManualClock(), key=KEY, ring=RING
    ) as trail:
        yield trail


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def filled(folder: Path, count: int) -> None:
    async with trail_in(folder) as trail:
        await asyncio.gather(*(trail.record("results.read", NURSE) for _ in range(count)))


def verdict(folder: Path, *copies: Path) -> Verdict:
    return verify(folder / "audit.sqlite", folder / "anchors", KEY, copies=copies)


def breaches(folder: Path, *copies: Path) -> list[tuple[Breach, int]]:
    return [(each.breach, each.seq) for each in verdict(folder, *copies).findings]


def change(folder: Path, *statements: str) -> None:
    connection = apsw.Connection(str(folder / "audit.sqlite"))
    for statement in statements:
        connection.execute(statement)
    connection.close()


async def test_an_entry_comes_back_as_it_was_recorded(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        patient = Subject(patient="7", issuer="his", specimen="S1")
        await trail.record(
            "results.read",
            NURSE,
            outcome=Outcome.REFUSED,
            subject=patient,
            objects={"device": "chemistry-1"},
            detail="张三的结果",
            address="10.1.2.3",
        )
        (entry,) = await trail.find(Filter())
    assert (entry.seq, entry.who, entry.name, entry.action) == (
        1,
        "person:wang",
        "王护士",
        "results.read",
    )
    assert entry.outcome is Outcome.REFUSED
    assert entry.subject == patient
    assert entry.objects == (("device", "chemistry-1"),)
    assert (entry.detail, entry.address) == ("张三的结果", "10.1.2.3")


async def test_entries_are_found_by_who_what_whom_and_when(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        await trail.record("alarms.shelve", OWNER)
        await trail.record("alarms.acknowledge", NURSE)
        await trail.record("results.read", NURSE, subject=Subject(patient="7", issuer="his"))

        async def seqs(wanted: Filter) -> list[int]:
            return [entry.seq for entry in await trail.find(wanted)]

        assert await seqs(Filter()) == [3, 2, 1]
        assert await seqs(Filter(who="person:wang")) == [3, 2]
        assert await seqs(Filter(action="alarms.")) == [2, 1]
        assert await seqs(Filter(action="alarms.*")) == []
        assert await seqs(Filter(patient=trail.patient("his", "7"))) == [3]
        assert await seqs(Filter(patient=trail.patient("other", "7"))) == []
        assert await seqs(Filter(until=Instant(0))) == []
        assert [each.seq for each in await trail.find(Filter(), before=3, limit=1)] == [2]


async def test_what_arrives_together_is_chained_in_order(tmp_path: Path) -> None:
    await filled(tmp_path, 300)
    await filled(tmp_path, 5)
    found = verdict(tmp_path)
    assert found.is_whole
    assert (found.entries, found.last_seq) == (305, 305)


async def test_an_edited_entry_is_found(tmp_path: Path) -> None:
    await filled(tmp_path, 5)
    change(tmp_path, "UPDATE entry SET who = 'person:li' WHERE seq = 3")
    assert breaches(tmp_path) == [(Breach.CHANGED, 3)]


async def test_a_removed_entry_is_found(tmp_path: Path) -> None:
    await filled(tmp_path, 5)
    change(tmp_path, "DELETE FROM entry WHERE seq = 3")
    assert breaches(tmp_path) == [(Breach.MISSING, 3), (Breach.CHANGED, 4)]


async def test_exchanged_entries_are_found(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        for action in ("a.one", "a.two", "a.three"):
            await trail.record(action, NURSE)
    change(
        tmp_path,
        "UPDATE entry SET seq = 9 WHERE seq = 1",
        "UPDATE entry SET seq = 1 WHERE seq = 2",
        "UPDATE entry SET seq = 2 WHERE seq = 9",
    )
    assert [breach for breach, _ in breaches(tmp_path)] == [Breach.CHANGED] * 3 + [
        Breach.ANCHOR
    ] * 0


async def test_a_cut_end_is_found_by_the_head(tmp_path: Path) -> None:
    await filled(tmp_path, 5)
    change(tmp_path, "DELETE FROM entry WHERE seq > 3")
    assert (Breach.CUT, 4) in breaches(tmp_path)


async def test_an_end_cut_off_with_its_anchors_is_found_by_a_copy(tmp_path: Path) -> None:
    await filled(tmp_path, 5)
    copy = tmp_path / "copy"
    copy.write_text((tmp_path / "anchors" / "anchors").read_text())
    change(tmp_path, "DELETE FROM entry WHERE seq > 3")
    for file in ("head", "anchors"):
        (tmp_path / "anchors" / file).unlink()
    assert (Breach.CUT, 4) in breaches(tmp_path, copy)
    assert (Breach.ANCHOR, 3) in breaches(tmp_path), "a missing head is said"


async def test_a_chain_written_anew_under_another_key_is_found(tmp_path: Path) -> None:
    await filled(tmp_path, 3)
    found = verify(tmp_path / "audit.sqlite", tmp_path / "anchors", b"o" * 32)
    assert [each.breach for each in found.findings][:3] == [Breach.CHANGED] * 3


async def test_after_a_cut_the_gateway_goes_on_and_the_gap_stays(tmp_path: Path) -> None:
    await filled(tmp_path, 5)
    change(tmp_path, "DELETE FROM entry WHERE seq > 3")
    async with trail_in(tmp_path) as trail:
        assert trail.lost == 2
        await trail.record("results.read", NURSE)
        assert trail.last_seq == 6
    assert (Breach.MISSING, 4) in breaches(tmp_path)


async def test_a_torn_head_leaves_the_one_before(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        for _ in range(4):
            await trail.record("results.read", NURSE)
    head = tmp_path / "anchors" / "head"
    whole = head.read_bytes()
    half = len(whole) // 2
    for torn in (b"\xff" * 9 + whole[9:], whole[: half + 9] + b"\xff" * 9 + whole[half + 18 :]):
        head.write_bytes(torn)
        assert Breach.ANCHOR not in [breach for breach, _ in breaches(tmp_path)]
    head.write_bytes(b"\0" * len(whole))
    assert (Breach.ANCHOR, 4) in breaches(tmp_path)


async def test_each_thousandth_entry_and_each_end_leave_an_anchor(tmp_path: Path) -> None:
    await filled(tmp_path, 1500)
    await filled(tmp_path, 1)
    seqs = [each.seq for each in read_anchors(tmp_path / "anchors" / "anchors")]
    assert seqs[-2:] == [1500, 1501]


async def test_a_cancelled_wait_leaves_the_entry_recorded(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        waiting = asyncio.ensure_future(trail.record("results.read", NURSE))
        await asyncio.sleep(0)
        waiting.cancel()
        await trail.record("results.read", NURSE)
        assert trail.last_seq == 2


def test_the_key_is_made_once_and_belongs_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.key"
    key = audit_key(path)
    assert audit_key(path) == key
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="put back"):
        audit_key(path)


async def test_nothing_that_identifies_a_patient_is_readable_in_its_file(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        subject = Subject(patient="P-4711", issuer="his", specimen="S-0815")
        await trail.record("results.read", NURSE, subject=subject, detail="张三的结果")
        written = everything(tmp_path)
        (entry,) = await trail.find(Filter(patient=trail.patient("his", "P-4711")))
    assert entry.detail == "张三的结果"
    for planted in ("P-4711", "S-0815", "张三"):
        assert planted.encode() not in written


async def test_the_keys_of_entries_are_named_for_as_long_as_these_are_kept(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        assert await trail.keys() == set()
        await trail.record("results.read", OWNER, subject=Subject("P1", "HIS"))
        await trail.reseal(lambda *_: None)
        assert await trail.keys() == {1}
