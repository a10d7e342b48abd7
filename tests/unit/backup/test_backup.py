"""Backups: what is restored is what was there, and what is damaged is never taken for it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.backup import PURPOSE, Backups, Files, Kind, Shelf, restore
from gateway.backup.manifest import Form, write_manifest
from gateway.errors import ConfigError, StoreError
from gateway.model import Retention
from gateway.seal import KeyFile, Rotation, Sealer, suite_named
from gateway.store import Batch
from tests.unit.backup.backup_case import Site, everything, opened
from tests.unit.store.store_case import make_event


async def restored(root: Path, site: Site, number: int, name: str) -> list[object]:
    """Everything that a gateway finds in a restored backup."""
    shelf = await site.backups.shelf()
    wanted = [each for each in shelf.backups if each.manifest.number == number]
    backup = Shelf(tuple(wanted)).until(None)
    await asyncio.to_thread(restore, shelf.chain(backup), root / name, site.ring, lambda *_: None)
    async with opened(root, name, site.clock) as again:
        return await everything(again)


async def test_every_increment_restores_to_what_was_there_at_its_moment(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        found = []
        for day, kind in enumerate([Kind.FULL, *[Kind.INCREMENT] * 4, Kind.FULL, Kind.INCREMENT]):
            await site.add(1000 * day)
            if day == 2:
                await site.store.close_segments(current=True)
            if day == 3:
                site.rotate("sm4-gcm")
            found.append(await everything(site))
            await site.day(kind)
            await site.add(1000 * day + 500, 3)
        shelf = await site.backups.shelf()
        assert [each.manifest.kind for each in shelf.backups][:5] == [
            Kind.FULL,
            *[Kind.INCREMENT] * 4,
        ]
        for number, expected in enumerate(found, 1):
            assert await restored(tmp_path, site, number, f"again-{number}") == expected
        assert await site.backups.check() == 7


async def test_a_restored_store_gives_no_id_of_a_record_twice(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 3)
        given = [site.store.raw_id() for _ in range(10)]
        backup = await site.day()
        given += [site.store.raw_id() for _ in range(10)]
        shelf = await site.backups.shelf()
        chain = shelf.chain(backup)
        await asyncio.to_thread(restore, chain, tmp_path / "again", site.ring, lambda *_: None)
    assert (tmp_path / "again" / "audit" / "head").read_text() == "0"
    async with opened(tmp_path, "again") as again:
        assert again.store.raw_id() > max(given)


async def test_a_restored_store_gives_no_seq_twice(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 5)
        chain = [await site.day()]
        end = site.store.last_seq
        await site.add(100, 5)
        cursor = site.store.last_seq
        await asyncio.to_thread(restore, chain, tmp_path / "again", site.ring, lambda *_: None)
    async with opened(tmp_path, "again", site.clock) as again:
        assert again.store.last_seq == end
        chain = [await again.day(Kind.FULL)]
        await again.add(7000, 4)
        first, *others = await again.store.events(after=cursor)
        assert len(others) == 7
        assert cursor < first.seq < 1 << 53
        assert await again.store.seq_before(first.seq) == end - 1
        given = again.store.last_seq
        await asyncio.to_thread(restore, chain, tmp_path / "third", site.ring, lambda *_: None)
    async with opened(tmp_path, "third", site.clock) as third:
        known = Batch(Retention.TELEMETRY, (), (make_event(1),))
        assert (await third.store.append(known)).duplicate == 1
        assert third.store.last_seq == end
        await third.add(9000, 1)
        assert (await third.store.events(limit=100))[-1].seq > given
    async with opened(tmp_path, "third", site.clock) as third:
        last = third.store.last_seq
        await third.add(9500, 1)
        assert third.store.last_seq == last + 3


async def test_an_increment_holds_what_changed_and_no_more(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 300)
        await site.store.close_segments(current=True)
        await site.add(1000, 300)
        full = await site.day(Kind.FULL)
        await site.add(2000, 1)
        increment = await site.day()
        sizes = [
            sum(file.stat().st_size for file in backup.folder.iterdir())
            for backup in (full, increment)
        ]
        assert sizes[1] < sizes[0] / 3
        again = await site.day(Kind.FULL)
        closed = [f.archive for f in again.manifest.files if ".closed" in f.name]
        assert len(closed) == 2
        assert all((again.folder / name).stat().st_nlink == 2 for name in closed)


async def test_without_a_base_an_increment_is_a_full_backup(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        assert (await site.day()).manifest.kind is Kind.FULL


async def test_nothing_of_it_is_readable_without_the_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        await site.day()
        await site.add(100)
        await site.day()
        content = b"".join(path.read_bytes() for path in site.target.rglob("*") if path.is_file())
        for word in (b"Zhang", b"PID-4711", b"chemistry-1", b"meter-1", b"SQLite", b"segments"):
            assert word not in content


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _size(path: Path) -> int:
    return path.stat().st_size


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _rename(folder: Path) -> None:
    folder.rename(folder.with_name(f"0009{folder.name[4:]}"))


_DAMAGE: dict[str, Callable[[Path], None]] = {
    "a flipped bit": lambda folder: _flip(max(folder.glob("*.archive"), key=_size)),
    "a cut archive": lambda folder: _cut(max(folder.glob("*.archive"), key=_size)),
    "a lost archive": lambda folder: max(folder.glob("*.archive"), key=_size).unlink(),
    "a flipped manifest": lambda folder: _flip(folder / "manifest"),
    "a renamed folder": _rename,
}


@pytest.mark.parametrize("damage", _DAMAGE.values(), ids=_DAMAGE)
async def test_a_damaged_backup_is_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        backup = await site.day(Kind.FULL)
        damage(backup.folder)
        with pytest.raises((StoreError, ConfigError)):
            await site.backups.check()
        with pytest.raises((StoreError, ConfigError)):
            await site.backups.drill()
        assert site.said[-1] == ("restore-drill", "failed")
        last = site.backups.last_drill()
        assert last is not None
        assert last["passed"] is False
        with pytest.raises((StoreError, ConfigError)):
            await restored(tmp_path, site, 1, "again")
        assert not (tmp_path / "again" / "store").exists()


async def test_a_damaged_base_is_noticed_and_the_next_full_backup_leaves_it(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        await site.store.close_segments(current=True)
        full = await site.day(Kind.FULL)
        await site.add(100)
        await site.day()
        closed = next(f.archive for f in full.manifest.files if ".record.closed" in f.name)
        _flip(full.folder / closed)
        with pytest.raises(StoreError, match="not what was written"):
            await site.backups.check()
        again = await site.day(Kind.FULL)
        await asyncio.to_thread(shutil.rmtree, full.folder)
        shelf = await site.backups.shelf()
        await asyncio.to_thread(
            restore, shelf.chain(again), tmp_path / "again", site.ring, lambda *_: None
        )


@pytest.mark.parametrize("found_by", ["a drill", "a check"])
async def test_on_a_chain_that_was_found_damaged_nothing_stands(
    tmp_path: Path, found_by: str
) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        full = await site.day(Kind.FULL)
        _flip(max(full.folder.glob("*.archive"), key=_size))
        with pytest.raises(StoreError, match=r"not what was|damaged|changed"):
            await (site.backups.drill() if found_by == "a drill" else site.backups.check())
    async with opened(tmp_path, clock=site.clock) as site:
        await site.add(100)
        again = await site.day()
        assert again.manifest.kind is Kind.FULL
        await site.backups.drill()
        assert (await site.day()).manifest.kind is Kind.INCREMENT


async def test_a_drill_without_room_says_nothing_of_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as site:
        await site.day(Kind.FULL)
        monkeypatch.setattr("gateway.backup.drill._LEFT_FREE", 1 << 60)
        with pytest.raises(StoreError, match="the drill needs"):
            await site.backups.drill()
        assert (await site.day()).manifest.kind is Kind.INCREMENT


@pytest.mark.parametrize("damage", ["a lost archive", "a cut archive"])
async def test_an_increment_stands_on_no_chain_that_lacks_an_archive(
    tmp_path: Path, damage: str
) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 20)
        await site.store.close_segments(current=True)
        full = await site.day(Kind.FULL)
        await site.add(100, 2)
        assert (await site.day()).manifest.kind is Kind.INCREMENT
        _DAMAGE[damage](full.folder)
        assert (await site.day()).manifest.kind is Kind.FULL
        await site.backups.drill()


async def test_damaged_digests_are_found_and_cost_one_whole_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        full = await site.day(Kind.FULL)
        damaged = next(f for f in full.manifest.files if ".telemetry." in f.name)
        _flip(full.folder / damaged.digests)
        await site.add(100)
        increment = (await site.day()).manifest
        saved = increment.file(damaged.name)
        assert increment.kind is Kind.INCREMENT
        assert saved is not None
        assert saved.form is Form.WHOLE
        assert sum(each.form is Form.UNITS for each in increment.files) > 1
        await site.backups.drill()
        with pytest.raises(StoreError, match=r"\.digests is not what was written"):
            await site.backups.check()


async def test_backups_whose_sizes_were_not_noted_are_still_gone_on_with(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        full = await site.day(Kind.FULL)
        files = tuple(replace(each, archive_size=0) for each in full.manifest.files)
        older = replace(full.manifest, files=files)
        write_manifest(full.folder, older, Sealer(site.ring, PURPOSE))
        assert b"archive_size" not in Sealer(site.ring, PURPOSE).open(
            (full.folder / "manifest").read_bytes(), b"manifest of " + full.folder.name.encode()
        )
        assert (await site.day()).manifest.kind is Kind.INCREMENT
        assert await site.backups.check() == 2


async def test_an_increment_whose_base_is_gone_is_never_restored(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        full = await site.day(Kind.FULL)
        increment = await site.day()
        await asyncio.to_thread(shutil.rmtree, full.folder)
        with pytest.raises(StoreError, match="which is gone"):
            (await site.backups.shelf()).chain(increment)
        assert (await site.day()).manifest.kind is Kind.FULL


async def test_a_restore_writes_over_no_store(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 2)
        backup = await site.day()
        chain = (await site.backups.shelf()).chain(backup)
        with pytest.raises(ConfigError, match="has audit, store, which the backup would replace"):
            await asyncio.to_thread(restore, chain, site.data, site.ring, lambda *_: None)


async def test_a_restore_removes_nothing_that_came_after_the_backup(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        objects = site.data / "dicom" / "objects"
        objects.mkdir(parents=True)
        (objects / "monday").write_bytes(b"in the backup")
        site.backups.keepers = (*site.backups.keepers, Files(objects, "dicom/objects"))
        await site.add(1, 2)
        backup = await site.day(Kind.FULL)
        chain = (await site.backups.shelf()).chain(backup)
    (objects / "tuesday").write_bytes(b"acknowledged after the backup")
    (site.data / "audit" / "head").write_text("newer")
    (site.data / "store").rename(tmp_path / "store.broken")
    (site.data / "empty").mkdir()
    for left in ("audit, dicom", "dicom"):
        with pytest.raises(ConfigError, match=f"has {left}, which the backup would replace"):
            await asyncio.to_thread(restore, chain, site.data, site.ring, lambda *_: None)
        assert (objects / "tuesday").exists()
        if left != "dicom":
            assert (site.data / "audit" / "head").read_text() == "newer"
            (site.data / "audit").rename(tmp_path / "audit.before")
            (site.data / "audit").mkdir()
    (site.data / "dicom").rename(tmp_path / "dicom.before")
    await asyncio.to_thread(restore, chain, site.data, site.ring, lambda *_: None)
    assert [each.name for each in objects.iterdir()] == ["monday"]
    assert (site.data / "audit" / "head").read_text() == "0"


async def test_a_disk_that_refuses_a_restore_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        backup = await site.day()
        chain = (await site.backups.shelf()).chain(backup)
        (tmp_path / "file").write_text("no directory")
        with pytest.raises(StoreError, match="can't be restored into"):
            await asyncio.to_thread(restore, chain, tmp_path / "file", site.ring, lambda *_: None)


async def test_the_backup_of_a_moment_is_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 2)
        made = [await site.day() for _ in range(3)]
        shelf = await site.backups.shelf()
        assert shelf.until(None).folder == made[2].folder
        assert shelf.until(made[1].manifest.made_at).folder == made[1].folder
        with pytest.raises(ConfigError, match="no backup is there"):
            Shelf().until(None)


async def test_old_chains_go_when_a_further_one_is_complete(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 2)
        for kind in (Kind.FULL, Kind.INCREMENT, Kind.FULL, Kind.FULL, Kind.INCREMENT):
            await site.day(kind)
        shelf = await site.backups.shelf()
        assert [each.manifest.number for each in shelf.backups] == [3, 4, 5]
        assert sorted(path.name for path in site.target.iterdir()) == [
            *[each.folder.name for each in shelf.backups],
            "isogate-target",
        ]


async def test_a_drill_reads_what_was_saved_and_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 30)
        await site.day(Kind.FULL)
        await site.add(100, 10)
        await site.day()
        found = await site.backups.drill()
        assert (found.events, found.records) == (80, 40)
        assert site.said[-1] == ("restore-drill", "passed")
        last = site.backups.last_drill()
        assert last is not None
        assert last["passed"] is True
        assert not (site.data / "drill.part").exists()


async def test_keys_are_needed_for_as_long_as_a_backup_is_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 2)
        await site.day(Kind.FULL)
        site.rotate("aes-256-gcm")
        await site.add(10, 2)
        await site.day(Kind.FULL)
        await site.store.reseal(lambda *_: None)
        await site.outbox.reseal(lambda *_: None)
        await site.day(Kind.FULL)
        assert await site.backups.keys() == {1, 2}
        await site.day(Kind.FULL)
        assert await site.backups.keys() == {2}


async def _replaced(root: Path, site: Site) -> Path:
    """The share is away: an empty mount point stands in its place."""
    share = site.target.rename(root / "share")
    site.target.mkdir()
    return share


async def test_without_its_share_no_key_goes_and_no_backup_is_made(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 2)
        await site.day(Kind.FULL)
        rotation = Rotation(
            site.ring,
            KeyFile(tmp_path / "ring.json"),
            suite_named("sm4-gcm"),
            site.clock,
            site.note,
        )
        rotation.rotate()
        share = await _replaced(tmp_path, site)
        with site.ring.used_by(site.backups):
            with pytest.raises(StoreError, match="is the share mounted"):
                await rotation.retire(1)
            assert "backups" in (await rotation.uses())[0].users
        with pytest.raises(StoreError, match="is the share mounted"):
            await site.day()
        assert list(site.target.iterdir()) == []
        assert "is the share mounted" in (await site.backups.shelf()).damaged[0]
        site.target.rmdir()
        with pytest.raises(StoreError, match="is the share mounted"):
            await site.day()
        assert not site.target.exists()
        share.rename(site.target)
        assert (await site.day()).manifest.kind is Kind.INCREMENT
        assert 1 in await site.backups.keys()


async def test_another_directory_is_adopted_on_purpose_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 2)
        await site.day(Kind.FULL)
        await site.backups.drill()
        share = await _replaced(tmp_path, site)
        await site.backups.back_up(Kind.INCREMENT, adopt=True)
        assert site.backups.last_drill() is None
        (made,) = (await site.backups.shelf()).backups
        assert made.manifest.kind is Kind.FULL
    async with opened(tmp_path, clock=site.clock) as site:
        await site.day()
        shutil.rmtree(site.target)
        share.rename(site.target)
        with pytest.raises(StoreError, match="has another id"):
            await site.day()


async def test_a_target_that_is_full_of_something_else_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        site.target.write_text("a file stands where the target should be")
        with pytest.raises(StoreError, match="can't be written"):
            await site.day()


async def test_while_a_backup_is_damaged_nobody_knows_its_keys(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        with pytest.raises(StoreError, match="no backup yet"):
            await site.backups.keys()
        await site.add(1, 2)
        await site.day(Kind.FULL)
        again = await site.day(Kind.FULL)
        _flip(again.folder / "manifest")
        with pytest.raises(StoreError, match="nobody can tell which keys"):
            await site.backups.keys()
        again.folder.rename(tmp_path / "lost")
        assert await site.backups.keys() == {1}


async def test_the_keys_of_a_backup_that_vanished_count_until_the_next(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1, 2)
        full = await site.day(Kind.FULL)
        site.rotate("aes-256-gcm")
        await site.store.reseal(lambda *_: None)
        await site.outbox.reseal(lambda *_: None)
        await site.day(Kind.FULL)
        shutil.rmtree(full.folder)
        assert await site.backups.keys() == {1, 2}
        await site.day()
        assert await site.backups.keys() == {2}


async def test_a_backup_that_ends_early_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        await site.day(Kind.FULL)
        await site.add(100)
        before = sorted(site.target.iterdir())
        for step in range(5):
            ended = iter([False] * step)

            def told(_backups: Backups, _work: object, ended: Iterator[bool] = ended) -> None:
                if next(ended, True):
                    raise StoreError("the disk refuses")

            monkeypatch.setattr(Backups, "tell", told)
            with pytest.raises(StoreError, match="refuses"):
                await site.day()
            assert sorted(site.target.iterdir()) == before
        monkeypatch.undo()
        assert (await site.day()).manifest.kind is Kind.INCREMENT
        assert await site.backups.check() == 2


async def test_what_a_kill_left_behind_counts_for_nothing_and_goes(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.add(1)
        full = await site.day(Kind.FULL)
        left = site.target / f".part-{full.folder.name.replace('0001', '0002')}"
        await asyncio.to_thread(shutil.copytree, full.folder, left)
        assert [each.folder for each in (await site.backups.shelf()).backups] == [full.folder]
        other = site.target / ".part-of-something-else"
        other.mkdir()
        await site.day()
        assert not left.exists()
        assert other.exists()
