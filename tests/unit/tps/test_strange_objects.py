"""Objects that no reader expects: each waits for a person, and none stops the reading of others."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import BaseTag
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

import tests.unit.tps.treatment_case as case
import tps_bridge.reader
from gateway import Kind
from gateway.model import Instant
from simulators.rt import ARC, STATIC, Course, Part, approved, encoded, plan, record, volumes
from tests.unit.tps.treatment_case import NOW, Treatments, treatments
from tps_bridge.block import BlockKind
from tps_bridge.book.events import RECORD, read_event
from tps_bridge.plan import read_plan
from tps_bridge.rt import Bounds, Item, Malformed, decode, key_of, keyed

COURSE = Course(points=5, pairs=4, fractions=3)
BEAMS = BaseTag(0x300A00B0)
LARGE = 0x10000
ITEM, ENDLESS = b"\xfe\xff\x00\xe0", b"\xff\xff\xff\xff"
NUMBER = b"\x0a\x30\xc0\x00\x02\x00\x00\x001 "


def _unknown(tag: BaseTag, value: bytes) -> bytes:
    return struct.pack("<HH2sHI", tag.group, tag.element, b"UN", 0, len(value)) + value


def _implicit(made: Dataset) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian = file.is_implicit_VR = True
    write_dataset(file, made)
    whole: bytes = file.getvalue()
    return whole


def _of(made: Dataset, *tags: BaseTag) -> Dataset:
    part = Dataset()
    for tag in tags:
        part[tag] = made[tag]
    return part


def _as_unknown(made: Dataset, tag: BaseTag) -> bytes:
    """The object with one of its sequences as UN, as whoever does not know it writes it."""
    before = _of(made, *(each for each in made.keys() if each < tag))  # noqa: SIM118
    after = _of(made, *(each for each in made.keys() if each > tag))  # noqa: SIM118
    value = _implicit(_of(made, tag))[8:]
    return encoded(before) + _unknown(tag, value) + encoded(after)


@pytest.mark.parametrize("points", [4, 150])
def test_a_sequence_that_is_told_as_unknown_is_read_whatever_its_size(points: int) -> None:
    made = plan(ARC, Course(points=points, pairs=40))
    data = _as_unknown(made, BEAMS)
    assert (len(data) > LARGE) is (points > 4)
    whole = read_plan(decode(encoded(made), ExplicitVRLittleEndian))
    assert read_plan(decode(data, ExplicitVRLittleEndian)).digest == whole.digest


def test_what_is_told_as_unknown_has_its_least_byte_first() -> None:
    rows = struct.pack(">HH2sHI", 0x0028, 0x0010, b"UN", 0, 2) + b"\x02\x01"
    assert decode(rows, ExplicitVRBigEndian).integer("Rows") == 0x0102


@pytest.mark.parametrize(
    "value",
    [
        bytes(6),
        bytes(range(8)),
        ITEM + b"\xff\xff",
        ITEM + b"\x10\x00\x00\x00ab",
        ITEM + b"\x0c\x00\x00\x00" + NUMBER,
    ],
)
@pytest.mark.parametrize("vr", [b"UN", b"SQ"])
def test_what_is_no_row_of_items_is_no_sequence(vr: bytes, value: bytes) -> None:
    with pytest.raises(Malformed):
        decode(_unknown(BEAMS, value).replace(b"UN", vr, 1), ExplicitVRLittleEndian)


@pytest.mark.parametrize("value", [ITEM + b"\x0a\x00\x00\x00" + NUMBER, ITEM + ENDLESS + NUMBER])
def test_items_are_read_with_and_without_a_length(value: bytes) -> None:
    found = decode(_unknown(BEAMS, value), ExplicitVRLittleEndian)
    assert [each.integer("BeamNumber") for each in found.items("BeamSequence")] == [1]


def _number(text: bytes, vr: bytes = b"IS") -> Item:
    element, keyword = (0x00C0, b"IS") if vr == b"IS" else (0x00B4, b"DS")
    text += b" " * (len(text) % 2)
    head = struct.pack("<HH2sH", 0x300A, element, keyword, len(text))
    return decode(head + text, ExplicitVRLittleEndian)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"12", 12),
        (b" +7 ", 7),
        (b"-0003", -3),
        (b"180.00 ", 180),
        (b"2147483647", 2**31 - 1),
        (b"-2147483648", -(2**31)),
    ],
)
def test_an_integer_string_is_read_by_its_grammar(text: bytes, number: int) -> None:
    assert _number(text).integer("BeamNumber") == number


@pytest.mark.parametrize(
    "text", [b"1e19", b"1.5", b"2147483648", b"-2147483649", b"1_0", b"0x1", b"+"]
)
def test_what_is_no_integer_string_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed, match="BeamNumber"):
        _number(text)


@pytest.mark.parametrize("vr", [b"IS", b"DS"])
@pytest.mark.parametrize("padding", [b"  ", b" \0", b"\0\0"])
def test_a_number_that_is_all_padding_is_none(vr: bytes, padding: bytes) -> None:
    assert _number(padding, vr).values == {}


def test_numbers_of_seven_digits_stay_apart() -> None:
    several = tuple(Item({"BeamNumber": float(each)}) for each in (1000001, 1000002))
    assert list(keyed("BeamSequence", several)) == ["1000001", "1000002"]
    assert several[0].text("BeamNumber") == "1000001"
    assert key_of("BeamSequence", Item({"BeamNumber": 1.5}), 0) == "1.5"


def test_a_whole_number_is_one_that_floats_tell_apart() -> None:
    with pytest.raises(Malformed, match="no whole number"):
        Item({"NumberOfFrames": 2.0**53}).integer("NumberOfFrames")


async def _troubles(t: Treatments) -> list[tuple[str, str]]:
    return [(each.state, each.what) for each in await t.book.troubles()]


async def _store(
    t: Treatments, monkeypatch: pytest.MonkeyPatch, made: Dataset, data: bytes
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(case, "encoded", lambda _made: data)
        await t.store(made)


async def test_a_dose_too_great_to_be_kept_waits_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = volumes.dose(plan(ARC, COURSE), COURSE)
    made.DoseGridScaling = 777777.5
    data = encoded(made).replace(b"777777.5", b"1e306   ")
    async with treatments(tmp_path) as t:
        await _store(t, monkeypatch, made, data)
        await t.read()
        assert await _troubles(t) == [("unread", "a number of it is too great to be kept")]


@pytest.mark.parametrize("reader", ["read_plan", "read_record"])
async def test_what_defeats_a_reader_waits_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, reader: str
) -> None:
    made = approved(plan(ARC, COURSE))
    given, real = record(made, 1, [Part(1), Part(2)]), getattr(tps_bridge.reader, reader)

    def fails(tree: Item) -> object:
        found = real(tree)
        if found.uid in (str(made.SOPInstanceUID), str(given.SOPInstanceUID)):
            raise AttributeError("no such thing")
        return found

    monkeypatch.setattr(tps_bridge.reader, reader, fails)
    other = approved(plan(STATIC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made, given, other)
        assert await _troubles(t) == [
            ("unread", "it defeats its reader (AttributeError: no such thing)")
        ]
        assert await t.book.plan(str(other.SOPInstanceUID)) is not None
        assert any(each.exc_info for each in caplog.records)


def _endless(body: dict[str, object]) -> None:
    body["given"] = [{**each, "fraction": 10**19} for each in body["given"]]  # type: ignore[attr-defined]


def _bare(body: dict[str, object]) -> None:
    del body["given"]


@pytest.mark.parametrize("spoil", [_endless, _bare])
async def test_what_was_read_and_can_not_be_taken_in_is_a_task_and_blocks(
    tmp_path: Path, spoil: Callable[[dict[str, object]], None]
) -> None:
    made = approved(plan(ARC, COURSE))
    given, later = record(made, 1, [Part(1), Part(2)]), record(made, 2, [Part(1), Part(2)])
    async with treatments(tmp_path) as t:
        await t.take(made)
        await t.store(given)
        (row,) = await t.book.waiting(1)
        event = await t.intake._read(row)
        assert event.payload is not None
        body = dict(event.payload["body"])
        spoil(body)
        await t.ports.publish(
            (read_event(RECORD, body, site="site", uid=row[0], blob=row[1], at=Instant(NOW)),)
        )
        ((state, what),) = await _troubles(t)
        assert state == "unread"
        assert what.startswith("what was read of it can't be taken in")
        plan_row = await t.book.plan(str(made.SOPInstanceUID))
        assert plan_row is not None
        (checked,) = await t.desk.checks(plan_row)
        assert BlockKind.COUNT in {each.kind for each in checked.checks if each.blocks}
        await t.take(later)
        assert len(await t.book.records(str(made.SOPInstanceUID))) == 1
    assert Kind.OBJECT in {each.kind for each in t.ports.events}


def test_the_greatest_pixel_is_read_as_signed_where_pixels_are() -> None:
    made = volumes.dose(plan(ARC, COURSE), COURSE)
    count = made.Rows * made.Columns * int(made.NumberOfFrames)
    made.PixelData = b"\xfd\xff" + b"\x28\x00" * (count - 1)
    made.DoseGridScaling = 0.01
    bounds = Bounds()
    for representation, greatest in ((0, 655.33), (1, 0.4)):
        made.PixelRepresentation = representation
        found = tps_bridge.reader._dose(encoded(made), ExplicitVRLittleEndian, bounds)
        assert found.maximum == pytest.approx(greatest)
    made.DoseType = "ERROR"
    found = tps_bridge.reader._dose(encoded(made), ExplicitVRLittleEndian, bounds)
    assert (found.kind, found.maximum) == ("ERROR", None)
