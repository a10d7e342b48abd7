"""Files of objects: pydicom reads them, and what was changed is noticed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import sop_class as oracle

from dicom.storage.blobs import Blobs
from dicom.storage.classes import is_standard, storage_classes, transfer_syntaxes, without_study
from dicom.storage.object import Blob
from dicom.storage.part10 import START, head, head_length
from gateway import ProtocolViolation, StoreError
from tests.dicom_objects import CT, dataset, encoded
from tests.unit.dicom.strategies import titles, uids

SYNTAX = str(ExplicitVRLittleEndian)


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[Blobs]:
    with Blobs.open(tmp_path / "dicom") as opened:
        yield opened


async def write(blobs: Blobs, data: bytes, cut: int = 100) -> Blob:
    draft = blobs.draft(head(CT, "1.2.3", SYNTAX, sender="A", receiver="B"), SYNTAX)
    await draft.write([data[:cut]])
    return await draft.finish([data[cut:]])


async def read(blobs: Blobs, blob: Blob) -> bytes:
    return b"".join([piece async for piece in blobs.read(blob)])


async def test_pydicom_reads_the_file(blobs: Blobs) -> None:
    made = dataset()
    blob = await write(blobs, encoded(made))
    found = dcmread(blobs.objects / blob.path)
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
    assert len(list(blobs.objects.rglob("*.dcm"))) == 1
    assert list(blobs.drafts.iterdir()) == []


async def test_every_change_of_a_file_is_noticed(blobs: Blobs) -> None:
    blob = await write(blobs, b"content" * 100)
    path = blobs.objects / blob.path
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"X")
    assert "changed" in await blobs.verify(blob, SYNTAX)
    path.write_bytes(whole[:-1])
    assert "699 bytes instead of 700" in await blobs.verify(blob, SYNTAX)
    path.write_bytes(b"short")
    assert await blobs.verify(blob, SYNTAX) == "not a DICOM file"
    path.unlink()
    assert await blobs.verify(blob, SYNTAX) == "the file is missing"


async def test_a_discarded_draft_leaves_nothing(blobs: Blobs) -> None:
    draft = blobs.draft(b"head", SYNTAX)
    await draft.write([b"part"])
    await draft.discard()
    assert list(blobs.drafts.iterdir()) == []


async def test_drafts_that_a_crash_left_are_removed(blobs: Blobs) -> None:
    (blobs.drafts / "left").write_bytes(b"half")
    with Blobs.open(blobs.folder) as again:
        assert list(again.drafts.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="can't be used"), Blobs.open(tmp_path / "file" / "dicom"):
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
    draft = blobs.draft(head(CT, "1.2.3", SYNTAX, sender="A", receiver="B"), SYNTAX)
    assert await draft.finish_if([b"some"], lambda: False) is None
    assert list(blobs.objects.rglob("*.dcm")) == []
    blob = await draft.finish([b" more"])
    assert await read(blobs, blob) == b"some more"


async def test_a_draft_whose_judge_fails_is_discarded_whole(blobs: Blobs) -> None:
    draft = blobs.draft(head(CT, "1.2.3", SYNTAX, sender="A", receiver="B"), SYNTAX)

    def refuse() -> bool:
        raise ProtocolViolation("no dataset")

    with pytest.raises(ProtocolViolation):
        await draft.finish_if([b"some"], refuse)
    await draft.discard()
    assert [each for each in blobs.folder.rglob("*") if each.is_file()] == []
