"""The audit of a running gateway: durable, chained, anchored, and verified from its files."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from gateway.audit import AuditTrail, Breach, Filter, audit_key, read_anchors, verify
from gateway.audit.verify import Verdict
from gateway.errors import ConfigError, StoreError
from gateway.model import Instant, Subject
from gateway.room import OWNER, Outcome, Principal
from gateway.seal import DEFAULT, Keyring, suite_named
from gateway.testing import ManualClock

NURSE = Principal("person:wang", "王护士", frozenset())
KEY = b"k" * 32
RING = Keyring.fresh(suite_named(DEFAULT), "2026-11-26T00:00:00Z")


@asynccontextmanager
async def trail_in(folder: Path, *, key: bytes = KEY) -> AsyncIterator[AuditTrail]:
    async with AuditTrail.open(
        folder / "audit.sqlite",
        folder / "anchors",
        ManualClock(),
        key=key,
        ring=RING,
        copy=folder.parent / "elsewhere" / "anchors",
    ) as trail:
        yield trail


def put_back(earlier: Path, folder: Path) -> None:
    """What somebody does who rolls the whole folder back to a copy of it."""
    shutil.rmtree(folder)
    shutil.copytree(earlier, folder)


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def add_text(path: Path, text: str) -> None:
    path.write_text(text_of(path) + text)


def moved(path: Path, to: Path) -> Path:
    return path.rename(to)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder / "anchors"


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
    key = audit_key(path, tmp_path / "audit.sqlite")
    assert audit_key(path, tmp_path / "audit.sqlite") == key
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="put back"):
        audit_key(path, tmp_path / "audit.sqlite")


async def test_no_new_key_is_made_over_a_chain_that_has_entries(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.key"
    async with trail_in(tmp_path):
        audit_key(path, tmp_path / "audit.sqlite")
    path.unlink()
    audit_key(path, tmp_path / "audit.sqlite")
    await filled(tmp_path, 1)
    path.unlink()
    with pytest.raises(ConfigError, match="isogate keys import"):
        audit_key(path, tmp_path / "audit.sqlite")
    assert not path.exists()


async def test_another_key_does_not_go_on_with_a_chain(tmp_path: Path) -> None:
    await filled(tmp_path, 3)
    with pytest.raises(ConfigError, match="isogate keys import"):
        async with trail_in(tmp_path, key=b"o" * 32):
            pass
    assert verdict(tmp_path).is_whole


async def test_a_changed_last_entry_is_said_at_the_start_and_stops_nothing(tmp_path: Path) -> None:
    await filled(tmp_path, 3)
    change(tmp_path, "UPDATE entry SET who = 'person:li' WHERE seq = 3")
    async with trail_in(tmp_path) as trail:
        assert (trail.changed, trail.lost, trail.headless) == (True, 0, False)
        await trail.record("results.read", NURSE)
    assert breaches(tmp_path)[0] == (Breach.CHANGED, 3)


async def test_a_head_that_is_gone_hides_no_cut(tmp_path: Path) -> None:
    await filled(tmp_path, 10)
    change(tmp_path, "DELETE FROM entry WHERE seq > 6")
    (tmp_path / "anchors" / "head").unlink()
    async with trail_in(tmp_path) as trail:
        assert (trail.lost, trail.headless) == (4, True)
        await trail.record("results.read", NURSE)
        assert trail.last_seq == 11, "no number is given twice"


async def test_entries_without_head_and_anchors_are_said(tmp_path: Path) -> None:
    await filled(tmp_path, 3)
    shutil.rmtree(tmp_path / "anchors")
    async with trail_in(tmp_path) as trail:
        assert (trail.lost, trail.headless) == (0, True)
    async with trail_in(tmp_path / "new") as trail:
        assert not trail.headless, "a new audit has no head yet"


async def test_a_start_after_a_cut_leaves_the_head_that_shows_it(tmp_path: Path) -> None:
    await filled(tmp_path, 5)
    change(tmp_path, "DELETE FROM entry WHERE seq > 3")
    for _ in range(2):
        async with trail_in(tmp_path) as trail:
            assert trail.lost == 2
    assert verdict(tmp_path).anchors == 1, "no line names what is not there"


async def test_an_anchor_that_can_not_be_written_withholds_no_entry(tmp_path: Path) -> None:
    anchors = tmp_path / "anchors" / "anchors"
    await filled(tmp_path, 5)
    async with trail_in(tmp_path) as trail:
        kept = anchors.read_text()
        anchors.unlink()
        anchors.symlink_to("/dev/full")
        await asyncio.gather(*(trail.record("results.read", NURSE) for _ in range(1000)))
        assert "No space left" in trail.unanchored
        await trail.record("results.read", NURSE)
        with pytest.raises(StoreError, match="No space left"):
            await trail.anchor()
        anchors.unlink()
        anchors.write_text(kept + "10")
        assert (await trail.anchor()).seq == 1006
        assert trail.unanchored == ""
        await trail.record("results.read", NURSE)
    assert verdict(tmp_path).is_whole, "a line that was cut short is none"
    assert [each.seq for each in read_anchors(anchors)] == [5, 1006, 1007]


async def test_a_commit_that_is_refused_and_yet_on_disk_blocks_nothing(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        await trail.record("results.read", NURSE)
        change(tmp_path, "CREATE TABLE kept AS SELECT * FROM entry", "DROP TABLE entry")
        with pytest.raises(StoreError):
            await trail.record("results.read", NURSE)
        change(tmp_path, "ALTER TABLE kept RENAME TO entry")
        change(
            tmp_path,
            "INSERT INTO entry SELECT 2, at, who, action, outcome, patient, body, mac FROM entry",
        )
        await trail.record("results.read", NURSE)
        assert trail.last_seq == 3


async def test_an_entry_that_can_not_be_written_down_holds_up_nobody(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail, asyncio.timeout(10):
        wrong = asyncio.ensure_future(trail.record("results.read", NURSE, detail="\ud800"))
        beside = asyncio.ensure_future(trail.record("results.read", NURSE))
        await asyncio.wait((wrong, beside))
        assert isinstance(wrong.exception(), StoreError)
        await trail.record("results.read", NURSE)


async def test_anchors_are_added_to_the_copy_elsewhere(tmp_path: Path, elsewhere: Path) -> None:
    folder = tmp_path / "audit"
    for _ in range(3):
        async with trail_in(folder) as trail:
            assert await trail.copy_to(elsewhere) is None
            await trail.record("results.read", NURSE)
            await trail.anchor()
            before = text_of(elsewhere)
            assert await trail.copy_to(elsewhere) is None
            assert await trail.copy_to(elsewhere) is None
        assert text_of(elsewhere).startswith(before)
    assert [each.seq for each in read_anchors(elsewhere)] == [1, 2, 3]


async def test_a_roll_back_of_everything_here_is_found_by_the_copy_and_leaves_it(
    tmp_path: Path, elsewhere: Path
) -> None:
    folder = tmp_path / "audit"
    await filled(folder, 5)
    shutil.copytree(folder, tmp_path / "earlier")
    async with trail_in(folder) as trail:
        await asyncio.gather(*(trail.record("results.read", NURSE) for _ in range(5)))
        await trail.anchor()
        assert await trail.copy_to(elsewhere) is None
    kept = text_of(elsewhere)
    put_back(tmp_path / "earlier", folder)
    async with trail_in(folder) as trail:
        assert trail.lost == 5
        await trail.record("results.read", NURSE)
        assert trail.last_seq == 11
        await trail.anchor()
        found = await trail.copy_to(elsewhere)
        assert found is not None
        assert found.seq == 10
    assert text_of(elsewhere) == kept
    assert (Breach.ANCHOR, 10) in breaches(folder, elsewhere)


async def test_a_copy_that_was_away_at_the_start_is_compared_later(
    tmp_path: Path, elsewhere: Path
) -> None:
    folder = tmp_path / "audit"
    await filled(folder, 1)
    shutil.copytree(folder, tmp_path / "earlier")
    async with trail_in(folder) as trail:
        await trail.record("results.read", NURSE)
        await trail.anchor()
        await trail.copy_to(elsewhere)
    away = moved(elsewhere, tmp_path / "away")
    put_back(tmp_path / "earlier", folder)
    async with trail_in(folder) as trail:
        assert trail.lost == 0, "nobody can know"
        await asyncio.gather(*(trail.record("samples.read", NURSE) for _ in range(3)))
        kept = text_of(moved(away, elsewhere))
        found = await trail.copy_to(elsewhere)
        assert found is not None
        assert found.seq == 2
        assert text_of(elsewhere) == kept


async def test_a_copy_that_is_none_stays_and_is_said(tmp_path: Path, elsewhere: Path) -> None:
    add_text(elsewhere, "what is this\n")
    async with trail_in(tmp_path / "audit") as trail:
        await trail.record("results.read", NURSE)
        with pytest.raises(StoreError, match="not an anchor"):
            await trail.copy_to(elsewhere)
    assert text_of(elsewhere) == "what is this\n"


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
