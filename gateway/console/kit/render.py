"""Fills templates for a reader."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console.kit.drawing import Drawings
from gateway.console.kit.environment import environment
from gateway.console.kit.spreadsheet import spreadsheet
from gateway.console.navigation import current, navigation
from gateway.console.text.catalogue import catalogue
from gateway.console.text.language import preference
from gateway.console.text.reader import Reader
from gateway.console.text.words import live_words
from gateway.room import Table, deeds, principal, visible
from gateway.web import GatewayView, caller_of
from gateway.web.closed_links import without_closed_links
from gateway.web.door import loopback
from gateway.web.form_token import with_form_token
from gateway.web.policy import CHART_POLICY

R = TypeVar("R")

_FLASH = "said"


class Renderer:
    """Pages of one gateway; a `gateway.room.PageKit`."""

    def __init__(self, view: GatewayView) -> None:
        self._view = view
        self._zone = ZoneInfo(view.site.zone)

    def reader(self, request: Request) -> Reader:
        """Who asks, as far as a page needs to know."""
        wanted = preference(request, self._view.site.locale)
        words = catalogue(wanted.language, self._packages())
        return Reader(words, wanted.theme, self._zone, self._view.now())

    def page(self, request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
        """A whole page; a choice of language or theme in the address is kept.

        One that draws a chart is sent with the policy that lets charts style themselves.
        """
        reader = self.reader(request)
        drawings = Drawings(reader)
        html = self._html(request, template, reader, {**facts, "drawing": drawings})
        caller = caller_of(request)
        html = with_form_token(html, caller.form_token)
        ways = getattr(request.app.state, "ways", None) if "app" in request.scope else None
        if ways is not None:
            html = without_closed_links(html, partial(ways.closed, caller=caller))
        headers = {"cache-control": "no-store"}
        if drawings.used:
            headers["content-security-policy"] = CHART_POLICY
        response = HTMLResponse(html, status, headers)
        if _FLASH in request.cookies:
            response.delete_cookie(_FLASH)
        preference(request, self._view.site.locale).keep(response)
        return response

    def table(
        self, request: Request, template: str, table: Table[R], rows: Iterable[R], **facts: Any
    ) -> Response:
        """A page with `sheet`, what its address asks of `rows`, or the same rows as CSV."""
        asked = table.asked(request)
        if asked.csv:
            arranged = table.arranged(asked, rows)
            return self.csv(request, table.name, table.head, table.cells(arranged))
        return self.page(request, template, sheet=table.sheet(asked, rows), **facts)

    def csv(
        self,
        request: Request,
        name: str,
        head: Sequence[str],
        rows: Iterable[Sequence[object]] | AsyncIterable[Sequence[object]],
    ) -> Response:
        """A table as CSV in UTF-8 with a mark; no cell of it can act as a formula."""
        words = self.reader(request).words
        return spreadsheet(name, [words.gettext(cell) for cell in head], rows)

    async def form(self, request: Request) -> Mapping[str, str]:
        """The text fields of a posted form; of a repeated one the last."""
        async with request.form(max_files=0, max_fields=200) as fields:
            return {key: value for key, value in fields.items() if isinstance(value, str)}

    def done(self, request: Request, path: str, message: str, **facts: Any) -> Response:
        """Go to `path` and say there, once, what was done."""
        response = RedirectResponse(path, 303)
        said = self.reader(request).words.gettext(message) % facts
        response.set_cookie(_FLASH, quote(said), max_age=30, samesite="strict", httponly=True)
        return response

    def _html(
        self, request: Request, template: str, reader: Reader, facts: Mapping[str, Any]
    ) -> str:
        who = principal(request)
        view = self._view
        areas = navigation(view.navigation(), who)
        return (
            environment(reader.language, self._packages())
            .get_template(template)
            .render(
                facts,
                reader=reader,
                site=view.site,
                version=view.version,
                devices=[each.entry for each in view.registry if visible(who, each.entry)],
                form_token=caller_of(request).form_token,
                unprotected=_unprotected(request),
                live_words=live_words(reader.words),
                here=request.url.path,
                who=who,
                areas=areas,
                current=current(areas, request.url.path),
                deeds=deeds(view.telling()),
                said=unquote(request.cookies.get(_FLASH, "")),
                with_query=lambda **more: _with_query(request, **more),
            )
        )

    def _packages(self) -> tuple[str, ...]:
        return tuple(self._view.packages())


def _unprotected(request: Request) -> bool:
    """Whether others on the network can read along."""
    server = request.scope.get("server")
    return request.url.scheme != "https" and server is not None and not loopback(server[0])


def _with_query(request: Request, **more: object) -> str:
    """This page's address with other query parameters; None leaves one out."""
    kept = {key: value for key, value in more.items() if value is not None}
    url = request.url.remove_query_params(list(more)).include_query_params(**kept)
    return f"{url.path}?{url.query}" if url.query else url.path
