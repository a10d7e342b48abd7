"""The node's pages: studies found and listed, objects shown, a study exported."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom.forward.entry import State
from dicom.forward.facts import Voice
from dicom.forward.forwarding import Forwarding
from dicom.pages.names import CLASHES, clock, day, kind, person, size
from dicom.storage.index import Clash
from gateway.room import NOBODY, OWNER, Level, rule_of
from tests.dicom_objects import RT_PLAN, dataset, image
from tests.unit.dicom.pages_case import Desk, desk
from tests.unit.dicom.test_view import dose

STUDY = "1.2.826.0.1.3680043.8.498.1"
SERIES = f"{STUDY}.1"


@pytest.fixture
async def open_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


def other(number: int, **values: Any) -> Dataset:
    """An object of another study."""
    uid = f"1.2.3.{number}"
    return dataset(**{"StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.1", **values})


async def test_every_page_says_who_may_see_it(open_desk: Desk) -> None:
    assert open_desk.running.routes is not None
    for route in open_desk.running.routes(None):  # type: ignore[arg-type]
        assert rule_of(route) is not None, route


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages_are_there_before_any_object_is(open_desk: Desk, language: str) -> None:
    for path in ("/studies", "/dicom", "/dicom/conflicts"):
        await open_desk.text(f"{path}?lang={language}")
    for path in ("/studies/1.2.3", "/studies/1.2.3/series/1.2.4", "/objects/1.2.3"):
        await open_desk.text(path, 404)


async def test_a_study_is_found_by_number_order_and_name_without_one_in_an_address(
    open_desk: Desk,
) -> None:
    await open_desk.store(image(8), other(2, PatientID="P-2", PatientName="WANG^Fang=王^芳"))
    for asked in ("P-100", "张伟", "zhang wei", "Zhang"):
        answer = await open_desk.http.post("/studies?lang=en", data={"q": asked})
        assert f"/studies/{STUDY}" in answer.text, asked
        assert "/studies/1.2.3.2" not in answer.text
        assert str(answer.url.path) == "/studies"
    both = await open_desk.http.post("/studies?lang=en", data={"q": "A17"})
    assert "/studies/1.2.3.2" in both.text
    none = await open_desk.http.post("/studies?lang=en", data={"q": "P-1"})
    assert "No study fits." in none.text


async def test_the_list_is_filtered_by_modality_and_day(open_desk: Desk) -> None:
    plan = dataset(RT_PLAN, StudyInstanceUID="1.2.3.4", SeriesInstanceUID="1.2.3.4.1")
    await open_desk.store(image(8), plan, other(5, StudyDate="20250701"))

    async def listed(query: str) -> set[str]:
        return set(re.findall(r'<a href="/studies/([\d.]+)"', await open_desk.text(query)))

    assert await listed("/studies") == {STUDY, "1.2.3.4", "1.2.3.5"}
    assert await listed("/studies?modality=RTPLAN") == {"1.2.3.4"}
    assert await listed("/studies?from=2025-06-02") == {"1.2.3.5"}
    assert await listed("/studies?to=2025-06-02") == {STUDY, "1.2.3.4"}
    assert "the filter was left out" in await open_desk.text("/studies?from=yesterday&lang=en")
    rows = (await open_desk.http.get("/studies?format=csv&lang=en")).text.splitlines()
    assert len(rows) == 4
    assert "Zhang, Wei" in rows[1]


async def test_the_way_leads_down_to_an_object_and_to_its_event(open_desk: Desk) -> None:
    made = image(8, SeriesDescription="Thorax", InstanceNumber=7)
    await open_desk.store(made)
    assert f"/studies/{STUDY}/series/{SERIES}" in await open_desk.text(f"/studies/{STUDY}")
    series = await open_desk.text(f"/studies/{STUDY}/series/{SERIES}")
    assert f"/objects/{made.SOPInstanceUID}" in series
    page = await open_desk.text(f"/objects/{made.SOPInstanceUID}?lang=en")
    for text in (
        "Thorax",
        "SCANNER",
        "ISOGATE",
        "P-100",
        "Explicit VR",
        "/events/1",
        "(0010,0010)",
    ):
        assert text in page, text
    await open_desk.text(f"/studies/{STUDY}/series/1.2.3", 404)


async def test_a_picture_is_served_by_frame_and_window(open_desk: Desk) -> None:
    made = dose()
    await open_desk.store(made)
    page = await open_desk.text(f"/objects/{made.SOPInstanceUID}?frame=2&lang=en")
    assert "highest dose 55.5 Gy in all frames" in page
    assert "picture.png?frame=2" in page
    picture = await open_desk.http.get(f"/objects/{made.SOPInstanceUID}/picture.png?frame=2")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    missing = await open_desk.http.get(f"/objects/{made.SOPInstanceUID}/picture.png?frame=3")
    assert missing.status_code == 415


@pytest.mark.parametrize("query", ["frame=x&center=nan&width=inf", "frame=-1", "center=1&width=-2"])
async def test_a_window_that_is_none_is_the_default(open_desk: Desk, query: str) -> None:
    made = image(8)
    await open_desk.store(made)
    await open_desk.text(f"/objects/{made.SOPInstanceUID}?{query}")
    picture = await open_desk.http.get(f"/objects/{made.SOPInstanceUID}/picture.png?{query}")
    assert picture.status_code == 200


async def test_an_object_without_a_picture_says_so(open_desk: Desk) -> None:
    made = dataset(RT_PLAN)
    await open_desk.store(made)
    page = await open_desk.text(f"/objects/{made.SOPInstanceUID}?lang=en")
    assert "There is no picture." in page
    assert "It holds no pixels" in page


async def test_what_contradicts_is_flagged_and_both_can_be_seen(open_desk: Desk) -> None:
    made = image(8)
    await open_desk.store(made)
    made.PatientID = "P-200"
    await open_desk.store(made)
    versions = await open_desk.node.index.versions(str(made.SOPInstanceUID))
    first, second = (each.blob.digest for each in versions)
    for path in (f"/studies/{STUDY}", f"/objects/{made.SOPInstanceUID}", "/dicom/conflicts"):
        assert f"?version={second}" in await open_desk.text(path), path
    page = await open_desk.text(f"/objects/{made.SOPInstanceUID}?version={second}&lang=en")
    assert "This is not the object that counts" in page
    assert "P-200" in page
    assert second in page
    assert first not in page.split("Contradictions")[0]
    await open_desk.text(f"/objects/{made.SOPInstanceUID}?version=ff", 404)
    assert open_desk.running.glance is not None
    glance = await open_desk.running.glance(OWNER)
    assert [each.level for each in glance.attention] == [Level.MEDIUM]
    assert await open_desk.running.glance(NOBODY) == type(glance)()


async def test_a_study_is_exported_as_it_came_and_the_audit_says_so(open_desk: Desk) -> None:
    sent = [image(16, InstanceNumber=1), image(600, InstanceNumber=2)]
    await open_desk.store(*sent, other(3))
    answer = await open_desk.http.post(f"/studies/{STUDY}/export")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        taken = [dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()]
    assert taken == sent
    (entry,) = [each for each in open_desk.audit.entries if each.action == "images.export"]
    assert (entry.objects["study"], entry.detail) == (STUDY, "2 objects as a ZIP archive")
    assert (await open_desk.http.post("/studies/1.2.3.99/export")).status_code == 404


async def test_a_de_identified_export_names_nobody_and_says_what_was_left_out(
    open_desk: Desk,
) -> None:
    named = image(16, StudyDescription="Zhang Wei's scan")
    burned = image(16, InstanceNumber=2, BurnedInAnnotation="YES")
    await open_desk.store(named, burned)
    path = f"/studies/{STUDY}/export"
    answer = await open_desk.http.post(path, data={"profile": "trial"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["DICOM/000001.dcm", "LEFT-OUT.txt"]
        (one, left) = (archive.read(name) for name in archive.namelist())
    for text in ("Zhang", "张", "P-100", STUDY, str(named.SOPInstanceUID), "A17"):
        assert text.encode() not in one, text
    assert dcmread(io.BytesIO(one)).PixelData == named.PixelData
    assert left.decode() == "DICOM/000002.dcm: It can't be de-identified by rule\n"
    assert open_desk.audit.entries[-1].detail.endswith("de-identified after trial")
    assert (await open_desk.http.post(path, data={"profile": "none"})).status_code == 404


async def test_a_peer_that_does_not_answer_is_said_on_the_page(open_desk: Desk) -> None:
    answer = await open_desk.http.post("/dicom/peers/gone/echo?lang=en")
    assert "gone did not answer." in answer.text
    page = await open_desk.text("/dicom?lang=en")
    assert "down" in page
    assert "check host, port and network" in page


async def test_a_study_is_sent_to_a_peer_by_its_queue(open_desk: Desk) -> None:
    made = image(8)
    await open_desk.store(made)
    http = open_desk.http
    sent = await open_desk.do(http.post(f"/studies/{STUDY}/send", data={"destination": "gone"}))
    assert str(sent.url.path) == f"/studies/{STUDY}"
    queue = await open_desk.text("/dicom/queues/gone?state=waiting&lang=en")
    assert f"/objects/{made.SOPInstanceUID}" in queue
    assert "gone" in await open_desk.text(f"/objects/{made.SOPInstanceUID}")
    assert "/dicom/queues/gone" in await open_desk.text("/dicom")
    (entry,) = [each for each in open_desk.audit.entries if each.action == "images.send"]
    assert (entry.objects["peer"], entry.subject and entry.subject.patient) == ("gone", "P-100")
    for path, to in ((f"/studies/{STUDY}/send", "nobody"), ("/studies/1.2.3/send", "gone")):
        assert (await http.post(path, data={"destination": to})).status_code == 404
    await open_desk.text("/dicom/queues/nobody", 404)


async def test_a_dead_letter_is_sent_again_or_dropped(open_desk: Desk) -> None:
    made = [image(8, InstanceNumber=1), image(8, InstanceNumber=2)]
    await open_desk.store(*made)
    http = open_desk.http
    await open_desk.do(http.post(f"/studies/{STUDY}/send", data={"destination": "gone"}))
    (forwarding,) = (e for e in open_desk.running.subscribers if isinstance(e, Forwarding))
    voice = Voice("site", open_desk.ports.clock.now(), "gone")
    waiting = await forwarding.entries("gone", State.WAITING)
    await open_desk.ports.publish(
        [voice.refused(each, 0, {}, "refused (0xa900)") for each in waiting]
    )
    await open_desk.ports.feed(forwarding)
    page = await open_desk.text("/dicom/queues/gone?lang=en")
    assert "refused (0xa900)" in page
    assert "2 objects go to gone again" in page
    one = {"object": str(waiting[0].seq)}
    await open_desk.do(http.post("/dicom/queues/gone/drop", data={"object": "no number"}))
    assert len(await forwarding.entries("gone", State.DEAD)) == 2
    await open_desk.do(http.post("/dicom/queues/gone/retry", data=one))
    assert len(await forwarding.entries("gone", State.DEAD)) == 1
    await open_desk.do(http.post("/dicom/queues/gone/drop"))
    assert len(await forwarding.entries("gone", State.DROPPED)) == 1
    assert len(await forwarding.entries("gone", State.WAITING)) == 1


async def test_the_palette_finds_a_study(open_desk: Desk) -> None:
    await open_desk.store(image(8))
    assert open_desk.running.find is not None
    (hit,) = await open_desk.running.find(OWNER, "张伟")
    assert (hit.label, hit.path) == ("张伟", f"/studies/{STUDY}")
    assert not await open_desk.running.find(NOBODY, "张伟")


def test_every_contradiction_has_words() -> None:
    assert set(CLASHES) == set(Clash)


@pytest.mark.parametrize(
    ("sent", "language", "shown"),
    [
        ("Zhang^Wei=张^伟", "en", "Zhang, Wei"),
        ("Zhang^Wei=张^伟", "zh-CN", "张伟"),
        ("张^伟", "en", "张伟"),
        ("=张^伟", "en", "张伟"),
        ("Doe^John^Q^Dr", "zh-CN", "Doe, John Q"),
        ("Doe", "en", "Doe"),
        ("^John", "en", "John"),
        ("", "en", ""),
        ("^^", "en", ""),
    ],
)
def test_a_name_is_shown_in_the_reader_s_script(sent: str, language: str, shown: str) -> None:
    assert person(sent, language) == shown


def test_values_are_written_as_people_read_them() -> None:
    assert (day("20250601"), day("2025.06.01"), day("")) == ("2025-06-01", "2025.06.01", "")
    assert (clock("101500.25"), clock("10"), clock("")) == ("10:15", "10", "")
    assert kind("1.2.840.10008.5.1.4.1.1.2") == "CT"
    assert kind("1.2.3") == "1.2.3"
    assert [size(each) for each in (0, 999, 1000, 5_250_000)] == ["0 B", "999 B", "1 kB", "5.25 MB"]


@given(st.text(), st.sampled_from(["en", "zh-CN"]))
def test_any_text_can_be_a_name(text: str, language: str) -> None:
    assert "^" not in person(text.replace("\\", ""), language) or "^" in text


async def test_where_nothing_contradicts_the_overview_counts_only(open_desk: Desk) -> None:
    await open_desk.store(image(8))
    assert open_desk.running.glance is not None
    glance = await open_desk.running.glance(OWNER)
    assert [tile.value for tile in glance.tiles] == ["1"]
    assert not glance.attention
