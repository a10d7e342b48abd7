"""Fills templates for a reader."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.console.catalogue import LANGUAGES, Catalogue, catalogue
from gateway.console.language import THEMES, preference
from gateway.console.reader import Reader
from gateway.console.units import written
from gateway.console.words import live_words
from gateway.web import GatewayView


@cache
def _environment(tag: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway.console"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: Catalogue = catalogue(tag)
    environment.globals.update(word=words.pgettext, languages=LANGUAGES, themes=THEMES)
    environment.filters["unit"] = written
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    return environment


class Renderer:
    """Pages of one gateway."""

    def __init__(self, view: GatewayView) -> None:
        self._view = view
        self._zone = ZoneInfo(view.site.zone)

    def reader(self, request: Request) -> Reader:
        """Who asks, as far as a page needs to know."""
        wanted = preference(request, self._view.site.locale)
        return Reader(catalogue(wanted.language), wanted.theme, self._zone, self._view.now())

    def page(self, request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
        """A whole page; a choice of language or theme in the address is kept."""
        reader = self.reader(request)
        html = (
            _environment(reader.language)
            .get_template(template)
            .render(
                facts,
                reader=reader,
                site=self._view.site,
                version=self._view.version,
                devices=[status.entry for status in self._view.registry],
                live_words=live_words(reader.words),
                here=request.url.path,
                with_query=lambda **more: _with_query(request, **more),
            )
        )
        response = HTMLResponse(html, status, {"cache-control": "no-store"})
        preference(request, self._view.site.locale).keep(response)
        return response


def _with_query(request: Request, **more: object) -> str:
    """This page's address with other query parameters; None leaves one out."""
    kept = {key: value for key, value in more.items() if value is not None}
    url = request.url.remove_query_params(list(more)).include_query_params(**kept)
    return f"{url.path}?{url.query}" if url.query else url.path
