"""Nothing planted comes out: by the standard's table as others publish it, at every depth."""

from __future__ import annotations

import warnings
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as published
from pydicom import dcmread
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom.deid.engine import Deidentifier
from dicom.deid.file import deidentify_file
from dicom.deid.options import Dates, DeidOptions
from dicom.deid.table import line_of, lines
from tests.unit.deid.objects import ROOT, ct_image, rt_plan, written

KEY = b"0123456789abcdef"
TOKEN = "PLANTED"  # noqa: S105 - a text to look for
TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
MARKED: dict[str, Any] = {
    **dict.fromkeys(TEXT, TOKEN),
    "AS": "077Y",
    "DA": "17770707",
    "DT": "17770707070707",
    "TM": "070707.777777",
    "DS": "7.7777777",
    "IS": "7777777",
    "UI": "1.2.7777777",
    "OB": TOKEN.encode() + b"\0",
    "OW": TOKEN.encode() + b"\0",
    "UN": TOKEN.encode() + b"\0",
    "UL": 0x77777777,
    "US": 0x7777,
    "SL": 0x77777777,
    "SS": 0x7777,
    "FD": 7.77777777,
    "FL": 7.75,
}
MARKS = (b"PLANTED", b"17770707", b"070707.777777", b"7.7777777", b"7777777", b"1.2.7777777")
STANDARD_TAGS = [(tag[0] << 16) | tag[1] for tag in published.ALL_TAGS if len(tag) == 2]
PLANTABLE = [tag for tag in STANDARD_TAGS if dictionary_has_tag(tag) and tag >> 16 > 2]


def planted(tag: int) -> DataElement:
    vr = dictionary_VR(tag).split(" or ")[0]
    if vr == "SQ":
        inner = Dataset()
        inner.CodeMeaning = inner.CodeValue = inner.TextValue = TOKEN
        inner.PersonName = TOKEN
        inner.ReferencedSOPInstanceUID = MARKED["UI"]
        return DataElement(tag, "SQ", Sequence([inner]))
    value = MARKED[vr]
    many = dictionary_VM(tag)
    return DataElement(tag, vr, [value] * int(many) if many in ("2", "3") else value)


def leaks(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [mark for mark in MARKS if mark in data]


def test_every_attribute_of_the_published_table_has_a_line() -> None:
    assert len(STANDARD_TAGS) > 600
    assert [f"{tag:08x}" for tag in STANDARD_TAGS if line_of(tag) is None] == []
    for group in (0x5000, 0x50FE):
        assert line_of(group << 16 | 0x3000) is not None
    assert line_of(0x60023000) is not None
    assert line_of(0x601E4000) is not None
    assert line_of(0x60020010) is None


@pytest.mark.parametrize("deep", [False, True], ids=["at the top", "in nested sequences"])
@pytest.mark.filterwarnings("ignore")
def test_nothing_planted_in_the_attributes_of_the_table_comes_out(
    tmp_path: Path, *, deep: bool
) -> None:
    original = ct_image(BurnedInAnnotation="NO")
    target = original
    if deep:
        target, outer = Dataset(), Dataset()
        outer.DeviceSequence = Sequence([target])
        original.SharedFunctionalGroupsSequence = Sequence([outer])
    for tag in PLANTABLE:
        if deep or tag not in original:
            target.add(planted(tag))
    source = written(original, tmp_path / "in.dcm")
    assert leaks(source), "the net has something to catch"
    with warnings.catch_warnings(action="ignore"):
        deidentify_file(source, tmp_path / "out.dcm", Deidentifier(DeidOptions(), KEY))
    assert leaks(tmp_path / "out.dcm") == []


def harmless() -> set[int]:
    """What the supplement keeps, each under a reason."""
    kept, reason = set(), ""
    for row in files("dicom.deid").joinpath("supplement.tsv").read_text("ascii").splitlines():
        if row.startswith("#"):
            reason = row
        elif row.split("\t")[1] == "K":
            assert reason.startswith("# Harmless: "), row
            kept.add(int(row[:8], 16))
    return kept


def test_no_attribute_stands_in_two_tables() -> None:
    rows = Counter(
        row[:8]
        for name in ("profile.tsv", "rt.tsv", "supplement.tsv")
        for row in files("dicom.deid").joinpath(name).read_text("ascii").splitlines()
        if not row.startswith("#")
    )
    assert [tag for tag, count in rows.items() if count > 1] == []
    assert len(rows) == len(lines())


@pytest.mark.filterwarnings("ignore")
def test_no_uid_date_or_word_on_a_patient_is_kept_but_for_what_is_harmless() -> None:
    """Over everything that pydicom's dictionary knows, in a table of ours or not."""
    deidentifier = Deidentifier(DeidOptions(), KEY)
    kept = set()
    for tag, (vrs, *_) in DicomDictionary.items():
        vr = vrs.split(" or ")[0]
        judged = vr in ("UI", "DA", "DT", "TM", "PN") or tag >> 16 == 0x0010
        if not judged or tag >> 16 < 0x0008:
            continue
        original = Dataset()
        original.PatientID = "x"
        original[tag] = planted(tag)
        done = deidentifier.deidentify(original).dataset
        if tag in done and (vr == "SQ" or done[tag].value == original[tag].value):
            kept.add(tag)
    assert {f"{tag:08x}" for tag in kept} == {f"{tag:08x}" for tag in harmless()}


@pytest.mark.filterwarnings("ignore")
def test_each_attribute_of_the_table_is_changed_or_gone() -> None:
    deidentifier = Deidentifier(DeidOptions(), KEY)
    unchanged = []
    for tag in PLANTABLE:
        original = Dataset()
        original.PatientID = "x"
        original.add(planted(tag))
        done = deidentifier.deidentify(original).dataset
        if tag in done and (done[tag].value == original[tag].value or TOKEN in str(done[tag])):
            unchanged.append(f"{tag:08x}")
    assert unchanged == []


@pytest.mark.filterwarnings("ignore")
def test_seventeen_identifiers_of_a_treatment_record_are_gone(tmp_path: Path) -> None:
    plan = rt_plan()
    beam = plan.BeamSequence[0]
    names = {
        "Zhang", "San", "张", "三", "H4711", "19610203", "A99", "李", "王",
        "XIEHE", "肺癌", "13800138000", "北京", "330106196102030011", "S1", "ZHANGSAN_AE",
        "PLANTED",
    }  # fmt: skip
    plan.PatientTelephoneNumbers = "13800138000"
    plan.PatientAddress = "北京市海淀区"
    plan.PatientComments = "身份证 330106196102030011"
    beam.ControlPointSequence[0].add_new(0x00091010, "LO", "x")
    private = beam.ControlPointSequence[0].private_block(0x0019, "MAKER 张三", create=True)
    private.add_new(0x01, "LT", "PLANTED 张三")
    private.add_new(0x02, "UN", "张三".encode("gb18030"))
    nested = Dataset()
    nested.PersonName = "Zhang^San"
    private.add_new(0x03, "SQ", Sequence([nested]))
    plan.SoftwareVersions = "for Zhang San"
    plan.ManufacturerModelName = "张三 special"
    source = written(plan, tmp_path / "in.dcm")
    done = deidentify_file(source, tmp_path / "out.dcm", Deidentifier(DeidOptions(), KEY))
    data = (tmp_path / "out.dcm").read_bytes()
    encodings = ("gb18030", "utf-8")
    assert [name for name in names for each in encodings if name.encode(each) in data] == []
    assert "ManufacturerModelName" in done.caught


def test_what_points_to_one_object_points_to_one_afterwards() -> None:
    original = ct_image(SOPInstanceUIDOfConcatenationSource=f"{ROOT}.4")
    original.TableFrameOfReferenceUID = original.FrameOfReferenceUID
    private = original.private_block(0x0019, "MAKER", create=True)
    private.add_new(0x01, "UI", f"{ROOT}.4")
    options = DeidOptions(private=frozenset({"MAKER/0019xx01"}))
    done = Deidentifier(options, KEY).deidentify(original).dataset
    assert done.SOPInstanceUID == done.SOPInstanceUIDOfConcatenationSource != f"{ROOT}.4"
    assert done.FrameOfReferenceUID == done.TableFrameOfReferenceUID != f"{ROOT}.9"
    assert done[0x00191001].value == done.SOPInstanceUID


def test_uids_that_name_a_kind_stay_even_private_ones() -> None:
    code = Dataset()
    code.CodingSchemeUID = "2.16.840.1.113883.6.96"
    code.ContextUID = "1.2.840.10008.6.1.1"
    original = ct_image(SOPClassUID="1.3.12.2.1107.5.9.1", BurnedInAnnotation="NO")
    original.CodingSchemeIdentificationSequence = Sequence([code])
    done = Deidentifier(DeidOptions(), KEY).deidentify(original).dataset
    assert done.SOPClassUID == "1.3.12.2.1107.5.9.1"
    assert done.CodingSchemeIdentificationSequence[0] == code


@pytest.mark.parametrize(
    ("name", "text", "caught"),
    [
        ("Li^Na", "for Li Na", True),
        ("Li^Na", "LI, NA (chest)", True),
        ("Li^Na", "Na-Li", True),
        ("Li^Na", "LiNa", True),
        ("Li Na", "NA LI", True),
        ("Li^Na^^Dr", "Li Na", True),
        ("Li^Na Mi", "LiNa Mi", True),
        ("Li^Na=李^娜", "李 娜 报告", True),
        ("李^娜", "娜，李", True),
        ("张^三丰", "张　三 丰", True),
        ("张三", "三张", False),
        ("Li^Na", "Li only", False),
        ("Li^Na", "berli nation", False),
        ("Li^Na", "Alina", False),
        ("M^R", "MR", False),
        ("M^R", "for M. R.", True),
    ],
)
def test_a_name_is_caught_in_either_order_however_short(
    name: str, text: str, *, caught: bool
) -> None:
    original = ct_image(SpecificCharacterSet="ISO_IR 192", PatientName=name)
    original.WindowCenterWidthExplanation = text
    done = Deidentifier(DeidOptions(), KEY).deidentify(original)
    assert done.caught == (("WindowCenterWidthExplanation",) if caught else ())


def test_three_letters_in_compressed_pixels_are_chance_and_a_name_is_none() -> None:
    for inside, caught in ((b"wei", ()), (b"Created for wu wei", ("PixelData",))):
        original = ct_image(PatientName="Wu^Wei")
        original.add_new(0x7FE00010, "OB", b"\xff\xd8\0" + inside + b"\0\xff\xd9\0")
        assert Deidentifier(DeidOptions(), KEY).deidentify(original).caught == caught


def test_a_plan_keeps_what_a_physicist_needs() -> None:
    done = Deidentifier(DeidOptions(), KEY).deidentify(rt_plan()).dataset
    assert [beam.BeamName for beam in done.BeamSequence] == ["Beam 1", "Beam 2"]
    group = done.FractionGroupSequence[0]
    assert group.NumberOfFractionsPlanned == 30
    assert [item.BeamMeterset for item in group.ReferencedBeamSequence] == [100, 100]
    point = done.BeamSequence[0].ControlPointSequence[0]
    assert point.BeamLimitingDevicePositionSequence[0].LeafJawPositions == [-50, 50]
    assert done.SOPClassUID == rt_plan().SOPClassUID


def test_the_original_is_not_changed() -> None:
    plan, same = rt_plan(), rt_plan()
    Deidentifier(DeidOptions(), KEY).deidentify(plan)
    assert plan == same


@pytest.mark.filterwarnings("ignore")
def test_a_file_says_what_was_done_to_it(tmp_path: Path) -> None:
    source = written(ct_image(), tmp_path / "in.dcm")
    options = DeidOptions(dates=Dates.SHIFT, keep_device=True)
    done = deidentify_file(source, tmp_path / "out.dcm", Deidentifier(options, KEY))
    read = dcmread(tmp_path / "out.dcm")
    assert read.PatientIdentityRemoved == "YES"
    assert read.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in read.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113109"]
    assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID == done.sop_instance
    assert "SourceApplicationEntityTitle" not in read.file_meta
