"""DICOMweb as a server: objects stored, found and fetched over HTTP."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian

from dicom.dimse import Status
from dicom.web.media import accepted, media_type, parts_of, takes
from dicom.web.model import dataset as model_of
from dicom.web.multipart import Body, NotMultipart
from tests.dicom_objects import CT, RT_PLAN, dataset, image
from tests.dicom_peers import OURS
from tests.unit.dicom.pages_case import Desk, desk
from tests.unit.dicom.test_view import dose
from tests.unit.dicom.web_case import BASE, BOUNDARY, body_of, file_bytes, files_in, get, store

STUDY = "1.2.826.0.1.3680043.8.498.1"
MULTIPART = 'multipart/related; type="application/dicom"; transfer-syntax=*'


@pytest.fixture
async def open_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


def place(made: Dataset) -> str:
    return (
        f"/studies/{made.StudyInstanceUID}/series/{made.SeriesInstanceUID}"
        f"/instances/{made.SOPInstanceUID}"
    )


# Storing


async def test_what_is_stored_is_committed_and_answered_with_its_address(
    open_desk: Desk, tmp_path: Path
) -> None:
    sent = [image(64, InstanceNumber=1), dataset(RT_PLAN, InstanceNumber=2)]
    files = [
        file_bytes(sent[0], tmp_path),
        file_bytes(sent[1], tmp_path, ImplicitVRLittleEndian),
    ]
    answer = await store(open_desk, body_of(*files))
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert "00081198" not in said
    for made, item in zip(sent, said["00081199"]["Value"], strict=True):
        assert item["00081155"]["Value"] == [made.SOPInstanceUID]
        assert item["00081190"]["Value"][0].endswith(BASE + place(made))
    await open_desk.ports.feed(open_desk.node.index)
    for made, syntax in zip(sent, ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2"), strict=True):
        kept = await open_desk.node.index.instance(str(made.SOPInstanceUID))
        assert kept is not None
        async with open_desk.node.blobs.in_memory(kept.blob) as whole:
            assert dcmread(whole) == made
        assert (kept.origin.calling, kept.origin.called) == ("owner", "ISOGATE")
        assert kept.origin.transfer_syntax == syntax
        assert await open_desk.node.blobs.verify(kept.blob, syntax) == ""
    (entry,) = [each for each in open_desk.audit.entries if each.action == "images.store"]
    assert (entry.objects, entry.detail) == ({"study": STUDY}, "2 objects stored, 0 refused")


async def test_a_body_that_comes_byte_by_byte_is_taken(open_desk: Desk, tmp_path: Path) -> None:
    body = body_of(file_bytes(dataset(), tmp_path))

    async def trickle() -> AsyncIterator[bytes]:
        for at in range(len(body)):
            yield body[at : at + 1]

    assert (await store(open_desk, trickle())).status_code == 200
    assert len(open_desk.ports.events) == 1


async def test_each_object_is_answered_for_itself(open_desk: Desk, tmp_path: Path) -> None:
    good, mute = image(16), dataset(StudyInstanceUID="")
    cut = file_bytes(image(64), tmp_path)[:2000]
    foreign = dataset("1.2.3.4.5")
    files = [
        file_bytes(good, tmp_path),
        file_bytes(mute, tmp_path),
        cut,
        file_bytes(foreign, tmp_path),
        b"no DICOM at all",
    ]
    answer = await store(open_desk, body_of(*files))
    assert answer.status_code == 202
    said = answer.json()
    (stored,) = said["00081199"]["Value"]
    assert stored["00081155"]["Value"] == [good.SOPInstanceUID]
    reasons = [item["00081197"]["Value"][0] for item in said["00081198"]["Value"]]
    assert reasons == [
        Status.DATASET_DOES_NOT_MATCH,
        Status.CANNOT_UNDERSTAND,
        Status.SOP_CLASS_NOT_SUPPORTED,
        Status.CANNOT_UNDERSTAND,
    ]
    assert len(open_desk.ports.events) == 1


async def test_what_is_of_another_study_than_the_address_is_not_stored(
    open_desk: Desk, tmp_path: Path
) -> None:
    body = body_of(file_bytes(dataset(), tmp_path))
    assert (await store(open_desk, body, "/studies/1.2.3")).status_code == 409
    assert open_desk.ports.events == []
    assert (await store(open_desk, body, f"/studies/{STUDY}")).status_code == 200


async def test_a_disk_that_refuses_is_told_as_such(open_desk: Desk, tmp_path: Path) -> None:
    open_desk.ports.refuses = True
    answer = await store(open_desk, body_of(file_bytes(dataset(), tmp_path)))
    assert answer.status_code == 503
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA700]


async def test_what_is_sent_twice_is_there_once(open_desk: Desk, tmp_path: Path) -> None:
    body = body_of(file_bytes(dataset(), tmp_path))
    assert [(await store(open_desk, body)).status_code for _ in range(2)] == [200, 200]
    assert len(open_desk.ports.events) == 1


async def test_a_body_that_breaks_off_keeps_what_came_before(
    open_desk: Desk, tmp_path: Path
) -> None:
    first, second = (file_bytes(dataset(), tmp_path) for _ in range(2))
    whole = body_of(first, second)
    answer = await store(open_desk, whole[: -len(second) // 2])
    assert answer.status_code == 202
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert len(open_desk.ports.events) == 1
    drafts = open_desk.node.blobs.drafts
    assert list(drafts.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/dicom", b"x", 415),
        ("multipart/related; boundary=b", b"--b--", 415),
        ('multipart/related; type="application/dicom+json"; boundary=b', b"--b--", 415),
        ('multipart/related; type="application/dicom"; boundary=b', b"nothing", 400),
        ('multipart/related; type="application/dicom"; boundary=b', b"--b--\r\n", 400),
        ('multipart/related; type="application/dicom"; boundary=b', b"", 400),
    ],
)
async def test_what_is_no_store_request_is_refused(
    open_desk: Desk, kind: str, body: bytes, status: int
) -> None:
    assert (await store(open_desk, body, kind=kind)).status_code == status


# Searching


@pytest.fixture
async def full(open_desk: Desk) -> Desk:
    """Two studies of two patients: three images and a plan."""
    other = {"StudyInstanceUID": "1.2.3.4", "SeriesInstanceUID": "1.2.3.4.1"}
    await open_desk.store(
        *(image(8, InstanceNumber=number) for number in (1, 2, 3)),
        dataset(RT_PLAN, PatientID="P-2", PatientName="王^芳", StudyDate="20250701", **other),
    )
    return open_desk


async def found(desk: Desk, path: str, **query: str) -> list[Any]:
    answer = await get(desk, path, **query)
    assert answer.status_code in (200, 204), answer.text
    return list(answer.json()) if answer.status_code == 200 else []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {STUDY, "1.2.3.4"}),
        ({"PatientID": "P-2"}, {"1.2.3.4"}),
        ({"00100020": "P-2"}, {"1.2.3.4"}),
        ({"PatientName": "王*"}, {"1.2.3.4"}),
        ({"PatientName": "zhang^wei"}, {STUDY}),
        ({"StudyDate": "20250602-"}, {"1.2.3.4"}),
        ({"ModalitiesInStudy": "CT"}, {STUDY}),
        ({"StudyInstanceUID": f"{STUDY},1.2.3.4"}, {STUDY, "1.2.3.4"}),
        ({"AccessionNumber": "nothing"}, set()),
        ({"limit": "1"}, {"1.2.3.4"}),
        ({"limit": "1", "offset": "1"}, {STUDY}),
        ({"offset": "2"}, set()),
    ],
)
async def test_studies_are_searched(full: Desk, query: dict[str, str], expected: set[str]) -> None:
    rows = await found(full, "/studies", **query)
    assert {row["0020000D"]["Value"][0] for row in rows} == expected


async def test_a_study_is_described_as_the_standard_says(full: Desk) -> None:
    (row,) = await found(full, "/studies", PatientID="P-100")
    assert row["00100010"] == {
        "vr": "PN",
        "Value": [{"Alphabetic": "Zhang^Wei", "Ideographic": "张^伟"}],
    }
    assert row["00080061"] == {"vr": "CS", "Value": ["CT"]}
    assert row["00201208"] == {"vr": "IS", "Value": [3]}
    assert row["00080056"] == {"vr": "CS", "Value": ["ONLINE"]}
    assert row["00081190"]["Value"] == [f"http://localhost{BASE}/studies/{STUDY}"]
    assert row["00080090"] == {"vr": "PN"}
    assert list(row) == sorted(row)


async def test_series_and_instances_are_searched_at_every_level(full: Desk) -> None:
    assert len(await found(full, "/series")) == 2
    assert len(await found(full, "/series", Modality="RTPLAN")) == 1
    assert len(await found(full, f"/studies/{STUDY}/series")) == 1
    assert len(await found(full, "/instances")) == 4
    assert len(await found(full, f"/studies/{STUDY}/instances", InstanceNumber="2")) == 1
    path = f"/studies/{STUDY}/series/{STUDY}.1/instances"
    (row,) = await found(full, path, InstanceNumber="3", includefield="PatientName")
    assert row["00080016"]["Value"] == [CT]
    assert row["00280010"] == {"vr": "US", "Value": [8]}
    assert "00100010" in row
    assert len(await found(full, f"/studies/{STUDY}/series/1.2.3/instances")) == 0


async def test_what_is_not_supported_is_said_and_not_silently_wider(full: Desk) -> None:
    answer = await get(full, "/studies", fuzzymatching="true", PatientAge="030Y")
    assert "299" in answer.headers["warning"]
    assert "fuzzymatching" in answer.headers["warning"]
    assert "PatientAge" in answer.headers["warning"]
    more = await get(full, "/studies", limit="1")
    assert "additional results" in more.headers["warning"]
    for query in ({"StudyDate": "yesterday"}, {"limit": "-1"}, {"NumberOfStudyRelatedSeries": "1"}):
        assert (await get(full, "/studies", **query)).status_code == 400
    assert (await get(full, "/studies", "application/dicom+xml")).status_code == 406


# Fetching


async def test_objects_are_given_as_they_came(open_desk: Desk) -> None:
    explicit, implicit = image(600, InstanceNumber=1), image(8, InstanceNumber=2)
    await open_desk.store(explicit)
    await open_desk.store(implicit, syntax="1.2.840.10008.1.2")
    answer = await get(open_desk, f"/studies/{STUDY}", MULTIPART)
    assert answer.status_code == 200
    assert files_in(answer) == [explicit, implicit]
    one = await get(open_desk, place(explicit), "application/dicom")
    assert dcmread(io.BytesIO(one.content)) == explicit
    assert files_in(await get(open_desk, place(implicit), MULTIPART)) == [implicit]
    wanted = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1'
    assert (await get(open_desk, place(explicit), wanted)).status_code == 200
    assert (await get(open_desk, place(implicit), wanted)).status_code == 406
    assert (await get(open_desk, place(implicit), "image/jpeg")).status_code == 406
    for path in ("/studies/1.2.3", f"/studies/{STUDY}/series/1.2.3", f"{place(explicit)}.9"):
        assert (await get(open_desk, path, MULTIPART)).status_code == 404


async def test_metadata_name_their_bulk_data(open_desk: Desk) -> None:
    made = image(64)
    beam = Dataset()
    beam.BeamName = "前野"
    made.BeamSequence = Sequence([beam])
    await open_desk.store(made)
    (said,) = (await get(open_desk, f"/studies/{STUDY}/metadata")).json()
    assert said["00100010"]["Value"] == [{"Alphabetic": "Zhang^Wei", "Ideographic": "张^伟"}]
    assert said["300A00B0"]["Value"][0]["300A00C2"]["Value"] == ["前野"]
    uri = said["7FE00010"]["BulkDataURI"].removeprefix(f"http://localhost{BASE}")
    assert (await get(open_desk, uri, "application/octet-stream")).content == made.PixelData
    related = await get(open_desk, uri, 'multipart/related; type="application/octet-stream"')
    assert made.PixelData in related.content
    assert (await get(open_desk, f"{place(made)}/bulkdata/00100010")).status_code == 404


async def test_a_name_of_an_undeclared_character_set_is_the_same_everywhere(
    tmp_path: Path,
) -> None:
    made = image(8, PatientName="张^三".encode("gb18030"))
    del made.SpecificCharacterSet
    titles = {OURS: {"allow": "anyone", "undeclared_charset": "GB18030"}}
    async with desk(tmp_path, more={"titles": titles}) as it:
        await it.store(made)
        (study,) = (await get(it, "/studies")).json()
        (said,) = (await get(it, f"/studies/{STUDY}/metadata")).json()
        page = await it.text(f"/objects/{made.SOPInstanceUID}")
    for each in (study, said):
        assert each["00100010"]["Value"] == [{"Alphabetic": "张^三"}]
        assert each["00080005"]["Value"] == ["ISO_IR 192"]
    assert "张^三" in page


async def test_a_frame_is_rendered(open_desk: Desk) -> None:
    made = dose()
    await open_desk.store(made)
    for path in (f"{place(made)}/rendered", f"{place(made)}/frames/2/rendered"):
        answer = await get(open_desk, path, "image/png")
        assert Image.open(io.BytesIO(answer.content)).format == "PNG"
    assert (await get(open_desk, f"{place(made)}/frames/3/rendered")).status_code == 404
    assert (await get(open_desk, f"{place(made)}/frames/x/rendered")).status_code == 400
    assert (await get(open_desk, f"{place(made)}/rendered", "image/jpeg")).status_code == 406
    picture = image(8)
    await open_desk.store(picture)
    path = f"{place(picture)}/rendered"
    assert (await get(open_desk, path, window="40,400,LINEAR")).status_code == 200
    for window in ("wide", "1", "1,0,LINEAR", "40,400,SIGMOID"):
        assert (await get(open_desk, path, window=window)).status_code == 400


# Words


def test_a_client_is_given_what_it_takes_best() -> None:
    types = accepted('text/html;q=0.2, multipart/related; type="application/dicom", x/y;q=0')
    assert [each.name for each in types] == ["multipart/related", "text/html"]
    assert [each.name for each in parts_of(types)] == ["application/dicom"]
    assert takes(accepted(""), "a/b") == "a/b"
    assert takes(accepted("a/*;q=0.1, c/d"), "a/b", "c/d") == "c/d"
    assert takes(accepted("a/b;q=wrong"), "a/b") == ""
    assert media_type("nothing").name == ""


def test_texts_become_values_of_their_vr() -> None:
    assert model_of(
        {0x00200013: "7", 0x00080061: "CT\\MR", 0x00100010: "=张", 0x00200011: "x"}
    ) == {
        "00080061": {"vr": "CS", "Value": ["CT", "MR"]},
        "00100010": {"vr": "PN", "Value": [{"Ideographic": "张"}]},
        "00200011": {"vr": "IS", "Value": ["x"]},
        "00200013": {"vr": "IS", "Value": [7]},
    }


async def _chunks(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        yield body[start:end]


@given(
    st.lists(st.binary(max_size=200).filter(lambda data: BOUNDARY.encode() not in data)),
    st.lists(st.integers(0, 10_000), max_size=20),
)
async def test_parts_come_whole_however_the_body_is_cut(
    parts: list[bytes], cuts: list[int]
) -> None:
    body = Body(_chunks(body_of(*parts), cuts), BOUNDARY)
    if not parts:
        return
    taken = [b"".join(await part.take(1 << 20)) async for part in body.parts()]
    assert taken == parts


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
async def test_any_bytes_are_parts_or_no_multipart(data: bytes, cuts: list[int]) -> None:
    body = Body(_chunks(data, cuts), BOUNDARY)
    try:
        async for part in body.parts():
            await part.skip()
    except NotMultipart:
        return
