"""From a stored English sentence to the reader's language (`gateway.model.sentence`).

Why a device is offline and why a message waits are plain English wherever they are stored, sent
or logged. Their message ids are in the catalogue; a text that one of them can have made is said
with its translation, and its facts again likewise. Any other text stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import NamedTuple

from babel.messages.pofile import read_po

from gateway.console.text.catalogue import SOURCE

PACKAGE = "gateway.console.sentences"
COMMON = (
    "Connection refused",
    "Connection reset by peer",
    "Connection timed out",
    "Host is unreachable",
    "Network is unreachable",
    "No route to host",
    "No such file or directory",
    "Permission denied",
    "Device or resource busy",
    "Input/output error",
    "No space left on device",
    "database is locked",
    "All connection attempts failed",
    "Connect call failed {address}",
    "[Errno {number}] {error}",
    "{first}; {rest}",
)
"""What libraries and the operating system say, and how several sentences stand together."""

UNMARKED: Mapping[str, str] = {
    "silent for {seconds} s": "drivers.astm.codec",
    "the connection ended before EOT": "drivers.astm.codec",
    "ENQ began another transfer": "drivers.astm.codec",
    "devices.yaml has no device {device}": "gateway.supervisor.intake",
    "{folder}: only {free} MiB are free, too little to go on: free space on this disk": (
        "gateway.store.writer"
    ),
    "{folder}: {free} MiB are free: free space on this disk": "gateway.store.writer",
    "{folder}: the disk refused a commit: {error}": "gateway.store.writer",
}
"""Sentences of modules whose every line is measured, and which therefore call nothing for them."""

_DEEPEST = 6


class _Known(NamedTuple):
    """A sentence; one without words of its own only joins others."""

    pattern: re.Pattern[str]
    translation: str
    rank: tuple[bool, int]
    has_words: bool


class Sentences:
    """The sentences of one language, by their message ids."""

    def __init__(self, translations: Mapping[str, str]) -> None:
        known = [_known(text, translated) for text, translated in translations.items()]
        self._known = sorted(known, key=lambda each: each.rank, reverse=True)

    def say(self, text: str) -> str:
        """The text in this language as far as it is known.

        Of several sentences that it may be, one that begins with words of its own goes before one
        that begins with a fact, which may be a part of it; then the one with more words.
        """
        return self._say(text, _DEEPEST)

    def _say(self, text: str, deeper: int) -> str:
        if not text or not deeper:
            return text
        for known in self._known:
            match = known.pattern.fullmatch(text)
            if match is None:
                continue
            given = match.groupdict()
            facts = {name: self._say(fact, deeper - 1) for name, fact in given.items()}
            if known.has_words or facts != given:
                return known.translation.format_map(facts)
        return text


@cache
def sentences(tag: str) -> Sentences:
    """The sentences of a language on offer; English knows none, since all are English."""
    if tag == SOURCE:
        return Sentences({})
    source = files(PACKAGE).joinpath("locale", f"{tag}.po")
    with source.open("rb") as stream:
        catalogue = read_po(stream, locale=tag.replace("-", "_"), abort_invalid=True)
    return Sentences(
        {
            message.id: message.string
            for message in catalogue
            if message.id and isinstance(message.id, str) and isinstance(message.string, str)
        }
    )


def _pattern(text: str) -> re.Pattern[str]:
    """What a message id can become; a fact is as short as it can be."""
    named: set[str] = set()
    pieces = []
    for literal, field, _, _ in Formatter().parse(text):
        pieces.append(re.escape(literal))
        if field:
            pieces.append(f"(?P={field})" if field in named else f"(?P<{field}>.+?)")
            named.add(field)
    return re.compile("".join(pieces), re.DOTALL)


def _known(text: str, translated: str) -> _Known:
    literals = [literal for literal, *_ in Formatter().parse(text)]
    words = "".join(literals)
    rank = (bool(literals[0]), len(words))
    return _Known(_pattern(text), translated, rank, any(map(str.isalpha, words)))
