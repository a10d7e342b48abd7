"""Which language and theme a reader wants: asked for in the address, kept in a cookie."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.text.catalogue import SOURCE, offered

THEMES = ("auto", "light", "dark")
_YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Preference:
    """`chosen` holds what the address asks for now, to be kept."""

    language: str
    theme: str
    chosen: tuple[tuple[str, str], ...] = ()

    def keep(self, response: Response) -> None:
        """Remember the choice in this browser for a year."""
        for name, value in self.chosen:
            response.set_cookie(name, value, max_age=_YEAR, samesite="strict", httponly=True)


def preference(request: Request, site_locale: str) -> Preference:
    """The reader's choice, else the site's language and the browser's theme."""
    lang = offered(request.query_params.get("lang"))
    theme = _theme(request.query_params.get("theme"))
    chosen = [("lang", lang), ("theme", theme)]
    return Preference(
        lang or offered(request.cookies.get("lang")) or offered(site_locale) or SOURCE,
        theme or _theme(request.cookies.get("theme")) or THEMES[0],
        tuple((name, value) for name, value in chosen if value),
    )


def _theme(text: str | None) -> str | None:
    return text if text in THEMES else None
