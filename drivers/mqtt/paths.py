"""Where a value stands in a JSON document: a small, exact part of JSONPath (RFC 9535).

`$` is the document, `.name` a member whose name is letters, digits, `_` and `-`, `["any name"]`
any other, `[0]` an element counted from the start. Nothing else: a path names one place.
"""

from __future__ import annotations

import json
import re
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_STEP = re.compile(
    r"""\.(?P<name>[^\W\d][\w-]*)|\[(?P<index>0|[1-9]\d{0,8})\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]"""
)
_PLAIN = re.compile(r"[^\W\d][\w-]*")


class Absent:
    """What `find` returns where there is nothing; JSON's null is something."""


ABSENT = Absent()


def parse_path(text: str) -> Path:
    """The steps of a path; ValueError if it isn't one."""
    if not text.startswith("$"):
        raise ValueError(f"path {text!r} must begin with $, the whole document")
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise ValueError(f'path {text!r}: expected .name, [0] or ["name"] at {text[at:]!r}')
        steps.append(_step(found))
        at = found.end()
    return tuple(steps)


def write_path(path: Path) -> str:
    """The text of a path; `parse_path` gives it back."""
    return "$" + "".join(_written(step) for step in path)


def find(document: object, path: Path) -> object:
    """The value at `path`, or ABSENT."""
    for step in path:
        if isinstance(step, str):
            document = document.get(step, ABSENT) if isinstance(document, dict) else ABSENT
        elif isinstance(document, list) and step < len(document):
            document = document[step]
        else:
            return ABSENT
    return document


def _step(found: re.Match[str]) -> str | int:
    if found["name"] is not None:
        return found["name"]
    if found["index"] is not None:
        return int(found["index"])
    name: str = json.loads(found["quoted"])
    return name


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"
