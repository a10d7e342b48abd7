"""What programs ask of the node, and what they are told where it can't be done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.unit.dicom.pages_case import Desk, desk


@pytest.fixture
async def open_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("peers/gone/find", {"level": ["STUDY"]}),
        ("peers/gone/find", {"level": "ROOM"}),
        ("peers/gone/find", {"keys": {"PatientID": 1}}),
        ("peers/gone/find", {"keys": {"NoSuchKeyword": "x"}}),
        ("peers/gone/find", {"limit": 0}),
        ("peers/gone/worklist", {"step": {"PixelData": ""}}),
        ("peers/gone/move", {"to": 5}),
        ("queues/gone/send", {}),
        ("queues/gone/drop", {"objects": [2**64]}),
        ("queues/gone/retry", {"objects": "all"}),
        ("verify?after=first", None),
    ],
)
async def test_the_api_refuses_what_it_does_not_understand(
    open_desk: Desk, path: str, body: dict[str, Any] | None
) -> None:
    refused = await open_desk.do(open_desk.http.post(f"/api/v1/dicom/{path}", json=body))
    assert refused.status_code == 422


async def test_a_peer_that_does_not_answer_is_said_to_programs(open_desk: Desk) -> None:
    asked = {"level": "STUDY", "keys": {"PatientID": "P-1"}}
    found = await open_desk.http.post("/api/v1/dicom/peers/gone/find", json=asked)
    assert found.status_code == 502
    moved = await open_desk.http.post("/api/v1/dicom/peers/gone/get", json=asked)
    assert moved.text.startswith("event: failed\ndata: ")
    told = orjson.loads(moved.text.partition("data: ")[2])
    assert (told["completed"], bool(told["reason"])) == (0, True)


async def test_the_conformance_statement_is_given_as_json_and_as_a_document(
    open_desk: Desk,
) -> None:
    stated = (await open_desk.http.get("/api/v1/dicom/conformance")).json()
    document = await open_desk.text("/api/v1/dicom/conformance?format=markdown")
    assert stated["document"] == document
