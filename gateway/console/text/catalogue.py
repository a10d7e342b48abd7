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

CONSOLE = "gateway.console"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language: the catalogues of several packages, of which the first that knows a text wins.

    What none has a translation for is shown in English.
    """

    tag: str
    _parts: tuple[Catalog, ...]

    def gettext(self, text: str) -> str:
        return self._first(text, None) or text

    def pgettext(self, context: str, text: str) -> str:
        """A word of a closed set; where English has no entry, the set's own word."""
        return self._first(text, context) or text.replace("-", " ")

    def ngettext(self, one: str, many: str, count: int) -> str:
        for part in self._parts:
            message = part.get(one)
            if message is not None and isinstance(message.string, tuple) and all(message.string):
                forms = message.string
                return forms[0] if len(forms) == 1 or count == 1 else forms[1]
        return one if count == 1 else many

    def _first(self, text: str, context: str | None) -> str:
        for part in self._parts:
            message = part.get(text, context)
            if message is not None and message.string and isinstance(message.string, str):
                return message.string
        return ""


@cache
def catalogue(tag: str, packages: tuple[str, ...] = ()) -> Catalogue:
    """The catalogue of a language on offer: the console's, then those of `packages`."""
    if tag == SOURCE:
        return Catalogue(tag, ())
    return Catalogue(tag, tuple(_read(tag, package) for package in (CONSOLE, *packages)))


@cache
def _read(tag: str, package: str) -> Catalog:
    source = files(package).joinpath("locale", f"{tag}.po")
    with source.open("rb") as stream:
        return read_po(stream, locale=tag.replace("-", "_"), abort_invalid=True)


def offered(tag: str | None) -> str | None:
    """The language on offer that a BCP 47 tag asks for, or None."""
    if not tag:
        return None
    primary = tag.partition("-")[0].lower()
    return next((each for each in LANGUAGES if each.partition("-")[0] == primary), None)
