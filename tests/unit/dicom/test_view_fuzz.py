"""Damaged files never bring the decoding process down with an error of its own."""

from __future__ import annotations

import logging
import random
import warnings
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from dicom.view.words import Unseen
from dicom.view.worker import answer
from tests.dicom_objects import RT_PLAN, dataset, file_of, image
from tests.peers import Say, count
from tests.unit.dicom.test_view import dose

_HEAD = 132
ASKED = (
    {"do": "attributes", "charset": ""},
    {"do": "look"},
    {"do": "picture", "frame": 1, "low": None, "high": None},
    {"do": "stored", "frame": 1},
    {"do": "metadata", "place": "/x", "charset": "GB18030"},
    {"do": "value", "tag": 0x7FE00010},
)


def plan() -> Dataset:
    """Sequences in sequences, with text and private elements."""
    made = dataset(RT_PLAN)
    points = []
    for number in range(3):
        point = Dataset()
        point.ControlPointIndex, point.CumulativeMetersetWeight = number, number / 2
        points.append(point)
    beam = Dataset()
    beam.BeamName, beam.ControlPointSequence = "前野", Sequence(points)
    made.BeamSequence = Sequence([beam, beam])
    made.add_new(0x00090010, "LO", "VENDOR")
    made.add_new(0x00091001, "UN", b"\1\2\3\4")
    return made


@pytest.fixture
def quiet() -> Iterator[None]:
    """The process itself hears no warnings either."""
    log = logging.getLogger("pydicom")
    log.disabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    log.disabled = False


@pytest.mark.usefixtures("quiet")
def test_changed_files_are_shown_or_said_to_be_damaged(tmp_path: Path, say: Say) -> None:
    seed = random.randrange(1 << 32)
    say(f"seed {seed}")
    rng = random.Random(seed)
    sources = [
        file_of(image(16), tmp_path / "ct", ExplicitVRLittleEndian).read_bytes(),
        file_of(dose(), tmp_path / "dose", ImplicitVRLittleEndian).read_bytes(),
        file_of(plan(), tmp_path / "plan", ExplicitVRLittleEndian).read_bytes(),
        _as_if(file_of(image(16), tmp_path / "jpeg").read_bytes(), JPEGBaseline8Bit),
    ]
    file = tmp_path / "changed"
    for _ in range(count(400, 20_000)):
        file.write_bytes(_changed(rng.choice(sources), rng))
        said, data = answer({**rng.choice(ASKED), "file": str(file)})
        assert orjson.loads(orjson.dumps(said))
        if "unseen" in said:
            assert said["unseen"] in set(Unseen)
            assert data == b""
        else:
            assert isinstance(said["said"], dict)
            assert None not in said["said"].values()


def _as_if(file: bytes, syntax: str) -> bytes:
    """The file, saying that it is in another transfer syntax of the same length or shorter."""
    plain = ExplicitVRLittleEndian.encode() + b"\0"
    return file.replace(plain, syntax.encode().ljust(len(plain), b"\0"), 1)


def _changed(data: bytes, rng: random.Random) -> bytes:
    """Some bytes other ones, a piece gone or twice, or the end cut off."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if len(changed) <= _HEAD:
            break
        at = rng.randrange(_HEAD, len(changed))
        match rng.randrange(5):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at : at + 4] = rng.randbytes(4)
            case 2:
                del changed[at : at + rng.randrange(1, 40)]
            case 3:
                changed[at:at] = changed[at : at + rng.randrange(1, 40)]
            case _:
                del changed[at + 20 :]
    return bytes(changed)
