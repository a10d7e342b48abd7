"""Scripts and styles: ours, and BokehJS out of the wheel of bokeh."""

from __future__ import annotations

import asyncio
import gzip
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from os import PathLike, stat_result
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.room import Access, access
from gateway.web.refusal import unknown_page

_HERE = Path(__file__).parent / "static"
_BOKEH = frozenset({"bokeh.min.js", "bokeh-api.min.js"})
_GZIP = 6


class _Fresh(StaticFiles):
    """Files that a browser keeps and asks about each time: an upgrade shows at once."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        return response


@access(Access.PUBLIC)
async def bokeh(request: Request) -> Response:
    """One of BokehJS's scripts, compressed once."""
    name = request.path_params["name"]
    if name not in _BOKEH:
        raise unknown_page(request.url.path)
    tag = f'"bokeh-{version("bokeh")}-{name}"'
    headers = {"cache-control": "no-cache", "etag": tag, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    packed = await asyncio.to_thread(_packed, name)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        packed = await asyncio.to_thread(gzip.decompress, packed)
    else:
        headers["content-encoding"] = "gzip"
    return Response(packed, headers=headers, media_type="text/javascript")


def routes() -> list[BaseRoute]:
    files = access(Access.PUBLIC)(_Fresh(directory=_HERE))
    return [Route("/static/bokeh/{name}", bokeh, methods=["GET"]), Mount("/static", files)]


@cache
def _packed(name: str) -> bytes:
    spec = find_spec("bokeh")
    if spec is None or spec.submodule_search_locations is None:
        raise FileNotFoundError("bokeh is not installed")
    home = Path(spec.submodule_search_locations[0]) / "server" / "static" / "js"
    return gzip.compress((home / name).read_bytes(), _GZIP)
