"""Names and identifiers planted in what analyzers send, and a search for them in any form."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

NAMES = ("欧阳娜娜", "诸葛孔明", "Zhuge^Kongming", "Müller^Jörgen")
PATIENTS = ("PID-88417023", "110101197003072316")
SPECIMENS = ("SPEC-550917", "SPEC-550918")
BORN = "19700307"
COMMENTS = ("患者自述头晕两日", "dizzy since tuesday", "复查请联系家属")
ALL = (*NAMES, *PATIENTS, *SPECIMENS, BORN, *COMMENTS)

_CHARSETS = ("utf-8", "gb18030", "latin-1", "utf-16-le", "utf-16-be")
_LEAST = 6
"""Bytes below which a form may be there by chance."""
_SHIFTS = (b"", b"-", b"--")


def forms(text: str) -> Iterator[bytes]:
    """How a text may lie on a disk: in each charset, as JSON, hexadecimal and base64."""
    for charset in _CHARSETS:
        try:
            plain = text.encode(charset)
        except UnicodeEncodeError:
            continue
        yield plain
        yield plain.hex().encode()
        yield plain.hex().upper().encode()
        for shift in _SHIFTS:
            # What depends on the bytes before and after is left out at either end.
            inner = b64encode(shift + plain)
            yield inner[4 if shift else 0 : -4]
    yield text.encode("ascii", "backslashreplace")
    yield re.sub(r"[^\x00-\x7f]", lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def readable_in(*folders: Path, without: Iterable[Path] = ()) -> dict[str, list[str]]:
    """Which planted texts are readable in which files, however deep; `without` is not looked at."""
    wanted = [(text, form) for text in ALL for form in set(forms(text)) if len(form) >= _LEAST]
    left_out = tuple(without)
    found: dict[str, list[str]] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if not file.is_file() or any(file.is_relative_to(path) for path in left_out):
                continue
            content = _content(file)
            texts = sorted({text for text, form in wanted if form in content})
            if texts:
                found[str(file.relative_to(folder))] = texts
    return found


def _content(file: Path) -> bytes:
    """A file that may be removed while it is looked for."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
