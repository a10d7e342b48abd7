"""What may stand in the head of a letter: addresses, and names of one line. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[A-Za-z0-9:.]+\]")
_NOT_IN_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def one_line(text: str) -> str:
    """A text without line breaks, control characters and halves of characters."""
    return "".join(" " if _breaks(each) else each for each in text)


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _NOT_IN_A_LINE


def is_one_line(text: str) -> str:
    """The text; ValueError if it is not what `one_line` makes of it."""
    if any(map(_breaks, text)):
        raise ValueError("write it in one line, without control characters")
    return text


def _is_address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise ValueError(
            f"{text[:60]!r} is no address: write name@domain, the name in Latin letters, digits"
            " and . _ + -"
        )
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        ascii_domain = ""
    if not _DOMAIN.fullmatch(ascii_domain):
        raise ValueError(f"{domain[:60]!r} is no domain")
    return f"{local}@{ascii_domain}"


Line = Annotated[str, AfterValidator(is_one_line)]
"""A text that goes into the head of a letter."""

Address = Annotated[str, AfterValidator(_is_address)]
"""An address that every mail server takes; a domain in other letters is written in IDNA."""
