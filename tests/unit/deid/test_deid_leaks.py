"""Nothing planted comes out: by the standard's table as others publish it, at every depth."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as published
from pydicom import dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom.deid.engine import Deidentifier
from dicom.deid.file import deidentify_file
from dicom.deid.options import Dates, DeidOptions
from dicom.deid.table import line_of
from tests.unit.deid.objects import ct_image, rt_plan, written

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
    original = ct_image()
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
