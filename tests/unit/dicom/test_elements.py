"""Small datasets as trees, judged by pydicom in both directions."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom.elements import Element, Elements, WrongVr, decode, encode, sequence, vr_of
from gateway import ProtocolViolation
from tests.dicom_objects import encoded
from tests.unit.dicom.strategies import uids

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
TAGS = {
    0x00080020: "DA",
    0x00080050: "SH",
    0x00080054: "AE",
    0x00080060: "CS",
    0x00081030: "LO",
    0x00100010: "PN",
    0x00104000: "LT",
    0x0020000D: "UI",
    0x00400100: "SQ",
    0x00081110: "SQ",
}
_text = st.text(st.characters(codec="ascii", categories=["Lu"]), max_size=12)
_values = {"UI": st.just("") | uids, "DA": st.sampled_from(["", "20250601"])}


def trees(depth: int = 3) -> st.SearchStrategy[Elements]:
    def element(tag: int) -> st.SearchStrategy[Element]:
        vr = TAGS[tag]
        if vr == "SQ":
            items = st.lists(trees(depth - 1), max_size=2) if depth else st.just([])
            return items.map(sequence)
        return _values.get(vr, _text).map(lambda text: Element(vr, _padded(vr, text.encode())))

    return st.sets(st.sampled_from(sorted(TAGS)), max_size=5).flatmap(
        lambda tags: st.fixed_dictionaries({tag: element(tag) for tag in tags})
    )


def _padded(vr: str, value: bytes) -> bytes:
    return value + (b"\0" if vr == "UI" else b" ") * (len(value) % 2)


def read(data: bytes, syntax: str) -> Dataset:
    file = dcmread(BytesIO(head_of(syntax) + data))
    del file.file_meta
    return file


def head_of(syntax: str) -> bytes:
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    uid = b"\x02\0\x10\0UI" + len(value).to_bytes(2, "little") + value
    return bytes(128) + b"DICM\x02\0\0\0UL\4\0" + len(uid).to_bytes(4, "little") + uid


@given(trees(), st.sampled_from(SYNTAXES))
def test_what_is_written_is_read_again(tree: Elements, syntax: str) -> None:
    assert decode(encode(tree, syntax), syntax) == tree


@given(trees(), st.sampled_from(SYNTAXES))
def test_pydicom_reads_what_we_write(tree: Elements, syntax: str) -> None:
    assert_same(read(encode(tree, syntax), syntax), tree)


def assert_same(theirs: Dataset, ours: Elements) -> None:
    assert {int(tag) for tag in theirs.keys()} == set(ours)  # noqa: SIM118 - tags, not elements
    for element in theirs:
        mine = ours[int(element.tag)]
        if element.VR == "SQ":
            for item, own in zip(element.value, mine.items, strict=True):
                assert_same(item, own)
        else:
            assert str(element.value or "") == mine.value.decode().strip(" \0")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_sequences_of_known_length_are_read(syntax: str) -> None:
    step, made = Dataset(), Dataset()
    step.ScheduledStationAETitle, step.Modality = "LINAC1", "RTIMAGE"
    made.PatientName = "Zhang^Wei"
    made.ScheduledProcedureStepSequence = Sequence([step, Dataset()])
    made.RequestedProcedureID = "R1"
    found = decode(encoded(made, syntax), syntax)
    first, second = found[0x00400100].items
    assert first[0x00400001].value == b"LINAC1"
    assert second == {}
    assert found[0x00401001].value == b"R1"


def test_a_sequence_of_unknown_vr_holds_implicit_elements() -> None:
    item = encode({0x00080060: Element("CS", b"CT")}, ImplicitVRLittleEndian)
    data = (
        b"\x09\0\x10\x10UN\0\0\xff\xff\xff\xff"
        b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        + item
        + b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
        + encode({0x00100020: Element("LO", b"P1")}, ExplicitVRLittleEndian)
    )
    found = decode(data, ExplicitVRLittleEndian)
    assert found[0x00091010].items[0][0x00080060].value == b"CT"
    assert found[0x00100020].value == b"P1"


@given(trees(), st.sampled_from(SYNTAXES), st.data())
def test_what_is_cut_or_changed_is_a_violation_or_a_dataset(
    tree: Elements, syntax: str, data: st.DataObject
) -> None:
    content = bytearray(encode(tree, syntax))
    if content:
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        del content[data.draw(st.integers(0, len(content))) :]
    try:
        decode(bytes(content), syntax)
    except ProtocolViolation:
        return


_ITEM = b"\xfe\xff\x00\xe0"
_SEQUENCE = b"\x40\0\0\x01"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xfe\xff\x0d\xe0\0\0\0\0" + _ITEM, "ends at byte 8"),
        (_SEQUENCE + b"\xff\0\0\0", "a sequence of 255 bytes"),
        (_SEQUENCE + b"\x08\0\0\0" + b"\x08\0\x20\0\0\0\0\0", "where an item belongs"),
        (_SEQUENCE + b"\x08\0\0\0" + _ITEM + b"\xff\0\0\0", "an item of 255 bytes"),
        (b"\x08\0\x20\0\xff\0\0\0", "an element of 255 bytes"),
        (b"\x08\0\x20", "cut off"),
    ],
)
def test_a_length_that_leads_beyond_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ProtocolViolation, match=words):
        decode(data, ImplicitVRLittleEndian)


def test_a_group_length_is_left_out_and_a_value_without_vr_is_refused() -> None:
    length = b"\x08\0\0\0UL\x04\0\0\0\0\0"
    assert decode(length, ExplicitVRLittleEndian) == {}
    with pytest.raises(ProtocolViolation, match="has no VR"):
        decode(b"\x08\0\x20\0\0\0\0\0", ExplicitVRLittleEndian)


def test_a_value_that_its_length_can_not_say_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="70000 bytes"):
        encode({0x00104000: Element("LT", b"x" * 70_000)}, ExplicitVRLittleEndian)


def test_depth_and_number_are_bounded() -> None:
    deep: Elements = {}
    for _ in range(20):
        deep = {0x00400100: sequence([deep])}
    with pytest.raises(ProtocolViolation, match="nested"):
        decode(encode(deep, ExplicitVRLittleEndian), ExplicitVRLittleEndian)
    many: Elements = {0x00400100: sequence([{}] * 30_000)}
    with pytest.raises(ProtocolViolation, match="more than"):
        decode(encode(many, ExplicitVRLittleEndian), ExplicitVRLittleEndian)


@pytest.mark.parametrize(
    ("tag", "vr"),
    [(0x00100010, "PN"), (0x00090010, "LO"), (0x00091010, "UN"), (0x00080000, "UL")],
)
def test_a_tag_has_the_vr_of_the_dictionary(tag: int, vr: str) -> None:
    assert vr_of(tag) == vr


STRICT_TREES = [
    {0x00100010: Element("LO", b"Zhang ")},
    {0x00400100: Element("LO", b"x ")},
    {0x00100020: sequence([{}])},
    {0x00400100: sequence([{0x00400100: sequence([{0x00080060: Element("PN", b"CT")}])}])},
    {0x00090010: Element("SH", b"OURS")},
]


@pytest.mark.parametrize("tree", STRICT_TREES)
def test_a_known_element_of_another_vr_is_refused_if_asked_to(tree: Elements) -> None:
    data = encode(tree, ExplicitVRLittleEndian)
    assert decode(data, ExplicitVRLittleEndian) == tree
    with pytest.raises(WrongVr, match=r"^\(.{9}\) is (PN|SQ|LO|CS), not "):
        decode(data, ExplicitVRLittleEndian, strict=True)


@given(trees(), st.sampled_from(SYNTAXES))
def test_what_has_its_own_vr_is_taken(tree: Elements, syntax: str) -> None:
    assert decode(encode(tree, syntax), syntax, strict=True) == tree


def test_one_of_several_vrs_and_any_of_an_unknown_tag_are_taken() -> None:
    either: list[Elements] = [
        {0x00280106: Element("US", b"\1\0"), 0x00091010: Element("PN", b"a ")},
        {0x00280106: Element("SS", b"\1\0"), 0x00091010: Element("UN", b"a ")},
    ]
    for tree in either:
        data = encode(tree, ExplicitVRLittleEndian)
        assert decode(data, ExplicitVRLittleEndian, strict=True) == tree


@pytest.mark.parametrize("length", ["known", "undefined"])
def test_what_comes_as_unknown_is_read_as_the_dictionary_says(length: str) -> None:
    tree = {0x00400100: sequence([{0x00080060: Element("CS", b"CT"), 0x00400100: sequence([])}])}
    held = encode(tree, ImplicitVRLittleEndian)[8:]
    size = b"\xff\xff\xff\xff" if length == "undefined" else len(held).to_bytes(4, "little")
    data = encode({0x00100020: Element("UN", b"P1")}, ExplicitVRLittleEndian)
    data += b"\x40\0\0\x01UN\0\0" + size + held
    found = decode(data, ExplicitVRLittleEndian, strict=True)
    assert found == {0x00100020: Element("LO", b"P1"), **tree}
    with pytest.raises(ProtocolViolation, match=r"where an item belongs|cut off"):
        decode(b"\x40\0\0\x01UN\0\0\4\0\0\0abc ", ExplicitVRLittleEndian, strict=True)
