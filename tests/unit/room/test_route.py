"""A documented route: what is read by it, what is answered, and what the document says of both."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from gateway.room import Access, Permission, access
from gateway.room.document import Body, Document
from gateway.room.route import EVENTS, answer, route


class Lamp(Body):
    on: bool = False
    name: str = ""


class LampItem(Document):
    on: bool
    share: float


_DARK = Lamp()


@access(Permission.CONFIGURE)
async def switch(request: Request, name: str, body: Lamp = _DARK) -> Response:
    """Switch a lamp."""
    share = float("nan") if name == "broken" else 0.5
    return answer(LampItem(on=body.on, share=share), 201 if request.method == "POST" else 200)


@access(Access.PUBLIC)
async def seen() -> Response:
    """Whether there is light."""
    return answer([LampItem(on=True, share=1)])


def app() -> FastAPI:
    lamp = route("/lamps/{name}", switch, LampItem, method="POST", status=201, refusals=(409,))
    return FastAPI(
        routes=[
            lamp,
            route("/light", seen, list[LampItem], text="text/plain"),
            route("/light/changes", seen, LampItem, media_type=EVENTS),
        ]
    )


async def posted(name: str, **sent: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        return await http.post(f"/lamps/{name}", **sent)


def operations() -> dict[str, Any]:
    paths = app().openapi()["paths"]
    return {path: next(iter(each.values())) for path, each in paths.items()}


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"on": True}},
        {"content": b'{"on": true}'},
        {"content": b'{"on": true}', "headers": {"content-type": "application/json"}},
    ],
)
async def test_a_body_is_json_whether_or_not_its_type_is_said(sent: dict[str, Any]) -> None:
    made = await posted("hall", **sent)
    assert (made.status_code, made.json()) == (201, {"on": True, "share": 0.5})


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"on": True, "onn": True}},
        {"json": []},
        {"content": b"{"},
        {"data": {"on": "true"}},
    ],
)
async def test_what_is_no_such_body_is_refused(sent: dict[str, Any]) -> None:
    assert (await posted("hall", **sent)).status_code == 422


async def test_a_body_with_defaults_may_be_left_out() -> None:
    assert (await posted("hall")).json()["on"] is False


async def test_a_number_that_json_can_not_hold_is_null() -> None:
    assert (await posted("broken")).json()["share"] is None


def test_the_document_names_the_answer_and_every_refusal() -> None:
    responses = operations()["/lamps/{name}"]["responses"]
    refused = {"400", "401", "403", "408", "409", "413", "414", "422", "429", "431", "503"}
    assert responses.keys() == {"201"} | refused
    shape = responses["201"]["content"]["application/json"]["schema"]
    assert shape == {"$ref": "#/components/schemas/LampItem"}
    assert set(responses["409"]["content"]) == {"application/problem+json"}


def test_only_what_is_closed_wants_a_token() -> None:
    every = operations()
    assert every["/lamps/{name}"]["security"] == [{"bearer": []}]
    assert "security" not in every["/light"]
    assert not {"401", "403"} & every["/light"]["responses"].keys()


def test_another_media_type_stands_beside_json() -> None:
    content = operations()["/light"]["responses"]["200"]["content"]
    assert content.keys() == {"application/json", "text/plain"}


def test_the_data_of_events_are_documents() -> None:
    content = operations()["/light/changes"]["responses"]["200"]["content"]
    data = content[EVENTS]["itemSchema"]["properties"]["data"]
    assert data["contentSchema"]["required"] == ["on", "share"]
