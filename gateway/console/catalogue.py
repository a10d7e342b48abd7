"""The languages of the pages, read from gettext catalogues (.po) at start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

SOURCE = "en"
LANGUAGES = {"zh-CN": "中文", SOURCE: "English"}
"""Tags of the languages on offer, with their own names. Texts are written in English."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language. What it has no translation for is shown in English."""

    tag: str
    _messages: Catalog

    def gettext(self, text: str) -> str:
        return self._first(text, None) or text

    def pgettext(self, context: str, text: str) -> str:
        """A word of a closed set; where English has no entry, the set's own word."""
        return self._first(text, context) or text.replace("-", " ")

    def ngettext(self, one: str, many: str, count: int) -> str:
        message = self._messages.get(one)
        if message is not None and isinstance(message.string, tuple) and all(message.string):
            forms = message.string
            return forms[0] if len(forms) == 1 or count == 1 else forms[1]
        return one if count == 1 else many

    def _first(self, text: str, context: str | None) -> str:
        message = self._messages.get(text, context)
        string = message.string if message is not None else ""
        return string if isinstance(string, str) else ""


@cache
def catalogue(tag: str) -> Catalogue:
    """The catalogue of a language on offer."""
    source = files("gateway.console").joinpath("locale", f"{tag}.po")
    if tag == SOURCE:
        return Catalogue(tag, Catalog(locale="en"))
    with source.open("rb") as stream:
        return Catalogue(tag, read_po(stream, locale=tag.replace("-", "_"), abort_invalid=True))


def offered(tag: str | None) -> str | None:
    """The language on offer that a BCP 47 tag asks for, or None."""
    if not tag:
        return None
    primary = tag.partition("-")[0].lower()
    return next((each for each in LANGUAGES if each.partition("-")[0] == primary), None)
