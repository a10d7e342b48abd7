"""What may stay, what is moved, what is refused, and what belongs together afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom.deid.engine import Deidentifier
from dicom.deid.file import deidentify_file
from dicom.deid.options import Dates, DeidOptions, NotDeidentifiable
from dicom.deid.pseudonym import Pseudonyms, shifted
from tests.unit.deid.objects import ROOT, ct_image, rt_plan, written

KEY = b"0123456789abcdef"


def deidentified(dataset: Dataset, key: bytes = KEY, **options: object) -> Dataset:
    return Deidentifier(DeidOptions.model_validate(options), key).deidentify(dataset).dataset


def test_objects_of_a_patient_and_a_study_stay_together() -> None:
    plan, image = deidentified(rt_plan()), deidentified(ct_image())
    assert plan.PatientID == image.PatientID != "H4711"
    assert plan.StudyInstanceUID == image.StudyInstanceUID != f"{ROOT}.1"
    assert plan.FrameOfReferenceUID == image.FrameOfReferenceUID
    assert plan.SOPInstanceUID != image.SOPInstanceUID


def test_another_key_gives_other_names() -> None:
    other = deidentified(rt_plan(), b"another key of 16")
    assert other.PatientID != deidentified(rt_plan()).PatientID
    assert other.StudyInstanceUID != deidentified(rt_plan()).StudyInstanceUID


def test_the_same_number_of_another_issuer_is_another_patient() -> None:
    elsewhere = rt_plan()
    elsewhere.IssuerOfPatientID = "OTHER"
    assert deidentified(elsewhere).PatientID != deidentified(rt_plan()).PatientID


def test_dates_are_gone_moved_or_kept() -> None:
    assert not deidentified(rt_plan()).StudyDate
    kept = deidentified(rt_plan(), dates=Dates.KEEP)
    assert (kept.StudyDate, kept.PatientBirthDate) == ("20261123", None)
    moved = deidentified(rt_plan(), dates=Dates.SHIFT)
    study, planned = (date.fromisoformat(text) for text in (moved.StudyDate, moved.RTPlanDate))
    assert study < date(2026, 10, 25)
    assert study - planned == timedelta(3)
    assert moved.StudyTime == "140500"
    assert not moved.PatientBirthDate


@settings(max_examples=30)
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.text(max_size=5), st.text(max_size=5))
def test_a_patients_days_keep_their_distance_and_their_weekday(
    day: date, issuer: str, identifier: str
) -> None:
    back = Pseudonyms(KEY).days(issuer, identifier)
    moved = shifted(f"{day:%Y%m%d}120000.5+0800", back)
    assert moved[8:] == "120000.5+0800"
    assert day - date.fromisoformat(moved[:8]) == back
    assert back.days % 7 == 0
    assert back.days >= 28


@pytest.mark.parametrize("text", ["", "2026", "202611", "20261399", "2026112x", "０2026112"])
def test_what_is_no_whole_date_is_dropped(text: str) -> None:
    assert shifted(text, timedelta(7)) == ""


def test_uids_device_institution_and_characteristics_stay_where_asked() -> None:
    plan = rt_plan()
    plan.InstitutionName = "协和医院"
    plan.PatientWeight = "70"
    assert deidentified(plan, keep_uids=True).SOPInstanceUID == f"{ROOT}.3"
    assert deidentified(plan).InstitutionName == "ANONYMIZED"
    assert deidentified(plan, keep_institution=True).InstitutionName == "协和医院"
    machine = deidentified(plan, keep_device=True).BeamSequence[0].TreatmentMachineName
    assert machine == "XIEHE-LINAC-1"
    assert "PatientWeight" not in deidentified(plan)
    assert deidentified(plan, keep_patient_characteristics=True).PatientWeight == 70


def test_a_descriptor_keeps_a_listed_word_and_nothing_else() -> None:
    structures = Dataset()
    structures.PatientID = "x"
    rois = []
    for number, name in enumerate(("PTV_High", "PTV_ZhangSan"), 1):
        roi = Dataset()
        roi.ROINumber, roi.ROIName = number, name
        rois.append(roi)
    structures.StructureSetROISequence = Sequence(rois)
    kept = deidentified(structures, words=["PTV_High"]).StructureSetROISequence
    assert [roi.ROIName or "" for roi in kept] == ["PTV_High", ""]


def test_a_listed_private_element_stays_and_its_neighbour_goes() -> None:
    plan = rt_plan()
    block = plan.private_block(0x0029, "MAKER", create=True)
    block.add_new(0x10, "DS", "1.5")
    block.add_new(0x11, "LO", "PLANTED")
    kept = deidentified(plan, private=["MAKER/0029xx10"])
    assert kept[0x00291010].value == 1.5
    assert 0x00291011 not in kept
    assert not [element for element in deidentified(plan) if element.tag.is_private]


SECONDARY = ["DERIVED", "SECONDARY"]
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
RT_IMAGE = "1.2.840.10008.5.1.4.1.1.481.1"
VISIBLE_LIGHT = "1.2.840.10008.5.1.4.1.1.77.1.4"


def imagined(**values: Any) -> Dataset:
    """An image with other values; None takes an attribute away."""
    image = ct_image(**{keyword: value for keyword, value in values.items() if value is not None})
    for keyword in (keyword for keyword, value in values.items() if value is None):
        delattr(image, keyword)
    return image


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"BurnedInAnnotation": "YES"}, "is YES"),
        ({"Modality": "US"}, "modality US"),
        ({"Modality": "SC", "BurnedInAnnotation": "YES"}, "is YES"),
        ({"SOPClassUID": CAPTURE}, "of its class"),
        ({"SOPClassUID": f"{CAPTURE}.4"}, "of its class"),
        ({"SOPClassUID": VISIBLE_LIGHT, "Modality": "CT"}, "of its class"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.5.1"}, "of its class"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1"}, "of its class"),
        ({"SOPClassUID": "1.3.12.2.1107.5.9.1"}, "not known"),
        ({"SOPClassUID": None}, "not known"),
        ({"ConversionType": "WSD", "ImagePositionPatient": None}, "captured"),
        ({"SecondaryCaptureDeviceID": "WS1", "ImagePositionPatient": None}, "captured"),
        ({"ConversionType": "SI"}, "captured"),
        ({"SOPClassUID": RT_IMAGE, "ConversionType": "DF"}, "captured"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "in colour"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "in colour"),
        ({"PhotometricInterpretation": None}, "in colour"),
        ({"ImageType": [*SECONDARY, "SCREEN SAVE"]}, "SCREEN SAVE"),
        ({"ImageType": [*SECONDARY, "OTHER", "CT_SOM5 PROT"]}, "PROT"),
        ({"ImageType": [*SECONDARY, "OTHER"], "ImagePositionPatient": None}, "nowhere"),
    ],
)
def test_pixels_that_may_show_names_need_a_person(values: dict[str, Any], why: str) -> None:
    image = imagined(**values)
    with pytest.raises(NotDeidentifiable, match=f"{why}.*look at it"):
        deidentified(image)
    assert deidentified(image, burned_in_checked=True).Rows == 8
    if "BurnedInAnnotation" not in values:
        image.BurnedInAnnotation = "NO"
        assert deidentified(image).Rows == 8


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"ImageType": [*SECONDARY, "MPR"]},
        {"ImageType": ["DERIVED", "PRIMARY", "REFORMATTED", "AVERAGE"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "PROT"]},
        {"ConversionType": "WSD"},
        {"SecondaryCaptureDeviceManufacturer": "X"},
        {"SOPClassUID": RT_IMAGE, "ConversionType": "DI"},
        {
            "SOPClassUID": RT_IMAGE,
            "Modality": "RTIMAGE",
            "ConversionType": "WSD",
            "ImageType": [*SECONDARY, "DRR"],
            "ImagePositionPatient": None,
            "RTImagePlane": "NORMAL",
        },
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2", "Modality": "RTDOSE"},
        {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.20",
            "Modality": "NM",
            "PhotometricInterpretation": "PALETTE COLOR",
        },
    ],
)
def test_slices_reformats_doses_and_projections_need_nobody(values: dict[str, Any]) -> None:
    assert deidentified(imagined(**values)).Rows == 8


def test_a_derived_image_of_many_frames_lies_where_its_frames_do() -> None:
    image = imagined(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1",
        ImageType=[*SECONDARY, "MPR"],
        ImagePositionPatient=None,
    )
    place, groups = Dataset(), Dataset()
    place.ImagePositionPatient = ["0", "0", "0"]
    groups.PlanePositionSequence = Sequence([place])
    image.PerFrameFunctionalGroupsSequence = Sequence([groups])
    assert deidentified(image).Rows == 8


def test_patients_without_a_number_are_not_merged() -> None:
    one, same, other = (ct_image(PatientID=said) for said in ("", " ", ""))
    del one.PatientID
    other.StudyInstanceUID = f"{ROOT}.99"
    assert deidentified(one).PatientID == deidentified(same).PatientID
    assert deidentified(one).PatientID != deidentified(other).PatientID
    assert deidentified(ct_image(PatientID=f"{ROOT}.1")).PatientID != deidentified(one).PatientID
    dates = {deidentified(each, dates="shift").StudyDate for each in (one, same, other)}
    assert len(dates) == 2


def test_what_says_neither_whose_it_is_nor_of_which_study_is_refused() -> None:
    with pytest.raises(NotDeidentifiable, match="neither whose it is"):
        deidentified(Dataset())


def test_what_is_no_dicom_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "x.dcm"
    source.write_bytes(b"nothing")
    with pytest.raises(NotDeidentifiable, match="can't be read"):
        deidentify_file(source, tmp_path / "y.dcm", Deidentifier(DeidOptions(), KEY))


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Deidentifier(DeidOptions(), b"short")


@pytest.mark.parametrize("missing", ["SOPClassUID", "SOPInstanceUID"])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, missing: str) -> None:
    image = ct_image()
    source = written(image, tmp_path / "x.dcm")
    delattr(image, missing)
    image.save_as(source, enforce_file_format=True)
    with pytest.raises(NotDeidentifiable, match=r"x\.dcm is no object"):
        deidentify_file(source, tmp_path / "y.dcm", Deidentifier(DeidOptions(), KEY))
    assert not (tmp_path / "y.dcm").exists()
