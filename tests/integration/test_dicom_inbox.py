"""A watched folder: whole files are stored and removed, others are put aside with the reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dicom.inbox import REFUSED, Inbox
from dicom.node import Node
from dicom.storage.service import Private
from dicom.web.arrival import Taking
from gateway import StoreError
from tests.dicom_forwarding import LivePorts, forwarder
from tests.dicom_objects import RT_PLAN, dataset, encoded, file_of, image
from tests.dicom_peers import OURS


@dataclass(frozen=True, slots=True)
class Watched:
    inbox: Inbox
    node: Node
    ports: LivePorts

    @property
    def folder(self) -> Path:
        return self.inbox.folder

    async def looks(self, times: int = 2) -> None:
        for _ in range(times):
            await self.inbox.turn()

    def left(self) -> set[str]:
        return {each.name for each in self.folder.iterdir()}


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Watched]:
    there = folder / "in"
    there.mkdir()
    async with forwarder(folder / "ours", {}) as it:
        taking = Taking(OURS, Private())
        yield Watched(Inbox(there, 1.0, "INBOX", it.node.storage, taking), it.node, it.ports)


async def test_a_file_that_stands_still_is_stored_and_removed(tmp_path: Path) -> None:
    made = [image(16), dataset(RT_PLAN)]
    async with watched(tmp_path) as it:
        for number, each in enumerate(made):
            file_of(each, it.folder / f"{number}.dcm")
        await it.looks(1)
        assert it.left() == {"0.dcm", "1.dcm"}, "it might still be written"
        await it.looks(1)
        assert it.left() == set()
        await it.node.index.reached(it.ports.last_seq)
        for each in made:
            stored = await it.node.index.instance(str(each.SOPInstanceUID))
            assert stored is not None
            assert (stored.origin.calling, stored.origin.called) == ("INBOX", OURS)
            kept = b"".join([piece async for piece in it.node.blobs.read(stored.blob)])
            assert kept == encoded(each)


async def test_what_is_written_slowly_is_waited_for(tmp_path: Path) -> None:
    content = file_of(image(16), tmp_path / "one.dcm").read_bytes()
    async with watched(tmp_path) as it:
        growing = it.folder / "slow.dcm"
        for size in range(0, len(content), len(content) // 4):
            growing.write_bytes(content[:size])
            await it.looks(1)
            assert it.left() == {"slow.dcm"}
        growing.write_bytes(content)
        await it.looks(2)
        assert it.left() == set()


async def test_what_is_no_object_is_put_aside_with_the_reason(tmp_path: Path) -> None:
    whole = file_of(image(16), tmp_path / "one.dcm").read_bytes()
    async with watched(tmp_path) as it:
        (it.folder / "note.txt").write_text("no object", "utf-8")
        (it.folder / "cut.dcm").write_bytes(whole[: len(whole) // 3])
        (it.folder / "head.dcm").write_bytes(whole[:100])
        (it.folder / ".hidden").write_bytes(b"x")
        (it.folder / "link.dcm").symlink_to(tmp_path / "one.dcm")
        await it.looks(3)
        assert it.left() == {".hidden", "link.dcm", REFUSED}
        aside = {each.name for each in (it.folder / REFUSED).iterdir()}
        assert {"note.txt", "cut.dcm", "head.dcm"} <= aside
        assert all(f"{name}.reason.txt" in aside for name in ("note.txt", "cut.dcm", "head.dcm"))
        (it.folder / "note.txt").write_text("again", "utf-8")
        await it.looks(2)
        assert "note.txt.1" in {each.name for each in (it.folder / REFUSED).iterdir()}


async def test_the_same_object_twice_is_one(tmp_path: Path) -> None:
    made = image(16)
    async with watched(tmp_path) as it:
        for name in ("a.dcm", "b.dcm"):
            file_of(made, it.folder / name)
        await it.looks()
        assert it.left() == set()
        await it.node.index.reached(it.ports.last_seq)
        assert (await it.node.index.totals()).instances == 1


async def test_a_folder_that_is_not_there_is_said_and_waited_for(tmp_path: Path) -> None:
    async with watched(tmp_path) as it:
        it.folder.rmdir()
        with pytest.raises(StoreError, match="can't be read"):
            await it.inbox.turn()
        it.folder.mkdir()
        file_of(image(16), it.folder / "late.dcm")
        await it.looks()
        assert it.left() == set()
