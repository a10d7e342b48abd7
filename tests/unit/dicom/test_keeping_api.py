"""What the API tells of work items and of reports that could not be delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydicom.uid import generate_uid

from gateway.room import OWNER
from tests.dicom_ups import Bench, FollowedPorts, bench, listening, work_item
from tests.unit.dicom.test_ups_web import client


def api(it: Bench) -> httpx.AsyncClient:
    made = client(FastAPI(routes=list(it.node.keeping.routes())), OWNER)
    made.base_url = httpx.URL("http://gateway/api/v1/dicom")
    return made


async def test_items_are_counted_and_shown_with_their_subscribers(tmp_path: Path) -> None:
    async with (
        listening("WATCHER") as watcher,
        bench(tmp_path, {"WATCHER": watcher.port}, services=["ups"]) as it,
        api(it) as http,
    ):
        first, second = generate_uid(), generate_uid()
        for uid in (first, second):
            assert (await it.scu("TPS").create(uid, work_item())).status == 0
        await it.scu("TPS").subscribe(first, "WATCHER")
        _, transaction = await it.scu("LINAC1").claim(first)
        everything = (await http.get("/workitems")).json()
        claimed = (await http.get("/workitems", params={"state": "IN PROGRESS"})).json()
        one = await http.get(f"/workitems/{first}")
        wrong = await http.get("/workitems", params={"state": "DONE"})
        gone = await http.get(f"/workitems/{generate_uid()}")
        await it.told()
    assert everything["counts"] == {"IN PROGRESS": 1, "SCHEDULED": 1}
    assert {each["uid"] for each in everything["items"]} == {first, second}
    assert [(each["uid"], each["owner"]) for each in claimed["items"]] == [(first, "LINAC1")]
    assert (wrong.status_code, gone.status_code) == (422, 404)
    assert one.json()["subscribers"] == ["WATCHER"]
    assert one.json()["attributes"]["00100020"]["Value"] == ["P-100"]
    assert transaction not in one.text


async def test_a_report_that_was_given_up_is_shown_and_tried_again(tmp_path: Path) -> None:
    uid = generate_uid()
    ports = FollowedPorts(patience=3)
    async with (
        bench(tmp_path, {"WATCHER": 1}, services=["ups"], ports=ports, jobs=False) as it,
        api(it) as http,
    ):
        line = it.node.keeping.reporter.lines["watcher"]
        assert (await it.scu("TPS").create(uid, work_item())).status == 0
        assert (await it.scu("TPS").subscribe(uid, "WATCHER")).status == 0
        await it.engine.folded()
        for _ in range(3):
            line.hurried = True
            await it.node.keeping.reporter.deliver(line)
        told: Any = (await http.get("/reports")).json()
        (dead,) = told["dead"]
        wrong = [(await http.post(f"/reports/{number}/retry")).status_code for number in ("x", 99)]
        again = await http.post(f"/reports/{dead['id']}/retry")
        after = (await http.get("/reports")).json()
        audit: Any = it.node.keeping.context.audit
    assert (dead["peer"], dead["about"]) == ("watcher", uid)
    assert "check host, port and network" in told["peers"]["watcher"]["error"]
    assert wrong == [404, 404]
    assert again.json() == {"report": dead["id"]}
    assert (after["dead"], after["peers"]["watcher"]["waiting"]) == ([], 1)
    assert "dicom.report.retry" in [each.action for each in audit.entries]
