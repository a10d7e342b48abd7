"""A plan's dose over its structures, as its page shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from gateway.room import Permission
from simulators.rt import STATIC, Course, dose, images, plan, structure_set
from simulators.rt.compose import item
from tests.unit.tps.treatment_case import Treatments, somebody, treatments

COURSE = Course(points=3, pairs=4)


def three(**values: Any) -> tuple[Dataset, Dataset, Dataset]:
    """A plan, its structures, and its dose with other elements."""
    made = plan(STATIC, COURSE)
    return made, structure_set(COURSE), dose(made, COURSE, **values)


def plain(page: str) -> str:
    text = re.sub(r"<(script|style|title)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


async def shown(t: Treatments, made: Dataset, query: str = "") -> str:
    return await t.page(f"/plans/{made.SOPInstanceUID}/dose?lang=en{query}")


async def test_a_plane_shows_lines_outlines_and_which_side_is_which(tmp_path: Path) -> None:
    made, structures, given = three()
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        assert f"/plans/{made.SOPInstanceUID}/dose" in await t.page(f"/plans/{made.SOPInstanceUID}")
        page = await shown(t, made)
        words = plain(page)
        assert "Plane 11 of 21, from the feet" in words  # that of the isocenter, z = 34
        assert "z 34.0 mm" in words
        assert page.count('class="roi"') == 4
        assert "100 10.00 reached" in words
        assert "110 11.00 —" in words
        assert "Percentages are of the prescribed dose: 10.00 Gy (PTV)" in words
        assert "97 × 61 × 21 4 × 4 mm apart, planes 3 mm apart" in words
        sides = re.findall(r'class="letter" x="([^"]+)" y="([^"]+)"[^>]*>(\w)<', page)
        place = {name: (float(x), float(y)) for x, y, name in sides}
        assert place["R"][0] < place["P"][0] < place["L"][0]
        assert place["A"][1] < place["L"][1] < place["P"][1]
        for uid in (structures.SOPInstanceUID, given.SOPInstanceUID):
            assert f'href="/objects/{uid}"' in page
        chinese = plain(await t.page(f"/plans/{made.SOPInstanceUID}/dose?lang=zh-CN"))
        assert "自足侧观察" in chinese
        assert "百分比以处方剂量为 100%：10.00" in chinese


async def test_planes_and_structures_are_chosen(tmp_path: Path) -> None:
    made, structures, given = three()
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        page = await shown(t, made, "&chosen=1&roi=2&plane=21")
        assert page.count('class="roi"') == 0  # the target ends below
        assert 'class="wash"' not in page
        assert "PTV no outline in this plane" in plain(page)
        assert "No structure is chosen." in await shown(t, made, "&chosen=1")
        (down,) = re.findall(r'rel="prev" href="([^"]+)"', page)
        assert 'rel="next" aria-disabled' in page
        assert "roi=2&amp;plane=20#slice" in down
        page = await shown(t, made, "&chosen=1&roi=2&wash=1&plane=12")
        assert page.count('class="roi"') == 1
        assert 'class="wash"' in page
        assert "z 37.0 mm" in plain(page)


async def test_contours_that_are_left_out_and_outlines_of_other_planes_are_told(
    tmp_path: Path,
) -> None:
    made, structures, given = three()
    given.ImagePositionPatient[2] += 1
    contours = structures.ROIContourSequence[1].ContourSequence
    contours[0].ContourGeometricType = "OPEN_PLANAR"
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        page = await shown(t, made, "&plane=11")
        assert page.count('class="roi off"') == 4
        words = plain(page)
        assert "PTV outline of the plane 1.0 mm away 1 contour is left out" in words


async def test_the_image_that_contours_were_drawn_on_lies_under_the_dose(tmp_path: Path) -> None:
    made, structures, given = three()
    several = list(images(COURSE))
    wrong = several[11]
    wrong.PatientID = "SOMEBODY"
    nothing = "No image that contours were drawn on is shown in this plane."
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        assert nothing in await shown(t, made)
        await t.take(several[10], wrong)
        page = await shown(t, made)
        assert f'<image href="/objects/{several[10].SOPInstanceUID}/picture.png"' in page
        assert 'x="-181.5" y="-223.0" width="388.0" height="244.0"' in page
        other = await shown(t, made, "&plane=12")
        assert nothing in other
        assert "It is of another patient" in plain(other)
        t.act_as(somebody("wu", Permission.READ_PLANS))
        assert nothing in await shown(t, made)


async def test_histograms_are_those_that_are_stored(tmp_path: Path) -> None:
    made, structures, given = three()
    first, second = given.DVHSequence[1], given.DVHSequence[2]
    first.DVHMinimumDose, first.DVHMeanDose, first.DVHMaximumDose = "9.5", "9.875", "10.25"
    second.DVHNumberOfBins = 3
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        page = await shown(t, made)
        words = plain(page)
        assert "PTV CUMULATIVE 9.50 9.88 10.25 Gy 120" in words
        assert "The bins of its histogram are not as the standard has them" in words
        assert page.count("data-chart") == 1
        assert '"colour": "#e63c3c"' in page


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"FrameOfReferenceUID": "1.2.3"}, "It is of another frame of reference"),
        ({"PatientID": "SOMEBODY"}, "It is of another patient"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "Its planes are not axial"),
        ({"GridFrameOffsetVector": [7.0 * each for each in range(1, 22)]}, "where its planes lie"),
        ({"DoseType": "ERROR"}, "Its values are no dose that can be drawn"),
        ({"PixelData": b"\0\0" * 100}, "It has not as many pixels as it says"),
    ],
    ids=["frame", "patient", "axial", "planes", "type", "pixels"],
)
async def test_what_could_be_drawn_wrongly_is_said_and_not_drawn(
    tmp_path: Path, values: dict[str, Any], why: str
) -> None:
    made, structures, given = three(**values)
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        page = await shown(t, made)
        assert why in plain(page)
        assert 'class="isodose"' not in page


async def test_a_dose_of_two_plans_is_not_shown_as_that_of_one(tmp_path: Path) -> None:
    made, structures, given = three()
    other = item(ReferencedSOPClassUID=made.SOPClassUID, ReferencedSOPInstanceUID="1.2.3")
    given.ReferencedRTPlanSequence.append(other)
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        page = await shown(t, made)
        assert "It is not of this plan alone" in plain(page)
        assert "data-chart" not in page


async def test_a_structure_of_another_frame_is_left_out_and_a_set_of_another_patient_too(
    tmp_path: Path,
) -> None:
    made, structures, given = three()
    structures.StructureSetROISequence[2].ReferencedFrameOfReferenceUID = "1.2.3"
    async with treatments(tmp_path / "frame") as t:
        await t.take(made, structures, given)
        page = await shown(t, made)
        assert page.count('class="roi"') == 3
        assert "Rectum It is of another frame of reference" in plain(page)
    structures.PatientID = "SOMEBODY"
    async with treatments(tmp_path / "patient") as t:
        await t.take(made, structures, given)
        page = await shown(t, made)
        assert page.count('class="roi"') == 0
        assert 'class="isodose"' in page
        assert "It is of another patient" in plain(page)


async def test_a_dose_without_a_prescription_for_it_is_a_part_of_its_greatest(
    tmp_path: Path,
) -> None:
    made, structures, given = three(DoseUnits="RELATIVE", DoseSummationType="BEAM")
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        words = plain(await shown(t, made))
        assert "Percentages are of the greatest dose in the grid: 10.40" in words
        assert "Greatest in this plane: 10.40." in words
        assert "% relative In this plane" in words


async def test_nothing_there_is_said(tmp_path: Path) -> None:
    made, _, given = three()
    path = f"/plans/{made.SOPInstanceUID}/dose"
    async with treatments(tmp_path) as t:
        await t.take(made)
        assert "No dose of this plan came yet." in await t.page(f"{path}?lang=en")
        await t.take(given)
        assert "It is not here" in plain(await shown(t, made))
        assert (await t.http.get(f"{path}?dose=1.2.3")).status_code == 404
        assert (await t.http.get("/plans/1.2.3/dose")).status_code == 404


async def test_a_reading_is_audited_and_needs_the_right(tmp_path: Path) -> None:
    made, structures, given = three()
    async with treatments(tmp_path) as t:
        await t.take(made, structures, given)
        t.act_as(somebody("wu", Permission.READ_PLANS))
        page = await shown(t, made)
        assert str(made.PatientID) not in page
        read = t.gate.audit.entries[-1]
        assert read.action == "plans.read"
        assert read.subject is not None
        assert read.subject.patient == made.PatientID
        assert read.objects["dose"] == given.SOPInstanceUID
        assert read.objects["structures"] == structures.SOPInstanceUID
        t.act_as(somebody("nobody", Permission.READ_SITE))
        refused = await t.http.get(f"/plans/{made.SOPInstanceUID}/dose")
        assert refused.status_code == 403
