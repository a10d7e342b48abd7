r"""Escape sequences inside a field: `\F\`, `\S\`, `\T\`, `\R\`, `\E\`, `\.br\`, `\Xdd…\`.

HL7 v2.5.1, 2.7. Sequences that ask for a look (`\H\`, `\N\`) leave nothing behind; unknown ones,
and hexadecimal that is no text in the message's charset, stay as they were sent.
"""

from __future__ import annotations

import re
from functools import lru_cache

from drivers.hl7.delimiters import Delimiters

_LOOK = frozenset({"H", "N"})
_NEW_LINE = frozenset({".br", ".sp", ".ce"})
_LONGEST = 4096


def unescape(text: str, delimiters: Delimiters, charset: str) -> str:
    """`text` without its escape sequences; a lone escape character stays."""
    if delimiters.escape not in text:
        return text
    meanings = _meanings(delimiters)

    def meaning(match: re.Match[str]) -> str:
        word = match[1]
        known = meanings.get(word)
        if known is None and word.startswith("X"):
            known = _hexadecimal(word, charset)
        return match[0] if known is None else known

    return _sequence(delimiters.escape).sub(meaning, text)


def escape(text: str, delimiters: Delimiters) -> str:
    """`text` as it may stand inside a component; control characters become hexadecimal."""
    return "".join(_written(character, delimiters) for character in text)


def _written(character: str, delimiters: Delimiters) -> str:
    mark = delimiters.escape
    letter = _letters(delimiters).get(character)
    if letter is not None:
        return f"{mark}{letter}{mark}"
    if character == "\n":
        return f"{mark}.br{mark}"
    return f"{mark}X{ord(character):02X}{mark}" if character < " " else character


def _hexadecimal(word: str, charset: str) -> str | None:
    try:
        return bytes.fromhex(word[1:]).decode(charset)
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _letters(delimiters: Delimiters) -> dict[str, str]:
    return {
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.subcomponent: "T",
        delimiters.repetition: "R",
        delimiters.escape: "E",
    }


@lru_cache(maxsize=64)
def _meanings(delimiters: Delimiters) -> dict[str, str]:
    delimiter = {letter: character for character, letter in _letters(delimiters).items()}
    return delimiter | dict.fromkeys(_LOOK, "") | dict.fromkeys(_NEW_LINE, "\n")


@lru_cache(maxsize=64)
def _sequence(mark: str) -> re.Pattern[str]:
    quoted = re.escape(mark)
    return re.compile(rf"{quoted}([A-Za-z.][^{quoted}\r\n]{{0,{_LONGEST}}}){quoted}")
