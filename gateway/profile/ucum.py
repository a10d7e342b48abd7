"""Units as UCUM writes them (case-sensitive), for the units that meet in a hospital.

The grammar is that of UCUM 2.1 (terms, exponents, annotations). What is measured matters here,
not how large: a unit has a dimension and no factor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TypeAlias

from gateway.profile.ucum_tables import BASE, COMMON, HABITS, METRIC, PLAIN, PREFIXES

Dimension: TypeAlias = tuple[int, int, int, int, int, int, int]
"""Exponents of metre, second, gram, radian, kelvin, coulomb, candela."""

_NONE: Dimension = (0, 0, 0, 0, 0, 0, 0)
_LONGEST = 80

_TOKEN = re.compile(
    r"(?P<note>\{[!-z|~]*\})"
    r"|(?P<unit>10[*^]|(?:\[[!-Z\\^-z|~]*\]|[A-Za-z%'])+)(?P<power>[+-]?[0-9]+)?"
    r"|(?P<factor>[1-9][0-9]*)|(?P<sign>[./()])"
)


class UnknownUnit(ValueError):  # noqa: N818 - what a person reads
    """Not a unit that we know."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    power: int = 1


@lru_cache(maxsize=4096)
def dimension(code: str) -> Dimension:
    """What a unit measures; UnknownUnit, with what was probably meant, if it isn't one."""
    try:
        return _Terms(code).whole()
    except UnknownUnit:
        meant = suggestion(code)
        hint = f" (did you mean `{meant}`?)" if meant else ""
        raise UnknownUnit(f"'{code[:_LONGEST]}' is not a UCUM unit{hint}") from None


def suggestion(code: str) -> str:
    """The unit that was probably meant; empty if nothing comes near."""
    tidy = code.strip().translate(str.maketrans("µμ²³·*", "uu23..")).replace(" ", "")
    if meant := HABITS.get(code.strip()) or HABITS.get(tidy):
        return meant
    if tidy != code and _is_unit(tidy):
        return tidy
    lower = {known.lower(): known for known in reversed((*COMMON, *HABITS))}
    close = get_close_matches(tidy.lower()[:_LONGEST], lower, n=1, cutoff=0.7)
    return HABITS.get(lower[close[0]], lower[close[0]]) if close else ""


def _is_unit(code: str) -> bool:
    try:
        _Terms(code).whole()
    except UnknownUnit:
        return False
    return True


def _tokens(code: str) -> Iterator[_Token]:
    at = 0 if len(code) <= _LONGEST else -1
    while at < len(code):
        match = _TOKEN.match(code, at) if at >= 0 else None
        if match is None:
            raise UnknownUnit(code)
        at = match.end()
        if match["unit"]:
            power = int(match["power"] or 1)
            yield _Token("unit", match["unit"], power)
        else:
            yield _Token(match.lastgroup or "", match[0])


class _Terms:
    """Recursive descent over one unit (UCUM figure 1)."""

    def __init__(self, code: str) -> None:
        self._tokens = list(_tokens(code))
        self._at = 0

    def whole(self) -> Dimension:
        found = self._term()
        if self._at < len(self._tokens):
            raise UnknownUnit(self._tokens[self._at].text)
        return found

    def _term(self) -> Dimension:
        found = _NONE if self._next_is("/") else self._component()
        while self._next_is(".") or self._next_is("/"):
            sign = 1 if self._take().text == "." else -1
            found = _plus(found, self._component(), sign)
        return found

    def _component(self) -> Dimension:
        token = self._take()
        match token.kind:
            case "note":
                return _NONE
            case "factor":
                found = _NONE
            case "unit":
                found = _plus(_NONE, _atom(token.text), token.power)
            case _:
                found = self._parenthesis(token)
        if self._at < len(self._tokens) and self._tokens[self._at].kind == "note":
            self._at += 1
        return found

    def _parenthesis(self, token: _Token) -> Dimension:
        if token.text != "(":
            raise UnknownUnit(token.text)
        found = self._term()
        if self._take().text != ")":
            raise UnknownUnit(token.text)
        return found

    def _next_is(self, sign: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == _Token("sign", sign)

    def _take(self) -> _Token:
        if self._at >= len(self._tokens):
            raise UnknownUnit("")
        self._at += 1
        return self._tokens[self._at - 1]


def _plus(one: Dimension, other: Dimension, times: int) -> Dimension:
    a, b, c, d, e, f, g = (x + times * y for x, y in zip(one, other, strict=True))
    return a, b, c, d, e, f, g


def _atom(symbol: str) -> Dimension:
    if symbol in BASE:
        return BASE[symbol]
    definition = METRIC.get(symbol) or PLAIN.get(symbol)
    if definition is not None:
        return dimension(definition)
    for length in (1, 2):
        prefix, rest = symbol[:length], symbol[length:]
        if prefix in PREFIXES and (rest in BASE or rest in METRIC):
            return _atom(rest)
    raise UnknownUnit(symbol)
