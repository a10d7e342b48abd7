"""UPS-RS: the same items as over DIMSE, by another door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from starlette.types import Receive, Scope, Send

from dicom.content import encode
from dicom.keeping import WEB
from dicom.ups.web.posted import NotADataset, posted
from dicom.web.server import BASE
from gateway.room import Permission, Principal, set_principal
from gateway.testing.room import MemoryAuditor
from tests.dicom_ups import (
    FILTERED,
    GLOBAL,
    WATCH,
    Bench,
    bench,
    code,
    discontinued,
    listening,
    performed,
    progress,
    work_item,
)

JSON = "application/dicom+json"
LINAC = Principal("token:linac", "linac", frozenset(Permission))
DESK = Principal("person:li", "Li", frozenset(Permission))


@dataclass
class Web:
    bench: Bench
    http: httpx.AsyncClient
    app: FastAPI

    def as_(self, who: Principal) -> httpx.AsyncClient:
        return client(self.app, who)

    async def create(self, **values: Any) -> str:
        uid = generate_uid()
        answer = await self.http.post(f"/workitems?{uid}", **body(work_item(**values)))
        assert answer.status_code == 201, answer.text
        assert answer.headers["content-location"] == f"{BASE}/workitems/{uid}"
        return str(uid)

    async def state(self, uid: str, state: str, transaction: str) -> httpx.Response:
        made = Dataset()
        made.ProcedureStepState, made.TransactionUID = state, transaction
        return await self.http.put(f"/workitems/{uid}/state", **body(made))


def client(app: FastAPI, who: Principal) -> httpx.AsyncClient:
    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        set_principal(scope, who)
        await app(scope, receive, send)

    transport = httpx.ASGITransport(called)
    return httpx.AsyncClient(transport=transport, base_url=f"http://gateway{BASE}")


def body(made: Dataset) -> dict[str, Any]:
    return {"content": json.dumps([made.to_json_dict()]), "headers": {"content-type": JSON}}


@asynccontextmanager
async def web(
    folder: Path, peers: dict[str, int] | None = None, departments: dict[str, str] | None = None
) -> AsyncIterator[Web]:
    async with bench(folder, peers, services=["ups"], departments=departments) as it:
        app = FastAPI(routes=list(it.node.keeping.routes()))
        async with client(app, LINAC) as http:
            yield Web(it, http, app)


def test_it_lies_where_the_other_services_of_dicomweb_do() -> None:
    assert WEB == BASE


async def test_an_item_is_created_claimed_worked_on_and_completed(tmp_path: Path) -> None:
    async with web(tmp_path) as it:
        uid, transaction = await it.create(), generate_uid()
        claimed = await it.state(uid, "IN PROGRESS", transaction)
        unlocked = await it.http.post(f"/workitems/{uid}", **body(progress("50")))
        early = await it.state(uid, "COMPLETED", transaction)
        place = f"/workitems/{uid}?transaction-uid={transaction}"
        step = await it.http.post(place, **body(progress("50")))
        last = await it.http.post(f"/workitems/{uid}?{transaction}", **body(performed()))
        done = await it.state(uid, "COMPLETED", transaction)
        again = await it.state(uid, "COMPLETED", transaction)
        (seen,) = (await it.http.get(f"/workitems/{uid}")).json()
        over_dimse = (await it.bench.scu().get(uid)).dataset
        audit: Any = it.bench.node.keeping.context.audit
    codes = [each.status_code for each in (claimed, unlocked, early, step, last, done, again)]
    assert codes == [200, 409, 409, 200, 200, 200, 200]
    assert "COMPLETED" in again.headers["warning"]
    assert "C304" in early.text
    made = Dataset.from_json(seen)
    assert (made.SOPInstanceUID, made.ProcedureStepState) == (uid, "COMPLETED")
    assert str(made.PatientName.ideographic) == "张^伟"
    assert "TransactionUID" not in made
    assert over_dimse is not None
    assert over_dimse.ProcedureStepState == "COMPLETED"
    assert isinstance(audit, MemoryAuditor)
    noted = [(each.action, each.outcome.value) for each in audit.entries]
    assert noted.count(("dicom.workitem.state", "success")) == 3
    assert noted.count(("dicom.workitem.state", "refused")) == 1


async def test_who_claimed_over_http_is_who_changes_it(tmp_path: Path) -> None:
    async with web(tmp_path) as it:
        uid, transaction = await it.create(), generate_uid()
        assert (await it.state(uid, "IN PROGRESS", transaction)).status_code == 200
        place = f"/workitems/{uid}?{transaction}"
        async with it.as_(DESK) as desk:
            foreign = await desk.post(place, **body(progress("1")))
        over_dimse = await it.bench.scu().set(uid, progress("1"), transaction)
        own = await it.http.post(place, **body(discontinued()))
        canceled = await it.state(uid, "CANCELED", transaction)
        item = await it.bench.engine.item(uid)
    assert (foreign.status_code, over_dimse.status) == (403, 0x0124)
    assert (own.status_code, canceled.status_code) == (200, 200)
    assert item is not None
    assert item.owner == "token:linac"


async def test_searches_match_as_queries_do(tmp_path: Path) -> None:
    async with web(tmp_path) as it:
        first = await it.create(PatientName="Li^Na=李^娜", PatientID="P-2")
        second = await it.create()
        found = {
            query: (await it.http.get(f"/workitems?{query}"))
            for query in (
                "PatientID=P-2",
                "PatientName=李*",
                "00100020=P-100",
                "ScheduledStationNameCodeSequence.CodeValue=LINAC1&limit=1",
                "ScheduledProcedureStepStartDateTime=20250601-20250602&offset=1",
                "ProcedureStepState=COMPLETED",
                f"SOPInstanceUID={first},{second}",
            )
        }
        codes = {query: each.status_code for query, each in found.items()}
        uids = {
            query: {item["00080018"]["Value"][0] for item in each.json()}
            for query, each in found.items()
            if each.status_code == 200
        }
    assert codes["ProcedureStepState=COMPLETED"] == 204
    assert uids["PatientID=P-2"] == uids["PatientName=李*"] == {first}
    assert uids["00100020=P-100"] == {second}
    one = "ScheduledStationNameCodeSequence.CodeValue=LINAC1&limit=1"
    assert len(uids[one]) == 1
    assert "additional results" in found[one].headers["warning"]
    assert len(uids["ScheduledProcedureStepStartDateTime=20250601-20250602&offset=1"]) == 1
    assert uids[f"SOPInstanceUID={first},{second}"] == {first, second}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Nonsense=1", "no attribute"),
        ("limit=x", "is no number"),
        ("ScheduledProcedureStepStartDateTime=soon", "is no DT"),
        ("PatientID.CodeValue=1", "is no sequence"),
        ("ScheduledStationNameCodeSequence=1", "name an attribute of its items"),
    ],
)
async def test_a_search_that_is_unclear_is_refused(tmp_path: Path, query: str, words: str) -> None:
    async with web(tmp_path) as it:
        answer = await it.http.get(f"/workitems?{query}")
    assert answer.status_code == 400
    assert words in answer.text


async def test_every_refusal_has_its_code(tmp_path: Path) -> None:
    async with web(tmp_path) as it:
        uid, gone = await it.create(), generate_uid()
        told = {
            "exists": await it.http.post(f"/workitems?{uid}", **body(work_item())),
            "no uid": await it.http.post("/workitems?x", **body(work_item())),
            "incomplete": await it.http.post("/workitems", **body(Dataset())),
            "begun": await it.http.post(
                "/workitems", **body(work_item(ProcedureStepState="COMPLETED"))
            ),
            "no type": await it.http.post("/workitems", content="[{}]"),
            "no json": await it.http.post(
                "/workitems", content="{", headers={"content-type": JSON}
            ),
            "gone": await it.http.get(f"/workitems/{gone}"),
            "no transaction": await it.http.put(f"/workitems/{uid}/state", **body(Dataset())),
            "not claimed": await it.state(uid, "COMPLETED", generate_uid()),
            "stranger": await it.http.post(f"/workitems/{uid}/subscribers/NOBODY"),
            "no lock": await it.http.post(f"/workitems/{uid}/subscribers/X?deletionlock=maybe"),
            "xml": await it.http.get(f"/workitems/{uid}", headers={"accept": "text/xml"}),
        }
    codes = {name: answer.status_code for name, answer in told.items()}
    assert codes == {
        "exists": 409,
        "no uid": 400,
        "incomplete": 400,
        "begun": 400,
        "no type": 415,
        "no json": 400,
        "gone": 404,
        "no transaction": 400,
        "not claimed": 409,
        "stranger": 404,
        "no lock": 400,
        "xml": 406,
    }


async def test_changes_over_http_reach_subscribers_over_dimse(tmp_path: Path) -> None:
    async with (
        listening("WATCHER") as watcher,
        web(tmp_path, {"WATCHER": watcher.port}) as it,
    ):
        uid = await it.create()
        answers = [await it.http.post(f"/workitems/{uid}/subscribers/WATCHER?deletionlock=true")]
        canceled = await it.http.post(f"/workitems/{uid}/cancelrequest")
        heard = [await asyncio.wait_for(watcher.heard.get(), 20) for _ in range(4)]
        station = "filter=WorklistLabel=LINAC2"
        places = (f"{FILTERED}/subscribers/WATCHER?{station}", f"{GLOBAL}/subscribers/WATCHER")
        answers += [await it.http.post(f"/workitems/{place}") for place in places]
        suspended = await it.http.post(f"/workitems/{GLOBAL}/subscribers/WATCHER/suspend")
        gone = await it.http.delete(f"/workitems/{uid}/subscribers/WATCHER")
        await it.bench.told()
        receivers = await it.bench.engine.items.ask(lambda tables: tables.all_receivers())
    assert [each.status_code for each in answers] == [201, 201, 201]
    assert (canceled.status_code, suspended.status_code, gone.status_code) == (202, 200, 200)
    assert [each.kind for each in heard] == [1, 2, 1, 1]
    assert heard[1].content.RequestingAE == "token:linac"
    assert receivers == []


async def test_a_claim_over_dimse_is_seen_over_http(tmp_path: Path) -> None:
    async with web(tmp_path) as it:
        uid = await it.create()
        status, _ = await it.bench.scu("LINAC1", WATCH).claim(uid)
        late = await it.state(uid, "IN PROGRESS", generate_uid())
        found = await it.http.get("/workitems?ProcedureStepState=IN PROGRESS")
    assert (status, late.status_code, len(found.json())) == (0, 409, 1)


def test_numbers_in_decimal_strings_become_text() -> None:
    said = b'{"00081195":{"vr":"UI","Value":["1.2"]},"00720072":{"vr":"DS","Value":[12.5, "3"]}}'
    assert posted(said, encode)["00720072"]["Value"] == ["12.5", "3"]


def test_a_tag_that_is_none_is_refused() -> None:
    with pytest.raises(NotADataset, match="AT"):
        posted(b'{"00280009":{"vr":"AT","Value":[null]}}', encode)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["vr", "Value", "00100020", "InlineBinary"]), inner)
    ),
    max_leaves=12,
)


@given(JSON_VALUES, st.sampled_from(["PN", "SQ", "LO", "US", "DS", "OB", "AT", "XX"]))
def test_whatever_is_posted_is_a_dataset_or_refused(value: Any, vr: str) -> None:
    for said in (value, {"00100020": {"vr": vr, "Value": [value]}}, {"00100020": value}):
        try:
            content = posted(json.dumps(said).encode(), encode)
        except NotADataset:
            continue
        assert all(len(key) == 8 for key in content)


async def test_who_is_limited_to_a_department_finds_its_items_and_those_of_none(
    tmp_path: Path,
) -> None:
    peers, departments = {"LINAC1": 11101, "CT1": 11102}, {"LINAC1": "rt", "CT1": "imaging"}
    limited = Principal("person:wu", "Wu", frozenset(Permission), frozenset({"rt"}))
    async with web(tmp_path, peers, departments) as it:
        own = await it.create()
        theirs = await it.create(ScheduledStationNameCodeSequence=[code("CT1", "CT")])
        shared = await it.create(ScheduledStationNameCodeSequence=[])
        every = {_uid(each) for each in (await it.http.get("/workitems")).json()}
        async with it.as_(limited) as http:
            seen = {_uid(each) for each in (await http.get("/workitems")).json()}
            answers = [
                await http.get(f"/workitems/{theirs}"),
                await http.post(f"/workitems/{theirs}", **body(progress("50"))),
                await http.put(f"/workitems/{theirs}/state", **body(_claim())),
                await http.post(f"/workitems/{theirs}/cancelrequest", **body(Dataset())),
                await http.post(f"/workitems/{theirs}/subscribers/CT1"),
            ]
            claimed = await http.put(f"/workitems/{own}/state", **body(_claim()))
        async with client(it.app, limited) as http:
            listed = (await http.get("http://gateway/api/v1/dicom/workitems")).json()
            hidden = await http.get(f"http://gateway/api/v1/dicom/workitems/{theirs}")
    assert every == {own, theirs, shared}
    assert seen == {own, shared}
    assert [each.status_code for each in answers] == [404] * 5
    assert claimed.status_code == 200
    assert {each["uid"] for each in listed["items"]} == seen
    assert listed["counts"] == {"IN PROGRESS": 1, "SCHEDULED": 1}
    assert hidden.status_code == 404


def _uid(item: dict[str, Any]) -> str:
    return str(item["00080018"]["Value"][0])


def _claim() -> Dataset:
    made = Dataset()
    made.ProcedureStepState, made.TransactionUID = "IN PROGRESS", generate_uid()
    return made
