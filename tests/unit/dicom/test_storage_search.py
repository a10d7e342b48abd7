"""Searching the index, by the matching rules of PS3.4 C.2.2.2."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicom.services import Objects
from dicom.storage.attributes import WANTED, attributes_of
from dicom.storage.blobs import Blobs
from dicom.storage.header import read_header
from dicom.storage.index import Index
from dicom.storage.object import Blob, Origin, StoredObject, event_of
from dicom.storage.search import Level, NotSearchable, Search, columns
from dicom.storage.service import Storage
from gateway import Instant
from gateway.testing import MemoryRoomPorts
from gateway.testing.room import known_ring
from tests.dicom_objects import RT_PLAN, dataset, encoded


def _event(number: int, **values: Any) -> Any:
    made = dataset(values.pop("sop_class", "1.2.840.10008.5.1.4.1.1.2"), **values)
    data = encoded(made)
    header = read_header(data, ExplicitVRLittleEndian, WANTED, max(WANTED), whole=True)
    stored = StoredObject(
        attributes_of(header),
        Blob(f"{number:064x}", len(data)),
        Origin("SCANNER", "ISOGATE", "127.0.0.1", ExplicitVRLittleEndian),
        Instant(number),
    )
    return event_of(stored, "site", "dicom")


WANG = {
    "PatientName": "Wang^Fang=王^芳",
    "PatientID": "P-1",
    "AccessionNumber": "A1",
    "StudyDate": "20250601",
    "StudyTime": "101500.25",
    "StudyInstanceUID": "1.2.3.1",
    "SeriesInstanceUID": "1.2.3.1.1",
}
ZHAO = {
    "PatientName": "ZHAO^100%=赵^百",
    "PatientID": "P-2",
    "AccessionNumber": "A2",
    "StudyDate": "20250715",
    "StudyTime": "0930",
    "StudyInstanceUID": "1.2.3.2",
    "SeriesInstanceUID": "1.2.3.2.1",
}


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    ports = MemoryRoomPorts()
    events = [
        _event(1, **WANG),
        _event(2, **WANG | {"InstanceNumber": 10}),
        _event(3, **WANG | {"InstanceNumber": 2}),
        _event(4, **ZHAO | {"sop_class": RT_PLAN}),
        _event(5, **ZHAO | {"SeriesInstanceUID": generate_uid(), "StudyDate": ""}),
    ]
    async with Index.open(tmp_path / "objects.sqlite", known_ring()) as opened:
        await ports.publish(events)
        await ports.feed(opened)
        yield opened


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("PatientID", "P-1", {"1.2.3.1"}),
        ("PatientID", "P-?", {"1.2.3.1", "1.2.3.2"}),
        ("PatientID", "p-1", set()),
        ("PatientName", "wang^fang", {"1.2.3.1"}),
        ("PatientName", "王*", {"1.2.3.1"}),
        ("PatientName", "王^芳", {"1.2.3.1"}),
        ("PatientName", "Wang^Fang^^", {"1.2.3.1"}),
        ("PatientName", "芳", set()),
        ("PatientName", "*100%*", {"1.2.3.2"}),
        ("PatientName", "W_ng*", set()),
        ("StudyDate", "20250601", {"1.2.3.1"}),
        ("StudyDate", "20250601-20250630", {"1.2.3.1"}),
        ("StudyDate", "20250602-", {"1.2.3.2"}),
        ("StudyDate", "-20250714", {"1.2.3.1"}),
        ("StudyTime", "1000-1015", {"1.2.3.1"}),
        ("StudyTime", "0900-0930", {"1.2.3.2"}),
        ("StudyInstanceUID", "1.2.3.1\\1.2.3.9", {"1.2.3.1"}),
        ("ModalitiesInStudy", "RTPLAN", {"1.2.3.2"}),
        ("AccessionNumber", "", {"1.2.3.1", "1.2.3.2"}),
    ],
)
async def test_studies_match_as_the_standard_says(
    index: Index, keyword: str, value: str, expected: set[str]
) -> None:
    found = await index.search(Search(Level.STUDY, {keyword: value}))
    assert {row["StudyInstanceUID"] for row in found.rows} == expected
    assert found.total == len(expected)


async def test_who_heard_of_an_object_is_answered_when_the_index_has_it(tmp_path: Path) -> None:
    ports = MemoryRoomPorts()
    event = _event(1, **WANG)
    uid = event.payload["sop_instance"]
    async with Index.open(tmp_path / "objects.sqlite", known_ring()) as index:
        blobs, storage = Mock(Blobs), Mock(Storage)
        objects = Objects(index, blobs, storage, "ISOGATE")
        (seq,) = (await ports.publish([event])).seqs
        assert await objects.instance(uid) is None
        asking = asyncio.create_task(objects.instance(uid, upto=seq))
        await asyncio.sleep(0)
        assert not asking.done()
        await ports.feed(index)
        stored = await asking
        assert stored is not None
        assert (stored.uid, stored.seq) == (uid, seq)


async def test_a_study_is_counted_and_named_by_what_it_holds(index: Index) -> None:
    newest, oldest = (await index.search(Search(Level.STUDY))).rows
    assert newest["StudyInstanceUID"] == "1.2.3.2"
    assert oldest["NumberOfStudyRelatedInstances"] == 3
    assert oldest["NumberOfStudyRelatedSeries"] == 1
    assert set(newest["ModalitiesInStudy"].split(",")) == {"RTPLAN", "CT"}


async def test_rows_are_cut_and_counted(index: Index) -> None:
    found = await index.search(
        Search(Level.INSTANCE, {"StudyInstanceUID": "1.2.3.1"}, limit=2, offset=1)
    )
    assert [row["InstanceNumber"] for row in found.rows] == ["2", "10"]
    assert found.total == 3


async def test_rows_are_ordered_by_what_is_asked(index: Index) -> None:
    found = await index.search(Search(Level.STUDY, sort="-PatientID"))
    assert [row["PatientID"] for row in found.rows] == ["P-2", "P-1"]


@pytest.mark.parametrize(
    "search",
    [
        Search(Level.STUDY, {"SOPInstanceUID": "1.2"}),
        Search(Level.STUDY, {"PatientAge": "030Y"}),
        Search(Level.STUDY, {"StudyDate": "2025-06-01"}),
        Search(Level.STUDY, {"StudyDate": "-"}),
        Search(Level.STUDY, {"StudyInstanceUID": "\\"}),
        Search(Level.STUDY, sort="nothing"),
    ],
)
async def test_what_cannot_be_matched_is_said(index: Index, search: Search) -> None:
    with pytest.raises(NotSearchable):
        await index.search(search)


@pytest.mark.parametrize("level", list(Level))
async def test_every_column_can_be_asked_for(index: Index, level: Level) -> None:
    for keyword in columns(level):
        asked = "19000101-21000101" if keyword.endswith(("Date", "Time")) else "x"
        await index.search(Search(level, {keyword: asked}, sort=keyword))
