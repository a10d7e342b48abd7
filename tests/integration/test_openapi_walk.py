"""Every JSON route of a gateway with all rooms open is in the OpenAPI document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.routing import BaseRoute, Route

from gateway.api import Application
from gateway.room.route import PREFIX
from gateway.testing.access import opened
from gateway.web import OverSocket

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "rest-api.md"
STANDARD = f"{PREFIX}/dicomweb/"
"""DICOMweb, which PS3.18 describes."""
ITSELF = f"{PREFIX}/openapi.json"
NO_JSON = {ITSELF, f"{PREFIX}/stream", f"{PREFIX}/links/{{link}}/tap"}
"""The document, and streams that go on for hours."""


def owed(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Method and path of what the document has to describe."""
    for route in routes:
        if not isinstance(route, Route) or route.path in NO_JSON:
            continue
        if route.path.startswith(f"{PREFIX}/") and not route.path.startswith(STANDARD):
            path = route.path.replace(":path}", "}")
            yield from ((each, path) for each in (route.methods or set()) - {"HEAD"})


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Application]:
    async with opened(tmp_path) as (app, _):
        yield app


async def described(app: Application) -> set[tuple[str, str]]:
    transport = httpx.ASGITransport(OverSocket(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://isogate") as owner:
        paths = (await owner.get(ITSELF)).json()["paths"]
    return {(method.upper(), path) for path, operations in paths.items() for method in operations}


async def test_the_document_describes_every_json_route_of_every_room(whole: Application) -> None:
    wanted = set(owed(whole.routes))
    assert {path.split("/")[3] for _, path in wanted} >= {"queue", "sessions", "dicom", "accounts"}
    assert wanted - await described(whole) == set()


async def test_the_reference_names_what_the_document_describes(whole: Application) -> None:
    text = REFERENCE.read_text("utf-8")
    short = {path.removeprefix(PREFIX) for _, path in await described(whole)}
    same = {each.replace("/devices/{device}", "/devices/{id}") for each in short}
    assert {each for each in same if f"{each}`" not in text} == set()


def test_a_plain_route_is_owed_and_dicomweb_is_not() -> None:
    plain = Route(f"{PREFIX}/lamp/{{name:path}}", print, methods=["GET"])
    standard = Route(f"{STANDARD}studies", print, methods=["GET"])
    assert list(owed([plain, standard])) == [("GET", "/api/v1/lamp/{name}")]
