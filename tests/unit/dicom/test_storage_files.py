"""Files of objects: pydicom reads them, and what was changed is noticed."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import sop_class as oracle

from dicom.storage.blobs import Blobs
from dicom.storage.classes import is_standard, storage_classes, transfer_syntaxes, without_study
from dicom.storage.object import Blob
from dicom.storage.part10 import START, head, head_length
from dicom.storage.sealed import SealedFile
from gateway import ProtocolViolation, StoreError
from gateway.seal import DEFAULT, Keyring, Sealer, StreamSealer, open_stream, suite_named
from gateway.testing import known_ring
from tests.dicom_objects import CT, dataset, encoded
from tests.unit.dicom.strategies import titles, uids

SYNTAX = str(ExplicitVRLittleEndian)
HEAD = head(CT, "1.2.3", SYNTAX, sender="A", receiver="B")


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[Blobs]:
    with Blobs.open(tmp_path / "dicom", known_ring()) as opened:
        yield opened


async def write(blobs: Blobs, data: bytes, cut: int = 100) -> Blob:
    draft = blobs.draft(HEAD, SYNTAX)
    await draft.write([data[:cut]])
    return await draft.finish([data[cut:]])


async def read(blobs: Blobs, blob: Blob) -> bytes:
    return b"".join([piece async for piece in blobs.read(blob)])


async def test_pydicom_reads_the_file(blobs: Blobs) -> None:
    made = dataset()
    blob = await write(blobs, encoded(made))
    async with blobs.in_memory(blob) as path:
        found = dcmread(path)
    assert found.PatientName == made.PatientName
    assert found.file_meta.TransferSyntaxUID == SYNTAX
    assert found.file_meta.SourceApplicationEntityTitle == "A"
    assert found.file_meta.ReceivingApplicationEntityTitle == "B"


async def test_what_is_read_is_what_was_written(blobs: Blobs) -> None:
    data = os.urandom(3_000_000)
    blob = await write(blobs, data, cut=2_000_000)
    assert await read(blobs, blob) == data
    assert await blobs.verify(blob, SYNTAX) == ""


async def test_the_same_object_is_the_same_file(blobs: Blobs) -> None:
    first, second = [await write(blobs, b"same" * 100) for _ in range(2)]
    assert first == second
    assert len(list(blobs.objects.rglob("*.sealed"))) == 1
    assert list(blobs.drafts.iterdir()) == []


async def test_every_change_of_a_file_is_noticed(blobs: Blobs) -> None:
    blob = await write(blobs, b"content" * 100)
    path = blobs.place(blob)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes((whole[-1] ^ 1,)))
    assert "changed" in await blobs.verify(blob, SYNTAX)
    path.write_bytes(whole[:-1])
    assert "too early" in await blobs.verify(blob, SYNTAX)
    path.write_bytes(b"short")
    assert "no" in await blobs.verify(blob, SYNTAX)
    path.unlink()
    for content, words in (
        (b"another" * 100, "content has changed"),
        (b"longer" * 200, "1200 bytes instead of 700"),
    ):
        forged = SealedFile(str(path), blobs.ring)
        forged.write([HEAD, content])
        forged.end(blob.digest)
        forged.close()
        assert words in await blobs.verify(blob, SYNTAX)
        path.unlink()
    assert await blobs.verify(blob, SYNTAX) == "the file is missing"


@pytest.mark.parametrize("size", [64, 600_000])
async def test_a_file_under_the_name_of_another_one_does_not_open(blobs: Blobs, size: int) -> None:
    one, other = await write(blobs, b"1" * size), await write(blobs, b"2" * size)
    blobs.place(other).rename(blobs.place(one))
    with pytest.raises(StoreError):
        await read(blobs, one)


async def test_a_discarded_draft_leaves_nothing(blobs: Blobs) -> None:
    draft = blobs.draft(b"head", SYNTAX)
    await draft.write([b"part"])
    await draft.discard()
    assert list(blobs.drafts.iterdir()) == []


async def test_drafts_that_a_crash_left_are_removed(blobs: Blobs) -> None:
    (blobs.drafts / "left").write_bytes(b"half")
    with Blobs.open(blobs.folder, blobs.ring) as again:
        assert list(again.drafts.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(StoreError, match="can't be used"),
        Blobs.open(tmp_path / "file" / "dicom", known_ring()),
    ):
        pass


@given(uids, uids, titles, titles)
def test_the_head_is_as_long_as_it_says(
    sop_class: str, instance: str, sender: str, receiver: str
) -> None:
    made = head(sop_class, instance, SYNTAX, sender=sender, receiver=receiver)
    assert head_length(made[:START]) == len(made)


@pytest.mark.parametrize("start", [b"", b"\0" * 132, b"\0" * 128 + b"DICM" + b"\2\0\2\0UI\4\0" * 2])
def test_what_is_no_file_is_a_violation(start: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        head_length(start)


def test_every_storage_class_that_pynetdicom_knows_is_taken() -> None:
    theirs = set(oracle._STORAGE_CLASSES.values())
    assert theirs <= set(storage_classes())
    assert set(oracle._NON_PATIENT_OBJECT_CLASSES.values()) == set(without_study())
    assert not any("Commitment" in uid for uid in storage_classes())


def test_transfer_syntaxes_are_those_of_stored_objects() -> None:
    assert SYNTAX in transfer_syntaxes()
    assert "1.2.840.10008.1.2.4.50" in transfer_syntaxes()
    assert "1.2.840.10008.1.2.7.1" not in transfer_syntaxes()
    assert is_standard(SYNTAX)
    assert not is_standard("1.3.12.2.1107")


async def test_a_draft_that_is_not_judged_good_has_no_name_until_it_is(blobs: Blobs) -> None:
    draft = blobs.draft(HEAD, SYNTAX)
    assert await draft.finish_if([b"some"], lambda: False) is None
    assert list(blobs.objects.rglob("*.sealed")) == []
    blob = await draft.finish([b" more"])
    assert await read(blobs, blob) == b"some more"


async def test_a_draft_whose_judge_fails_is_discarded_whole(blobs: Blobs) -> None:
    draft = blobs.draft(HEAD, SYNTAX)

    def refuse() -> bool:
        raise ProtocolViolation("no dataset")

    with pytest.raises(ProtocolViolation):
        await draft.finish_if([b"some"], refuse)
    await draft.discard()
    assert [each for each in blobs.folder.rglob("*") if each.is_file()] == []


async def test_what_is_in_a_file_can_be_read_with_the_key_alone(blobs: Blobs) -> None:
    blob = await write(blobs, b"Wang^Li " * 100_000)
    assert [file for file in blobs.folder.rglob("*") if b"Wang" in _content(file)] == []
    with (
        Blobs.open(blobs.folder, Keyring.fresh(suite_named(DEFAULT), "now")) as stranger,
        pytest.raises(StoreError, match="changed or moved"),
    ):
        await read(stranger, blob)


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


async def test_files_are_resealed_while_they_are_read(blobs: Blobs) -> None:
    data = os.urandom(1_000_000)
    blob = await write(blobs, data)
    reading = blobs.read(blob)
    first = await anext(reading)
    blobs.ring.adopt(blobs.ring.rotated(suite_named("sm4-gcm"), "later"))
    assert await blobs.keys() == {1}
    other = await write(blobs, b"under the new key" * 10)
    told: list[tuple[int, int]] = []
    await blobs.reseal(lambda *step: told.append(step))
    assert told == [(0, 1), (1, 1)]
    assert await blobs.keys() == {2}
    assert first + b"".join([piece async for piece in reading]) == data
    assert await read(blobs, blob) == data
    assert await blobs.verify(other, SYNTAX) == ""
    assert len(list(blobs.objects.rglob("*.sealed"))) == 2


async def test_a_file_whose_key_is_lost_says_so(blobs: Blobs) -> None:
    blob = await write(blobs, b"some")
    later = blobs.ring.rotated(suite_named(DEFAULT), "later").without(1)
    with Blobs.open(blobs.folder, later) as blind, pytest.raises(StoreError, match="key 1"):
        await read(blind, blob)


@given(st.lists(st.binary(max_size=300_000), max_size=5), st.integers(1, 300_000))
async def test_a_sealed_stream_gives_back_what_was_written_however_it_was_cut(
    parts: list[bytes], piece: int
) -> None:
    sealed = io.BytesIO()
    stream = StreamSealer(sealed, Sealer(known_ring(), "test"), b"context", piece)
    for part in parts:
        stream.write(part)
    stream.end()
    sealed.seek(0)
    opened = open_stream(sealed, Sealer(known_ring(), "test"), b"context")
    assert b"".join(opened) == b"".join(parts)
