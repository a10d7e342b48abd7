"""What a patient is looked up by. The one place where names and numbers become keys of an index.

A key is a digest: an index of names in plain text would hold more of a patient than it must. A
name is found by its beginning, so each of its beginnings is a term.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from gateway.keys import content_digest
from gateway.model import Identifier, PersonName
from gateway.patients.facts import plain

_LONGEST_PREFIX = 24
_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)
_PAUSE = re.compile(r"[\s,，;；]+")


def record_key(value: str, issuer: str) -> bytes:
    """The key of an identifier; its hexadecimal digits are a patient's id in addresses."""
    return content_digest(b"patient", issuer.encode(), value.encode())


def terms(
    identifiers: Iterable[Identifier], names: Iterable[PersonName], birth_date: str
) -> set[bytes]:
    """Everything that finds a patient."""
    found = {_term("number", plain(each.value)) for each in identifiers}
    for name in names:
        found.update(_term("name", beginning) for beginning in _beginnings(name))
    if birth_date:
        found.add(_term("born", birth_date))
    return found


def wanted(text: str) -> list[set[bytes]]:
    """What a person typed: every word must be a number, the beginning of a name, or a birth date.

    A name is searched as it was typed: pinyin finds names that were sent in pinyin, and is never
    turned into characters.
    """
    words = [word for word in _PAUSE.split(text.strip()) if word]
    return [set(_meanings(word)) for word in words]


def _meanings(word: str) -> Iterator[bytes]:
    exact = plain(word)
    if exact:
        yield _term("number", exact)
        yield _term("name", exact[:_LONGEST_PREFIX])
    if born := _birth_date(word):
        yield _term("born", born)


def _birth_date(word: str) -> str:
    match = _DATE.fullmatch(word)
    if match is None:
        return ""
    try:
        return date(*(int(part) for part in match.groups())).isoformat()
    except ValueError:
        return ""


def _beginnings(name: PersonName) -> Iterator[str]:
    """Of the whole name, and of each of its parts, so that a given name is found as well."""
    whole = plain(name.text)
    for text in {
        whole,
        *(plain(part) for part in re.split(r"[\s·•]+", name.text)),
        plain(name.given),
    }:
        for end in range(1, min(len(text), _LONGEST_PREFIX) + 1):
            yield text[:end]


def _term(kind: str, text: str) -> bytes:
    return content_digest(b"term", kind.encode(), text.encode())
