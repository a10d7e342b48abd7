"""Whoever is limited to a department sees studies of its senders and of nobody's, and no others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydicom.dataset import Dataset

from gateway.room import OWNER, Principal
from gateway.testing import Recognizing
from tests.dicom_objects import image
from tests.unit.dicom.pages_case import Desk, desk
from tests.unit.dicom.web_case import BASE

DEPARTMENTS = {"SIM": "radiotherapy", "CATH": "cardiology"}
LI = Principal("person:li", "Li", OWNER.permissions, frozenset({"radiotherapy"}))
OURS, THEIRS, NOBODYS, BOTH = ("1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4")
JSON = {"accept": "application/dicom+json"}


def made(study: str, number: str, series: str = "1") -> Dataset:
    return image(
        64,
        StudyInstanceUID=study,
        SeriesInstanceUID=f"{study}.{series}",
        PatientID=number,
        PatientName=f"Name{number}^A",
        AccessionNumber=number,
    )


@dataclass(frozen=True, slots=True)
class Shared:
    """Studies of two departments, of none and of both, and whoever asks."""

    desk: Desk
    gate: Recognizing
    theirs: Dataset

    async def get(self, who: Principal, path: str, **headers: str) -> httpx.Response:
        self.gate.who = who
        return await self.desk.do(self.desk.http.get(path, headers=headers))

    async def post(self, who: Principal, path: str, **form: str) -> httpx.Response:
        self.gate.who = who
        return await self.desk.do(self.desk.http.post(path, data=form))


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Shared]:
    gate = Recognizing()
    theirs = made(THEIRS, "B1")
    async with desk(tmp_path, departments=DEPARTMENTS, gate=gate) as opened:
        await opened.store(made(OURS, "A1"), made(BOTH, "D1"), calling="SIM")
        await opened.store(theirs, made(BOTH, "D1", "2"), calling="CATH")
        await opened.store(made(NOBODYS, "C1"), calling="SCANNER")
        yield Shared(opened, gate, theirs)


@pytest.mark.parametrize("path", ["/studies?lang=en", "/studies?format=csv&lang=en"])
async def test_the_list_holds_ones_own_and_nobodys(shared: Shared, path: str) -> None:
    limited, whole = [(await shared.get(who, path)).text for who in (LI, OWNER)]
    for number, seen in (("A1", True), ("B1", False), ("C1", True), ("D1", True)):
        assert (f"Name{number}" in limited) is seen
        assert f"Name{number}" in whole


async def test_a_search_and_the_palette_leave_others_out(shared: Shared) -> None:
    find = shared.desk.running.find
    assert find is not None
    for who, seen in ((LI, False), (OWNER, True)):
        assert (THEIRS in (await shared.post(who, "/studies", q="NameB1")).text) is seen
        assert bool(await find(who, "B1")) is seen


async def test_what_is_of_others_is_not_there_by_its_address(shared: Shared) -> None:
    uid = shared.theirs.SOPInstanceUID
    series = f"/studies/{THEIRS}/series/{THEIRS}.1"
    for path in (
        f"/studies/{THEIRS}",
        series,
        f"/objects/{uid}",
        f"/objects/{uid}/picture.png",
        f"{BASE}/studies/{THEIRS}",
        f"{BASE}{series}/metadata",
        f"{BASE}{series}/instances/{uid}",
        f"{BASE}{series}/instances/{uid}/rendered",
    ):
        assert (await shared.get(LI, path, accept="*/*")).status_code == 404, path
        assert (await shared.get(OWNER, path, accept="*/*")).status_code == 200, path


@pytest.mark.parametrize("level", ["studies", "series", "instances"])
async def test_dicomweb_finds_ones_own_and_nobodys(shared: Shared, level: str) -> None:
    limited, whole = [
        (await shared.get(who, f"{BASE}/{level}", **JSON)).text for who in (LI, OWNER)
    ]
    for study, seen in ((OURS, True), (THEIRS, False), (NOBODYS, True), (BOTH, True)):
        assert (f'"{study}"' in limited) is seen
        assert f'"{study}"' in whole
    asked = f"{BASE}/{level}?StudyInstanceUID={THEIRS}"
    assert (await shared.get(LI, asked, **JSON)).status_code == 204


async def test_nothing_is_done_with_what_is_of_others(shared: Shared) -> None:
    before = shared.desk.ports.last_seq
    for path, form in (
        (f"/studies/{THEIRS}/send", {"destination": "gone"}),
        (f"/studies/{THEIRS}/export", {}),
    ):
        assert (await shared.post(LI, path, **form)).status_code == 404, path
    shared.gate.who = LI
    asked = {"study": THEIRS}
    owed = shared.desk.http.post("/api/v1/dicom/queues/gone/send", json=asked)
    assert (await shared.desk.do(owed)).status_code == 404
    assert shared.desk.ports.last_seq == before


async def test_the_queue_of_a_destination_leaves_others_out(shared: Shared) -> None:
    for study in (OURS, THEIRS):
        await shared.post(OWNER, f"/studies/{study}/send", destination="gone")
    uid = str(shared.theirs.SOPInstanceUID)
    for who, count in ((LI, 1), (OWNER, 2)):
        page = await shared.get(who, "/dicom/queues/gone?state=waiting&lang=en")
        assert (uid in page.text) is (who is OWNER)
        items = (await shared.get(who, "/api/v1/dicom/queues/gone?state=waiting")).json()["items"]
        assert len(items) == count


async def test_contradictions_of_others_are_left_out(shared: Shared) -> None:
    again = made(THEIRS, "B1")
    again.SOPInstanceUID = shared.theirs.SOPInstanceUID
    again.InstanceNumber = 9
    await shared.desk.store(again, calling="CATH")
    uid = str(again.SOPInstanceUID)
    for who, seen in ((LI, False), (OWNER, True)):
        assert (uid in (await shared.get(who, "/dicom/conflicts")).text) is seen
        glance = shared.desk.running.glance
        assert glance is not None
        told = [each.path for each in (await glance(who)).attention]
        assert ("/dicom/conflicts" in told) is seen
