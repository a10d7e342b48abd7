"""Attributes and pictures, decoded in a process of their own."""

from __future__ import annotations

import io
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLosslessSV1

from dicom.storage.blobs import Blobs
from dicom.storage.object import Blob
from dicom.storage.part10 import head
from dicom.view import Picture, Row, Unseen, Unviewable, Viewer
from dicom.view.pixels import _drawn_size
from gateway.testing import known_ring
from tests.dicom_objects import CT, RT_DOSE, RT_PLAN, dataset, encoded, file_of, image

Put = Callable[..., Blob]


@dataclass(frozen=True)
class Folder:
    """Objects as plain files."""

    path: Path

    @asynccontextmanager
    async def in_memory(self, blob: Blob) -> AsyncIterator[Path]:
        yield self.path / blob.path


@pytest.fixture
async def viewer(tmp_path: Path) -> AsyncIterator[Viewer]:
    async with Viewer.open(Folder(tmp_path)) as opened:
        yield opened


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Put an object where blobs lie."""
    names = iter(range(100))

    def file(made: Dataset, syntax: str = ExplicitVRLittleEndian) -> Blob:
        blob = Blob(f"{next(names):064x}", 0)
        (tmp_path / blob.path).parent.mkdir(exist_ok=True)
        file_of(made, tmp_path / blob.path, syntax)
        return blob

    return file


def dose(**values: Any) -> Dataset:
    """Two slices, of 0 to 11 and of 100 to 111 steps of 0.5 Gy."""
    made = dataset(RT_DOSE, Modality="RTDOSE", DoseGridScaling="0.5", DoseUnits="GY", **values)
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns, made.NumberOfFrames = 3, 4, 2
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
    made.PixelData = np.array([*range(12), *range(100, 112)], dtype="<u2").tobytes()
    return made


def points(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)))


async def test_a_picture_is_windowed_as_the_object_declares(viewer: Viewer, put: Put) -> None:
    made = image(4, RescaleIntercept="-1000", RescaleSlope="1", WindowCenter="0", WindowWidth="101")
    made.PixelData = np.array([0, 949, 1000, 1050] * 4, dtype="<u2").tobytes()
    blob = put(made)
    look = await viewer.look(blob)
    assert (look.kind, look.unit, look.declared, look.frames) == ("grey", "HU", True, 1)
    assert (look.low, look.high, look.window) == (-50.5, 49.5, (0, 101))
    drawn = points(await viewer.picture(blob, Picture()))
    assert [drawn[0, column] for column in (0, 100, 200, 383)] == [0, 0, 129, 255]
    other = points(await viewer.picture(blob, Picture(low=-2000, high=-1000)))
    assert other.min() == 255


async def test_monochrome1_is_shown_inverted(viewer: Viewer, put: Put) -> None:
    made = image(2, WindowCenter="50.5", WindowWidth="101")
    made.PhotometricInterpretation = "MONOCHROME1"
    made.PixelData = np.array([0, 100, 100, 0], dtype="<u2").tobytes()
    drawn = points(await viewer.picture(put(made), Picture(1)))
    assert (drawn[0, 0], drawn[0, -1]) == (255, 0)


async def test_a_dose_is_scaled_and_its_colours_are_those_of_the_whole_grid(
    viewer: Viewer, put: Put
) -> None:
    blob = put(dose())
    look = await viewer.look(blob)
    assert (look.kind, look.unit, look.low, look.high) == ("dose", "Gy", 0.0, 55.5)
    assert (look.frames, look.whole, look.frame) == (2, True, 2)
    first = points(await viewer.picture(blob, Picture(1)))
    second = points(await viewer.picture(blob, Picture(2)))
    assert tuple(first[0, 0]) == (0, 0, 0)
    assert tuple(second[-1, -1]) == (220, 40, 30)


async def test_stored_values_are_given_as_they_are(viewer: Viewer, put: Put) -> None:
    found = await viewer.stored(put(dose()), 2)
    assert (found.rows, found.columns) == (3, 4)
    assert np.frombuffer(found.values, "<i8").tolist() == [*range(100, 112)]


@pytest.mark.parametrize("change", [-2, 2], ids=["a pixel short", "a pixel more"])
@pytest.mark.parametrize("copies", [1, 50_000], ids=["small", "large"])
async def test_a_frame_of_a_wrong_number_of_pixels_is_not_given(
    viewer: Viewer, put: Put, change: int, copies: int
) -> None:
    made = dose()
    made.NumberOfFrames = 2 * copies
    data = made.PixelData * copies
    made.PixelData = data + b"\0\0" if change > 0 else data[:change]
    with pytest.raises(Unviewable) as refused:
        await viewer.stored(put(made), 1)
    assert refused.value.why is Unseen.WRONG_SIZE


async def test_a_dose_without_scaling_is_not_guessed(viewer: Viewer, put: Put) -> None:
    made = dose()
    del made.DoseGridScaling
    assert await why(viewer, put(made)) == Unseen.NO_SCALE


async def why(viewer: Viewer, blob: Blob, wanted: Picture | None = None) -> Unseen:
    with pytest.raises(Unviewable) as told:
        await viewer.picture(blob, wanted or Picture())
    return told.value.why


async def test_what_has_no_picture_says_why(viewer: Viewer, put: Put, tmp_path: Path) -> None:
    assert await why(viewer, put(dataset(RT_PLAN))) == Unseen.NO_PIXELS
    assert await why(viewer, put(dose()), Picture(3)) == Unseen.NO_FRAME
    huge = image(4)
    huge.Rows = huge.Columns = 65_535
    assert await why(viewer, put(huge)) == Unseen.TOO_LARGE
    short = image(64)
    short.PixelData = short.PixelData[:100]
    assert await why(viewer, put(short)) == Unseen.DAMAGED
    broken = put(image(4))
    (tmp_path / broken.path).write_bytes(b"nothing of DICOM" * 20)
    assert await why(viewer, broken) == Unseen.DAMAGED
    assert await why(viewer, Blob("f" * 64, 1)) == Unseen.DAMAGED


async def test_a_compression_without_decoder_is_named(viewer: Viewer, put: Put) -> None:
    made = image(4)
    made.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0" + b"\xfe\xff\x00\xe0\4\0\0\0\1\2\3\4"
    made.PixelData += b"\xfe\xff\xdd\xe0\0\0\0\0"
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    with pytest.raises(Unviewable, match="JPEG Lossless") as told:
        await viewer.picture(put(made, JPEGLosslessSV1), Picture())
    assert told.value.why == Unseen.NO_DECODER


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
async def test_attributes_are_rows_with_their_depth(viewer: Viewer, put: Put, syntax: str) -> None:
    made = dataset(RT_PLAN)
    beam = Dataset()
    beam.BeamName, beam.BeamNumber = "前野", 1
    made.BeamSequence = Sequence([beam])
    made.add_new(0x00090010, "LO", "VENDOR")
    made.add_new(0x00091001, "OB", b"\0" * 90)
    made.PatientComments = "x" * 5000
    found = await viewer.attributes(put(made, syntax), "")
    rows = {(row.depth, row.tag): row for row in found.rows if row.tag}
    assert rows[0, "(0010,0010)"].text == "Zhang^Wei=张^伟"
    assert rows[0, "(300A,00B0)"].length == 1
    assert rows[1, "(300A,00C2)"].text == "前野"
    assert (rows[0, "(0009,1001)"].private, rows[0, "(0009,1001)"].length) == (True, 90)
    assert rows[0, "(0010,4000)"].text.endswith("…")
    assert rows[0, "(0010,4000)"].length == 5000
    assert Row(1, "", "", "", "", 0, 1) in found.rows
    assert not found.cut


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("undefined", [False, True], ids=["known length", "unknown length"])
async def test_texts_of_an_undeclared_character_set_are_read_as_the_index_reads_them(
    viewer: Viewer, put: Put, *, syntax: str, undefined: bool
) -> None:
    beam, inner = Dataset(), Dataset()
    inner.BeamDescription = "前野".encode("gb18030")
    beam.BeamName, beam.ReferencedBeamSequence = "前野".encode("gb18030"), Sequence([inner])
    own = Dataset()
    own.SpecificCharacterSet, own.BeamName = "ISO_IR 192", "后野"
    made = dataset(RT_PLAN, PatientName="张^三".encode("gb18030"), BeamSequence=[beam, own])
    made.PatientComments = "长" * 3000
    made["PatientComments"].value = ("长" * 3000).encode("gb18030")
    made["BeamSequence"].is_undefined_length = undefined
    beam["ReferencedBeamSequence"].is_undefined_length = undefined
    del made.SpecificCharacterSet
    blob = put(made, syntax)
    found = await viewer.attributes(blob, "GB18030")
    rows = [(row.tag, row.text) for row in found.rows]
    assert ("(0010,0010)", "张^三") in rows
    assert [text for tag, text in rows if tag == "(300A,00C2)"] == ["前野", "后野"]
    assert ("(300A,00C3)", "前野") in rows
    assert next(text for tag, text in rows if tag == "(0010,4000)").startswith("长长")
    said = orjson.loads(await viewer.metadata(blob, "/x", "GB18030"))
    assert said["00100010"]["Value"] == [{"Alphabetic": "张^三"}]
    assert said["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    first, second = said["300A00B0"]["Value"]
    assert (first["300A00C2"]["Value"], second["300A00C2"]["Value"]) == (["前野"], ["后野"])
    assert "00080005" not in second


@pytest.mark.parametrize("declared", ["GB18030", "ISO_IR 192"])
async def test_what_an_object_declares_counts_and_its_json_is_utf_8(
    viewer: Viewer, put: Put, declared: str
) -> None:
    blob = put(dataset(RT_PLAN, SpecificCharacterSet=declared, PatientName="张^三"))
    found = await viewer.attributes(blob, "ISO_IR 100")
    assert "张^三" in [row.text for row in found.rows]
    assert declared in [row.text for row in found.rows]
    said = orjson.loads(await viewer.metadata(blob, "/x", "ISO_IR 100"))
    assert said["00100010"]["Value"] == [{"Alphabetic": "张^三"}]
    assert said["00080005"]["Value"] == ["ISO_IR 192"]


async def test_a_flood_of_items_is_cut(viewer: Viewer, put: Put) -> None:
    made = dataset(RT_PLAN)
    made.BeamSequence = Sequence([Dataset() for _ in range(4000)])
    found = await viewer.attributes(put(made), "")
    assert found.cut
    assert len(found.rows) == 3000


async def test_a_process_that_falls_is_replaced(viewer: Viewer, put: Put) -> None:
    blob = put(image(4))
    await viewer.picture(blob, Picture())
    process = viewer._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    assert await why(viewer, blob) == Unseen.DAMAGED
    assert await viewer.picture(blob, Picture())


async def test_a_process_that_hangs_is_replaced(tmp_path: Path, put: Put) -> None:
    async with Viewer.open(Folder(tmp_path), patience=1.5) as viewer:
        blob = put(image(4))
        pipe = Blob("e" * 64, 0)
        (tmp_path / pipe.path).parent.mkdir(exist_ok=True)
        os.mkfifo(tmp_path / pipe.path)
        assert await why(viewer, pipe) == Unseen.TOO_SLOW
        shutil.copy(tmp_path / blob.path, tmp_path / "kept")
        assert viewer._process is None


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0.1, 10), st.floats(0.1, 10))
def test_a_drawn_picture_is_bounded_and_keeps_its_form(
    width: int, height: int, rows: float, columns: float
) -> None:
    drawn = _drawn_size((width, height), (rows, columns))
    assert max(drawn) <= 1024
    assert max(drawn) >= 384 or max(width, height) >= 384
    form = (width * columns) / (height * rows)
    assert abs(drawn[0] - drawn[1] * form) <= max(1, form) + 0.5


async def test_a_stored_object_is_seen_without_lying_open_on_the_disk(tmp_path: Path) -> None:
    made = image(4)
    made.PixelData = np.array([0, 949, 1000, 1050] * 4, dtype="<u2").tobytes()
    with Blobs.open(tmp_path, known_ring()) as blobs:
        start = head(CT, made.SOPInstanceUID, ExplicitVRLittleEndian, sender="A", receiver="B")
        draft = blobs.draft(start, ExplicitVRLittleEndian)
        blob = await draft.finish([encoded(made)])
        async with Viewer.open(blobs) as viewer:
            assert points(await viewer.picture(blob, Picture())).max() == 255
