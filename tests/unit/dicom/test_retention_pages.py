"""What rules remove as people and programs see it, and holding a study back."""

from __future__ import annotations

from pathlib import Path

from gateway.testing import ManualClock
from tests.dicom_objects import image
from tests.unit.dicom.pages_case import FollowedPorts, desk

DAYS = 86_400.0
STUDY, OTHER = "1.2.826.1.1", "1.2.826.1.2"
RULES = {"rules": [{"name": "ct", "days": 30, "modality": ["CT"]}]}


async def test_without_a_rule_nothing_is_removed_and_the_page_says_so(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        page = await it.text("/dicom/retention?lang=en")
        told = (await it.http.get("/api/v1/dicom/retention")).json()
    assert "Nothing is removed." in page
    assert (told["rules"], told["studies"]) == ([], 0)


async def test_a_study_is_held_on_its_page_and_released_again(tmp_path: Path) -> None:
    clock = ManualClock()
    ports = FollowedPorts(clock)
    async with desk(tmp_path, ports, more={"retention": RULES}) as it:
        await it.store(
            image(64, StudyInstanceUID=STUDY, SeriesInstanceUID="1.9.1"),
            image(64, StudyInstanceUID=OTHER, SeriesInstanceUID="1.9.2"),
        )
        clock.advance(31 * DAYS)
        page = await it.text("/dicom/retention?lang=en")
        assert "2 studies" in page
        bare = await it.http.post(f"/studies/{STUDY}/hold", data={"reason": " "})
        assert bare.status_code == 422
        held = await it.http.post(f"/studies/{STUDY}/hold", data={"reason": "a trial"})
        assert "a trial" in held.text
        told = (await it.http.get("/api/v1/dicom/retention")).json()
        assert [each["study"] for each in told["items"]] == [OTHER]
        assert told["kept"] == {
            "young": 0,
            "held": 1,
            "owed": 0,
            "unsent": 0,
            "contradicted": 0,
            "room": 0,
        }
        swept = await it.http.post("/api/v1/dicom/retention/sweep")
        assert swept.json()["studies"] == 1
        page = await it.text("/dicom/retention?lang=en")
        assert "No study would go now." in page
        assert OTHER in page
        await it.http.post(f"/studies/{STUDY}/release", data={"reason": "over"})
        assert await it.node.index.hold(STUDY) is None
        again = await it.http.post("/studies/1.2.3/hold", data={"reason": "who"})
    assert again.status_code == 404
    assert [each.action for each in it.audit.entries if each.action.startswith("images.")] == [
        "images.hold",
        "images.remove",
        "images.release",
    ]
