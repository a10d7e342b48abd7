"""Hints: what was probably meant, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12
_LONGEST = 60


def did_you_mean(given: object, known: Iterable[str], allowed: str = "known") -> str:
    """`did you mean X?`, else the first of the known ones; empty if nothing is known."""
    names = sorted(set(known))
    if not names:
        return ""
    lower = {name.lower(): name for name in reversed(names)}
    close = get_close_matches(str(given)[:_LONGEST].lower(), lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{lower[close[0]]}`?"
    more = f", … ({len(names)} in all)" if len(names) > _SHOWN else ""
    return f"{allowed}: {', '.join(names[:_SHOWN])}{more}"


def shown(value: object) -> str:
    """A value as a person wrote it in YAML, shortened."""
    match value:
        case None:
            return "nothing"
        case True | False:
            return str(value).lower()
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f"'{value[:_LONGEST]}…'" if len(value) > _LONGEST else f"'{value}'"
        case _:
            return str(value)
