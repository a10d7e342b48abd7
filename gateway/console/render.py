"""Fills templates for a reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console.catalogue import CONSOLE, LANGUAGES, Catalogue, catalogue
from gateway.console.language import THEMES, preference
from gateway.console.navigation import is_current, navigation
from gateway.console.reader import Reader
from gateway.console.units import written
from gateway.console.words import live_words
from gateway.room import principal
from gateway.web import GatewayView

_FLASH = "said"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@cache
def _environment(tag: str, packages: tuple[str, ...]) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in (CONSOLE, *packages)]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: Catalogue = catalogue(tag, packages)
    environment.globals.update(
        word=words.pgettext, languages=LANGUAGES, themes=THEMES, is_current=is_current
    )
    environment.filters["unit"] = written
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    return environment


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
        """A whole page; a choice of language or theme in the address is kept."""
        reader = self.reader(request)
        who = principal(request)
        html = (
            _environment(reader.language, self._packages())
            .get_template(template)
            .render(
                facts,
                reader=reader,
                site=self._view.site,
                version=self._view.version,
                devices=[status.entry for status in self._view.registry],
                live_words=live_words(reader.words),
                here=request.url.path,
                who=who,
                entries=navigation(self._view.navigation(), who),
                said=unquote(request.cookies.get(_FLASH, "")),
                with_query=lambda **more: _with_query(request, **more),
            )
        )
        response = HTMLResponse(html, status, {"cache-control": "no-store"})
        if _FLASH in request.cookies:
            response.delete_cookie(_FLASH)
        preference(request, self._view.site.locale).keep(response)
        return response

    def csv(
        self, request: Request, name: str, head: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> Response:
        """A table as CSV in UTF-8 with a mark; no cell of it can act as a formula."""
        words = self.reader(request).words
        sheet = io.StringIO()
        writer = csv.writer(sheet)
        writer.writerow([words.gettext(cell) for cell in head])
        writer.writerows([_inert(cell) for cell in row] for row in rows)
        file = f"attachment; filename*=UTF-8''{quote(name)}.csv"
        return Response(
            sheet.getvalue().encode("utf-8-sig"),
            headers={"content-disposition": file, "cache-control": "no-store"},
            media_type="text/csv; charset=utf-8",
        )

    async def form(self, request: Request) -> Mapping[str, str]:
        """The text fields of a posted form; of a repeated one the last."""
        async with request.form(max_files=0, max_fields=200) as fields:
            return {key: value for key, value in fields.items() if isinstance(value, str)}

    def done(self, request: Request, path: str, message: str) -> Response:
        """Go to `path` and say there, once, what was done."""
        response = RedirectResponse(path, 303)
        said = self.reader(request).words.gettext(message)
        response.set_cookie(_FLASH, quote(said), max_age=30, samesite="strict", httponly=True)
        return response

    def _packages(self) -> tuple[str, ...]:
        return tuple(self._view.packages())


def _inert(cell: object) -> str:
    """A cell that a spreadsheet takes for text or a number, never for a formula."""
    text = "" if cell is None else str(cell)
    is_number = text[:1] in "+-" and text[1:].replace(".", "", 1).isdigit()
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def _with_query(request: Request, **more: object) -> str:
    """This page's address with other query parameters; None leaves one out."""
    kept = {key: value for key, value in more.items() if value is not None}
    url = request.url.remove_query_params(list(more)).include_query_params(**kept)
    return f"{url.path}?{url.query}" if url.query else url.path
