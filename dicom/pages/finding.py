"""Finding studies by what a person types: a number, an order, a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dicom.pages.rows import StudyRow
from dicom.storage.index import Index
from dicom.storage.search import Level, Search
from dicom.storage.sight import Sight

_WILD = re.compile(r"[*?\\]")


async def find(
    index: Index, text: str, language: str, limit: int, sight: Sight | None
) -> Sequence[StudyRow]:
    """Studies in sight whose patient's number or order it is, whole, or whose name it begins."""
    found: dict[str, StudyRow] = {}
    for keyword, value in _questions(" ".join(text.split())):
        rows = (await index.search(Search(Level.STUDY, {keyword: value}, limit, sight=sight))).rows
        for row in rows:
            found.setdefault(row["StudyInstanceUID"], StudyRow.of(row, language))
    return list(found.values())[:limit]


def _questions(text: str) -> Iterator[tuple[str, str]]:
    if not text or _WILD.search(text):
        return
    yield "PatientID", text
    yield "AccessionNumber", text
    yield "PatientName", _beginning(text)


def _beginning(text: str) -> str:
    """Between family and given name stands what the sender put there: 王芳 finds 王^芳."""
    parts = re.split(r"[\s,^]+", text)
    if text.isascii():
        return "*".join([*parts, ""])
    return "*".join([*"".join(parts), ""])
