"""The second net: what names the patient must not stand anywhere, whatever the table says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

_NAMING = (
    "PatientName",
    "PatientID",
    "OtherPatientIDs",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientBirthDate",
    "AccessionNumber",
    "AdmissionID",
    "PatientTelephoneNumbers",
    "PatientAddress",
    "MilitaryRank",
    "MedicalRecordLocator",
)
_PEOPLE = frozenset({"OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"})
_TEXT = frozenset({"AE", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_BYTES = frozenset({"OB", "UN"})
_CHARSETS = ("utf-8", "gb18030", "latin-1")
_MOST_BYTES = 1 << 20
_PIXELS = "PixelData"
_LEAST_IN_PIXELS = 6
"""Bytes of a name in compressed pixels: fewer stand there by chance, and the image were lost."""
_OURS = frozenset({"PatientID", "PatientName", "DeidentificationMethod"})
_SHORTEST_LATIN, _SHORTEST_HAN = 3, 2
_WORDS = re.compile(r"[\W_]+")
_HAN = re.compile("[\u2e80-\u9fff\U00020000-\U0003ffff]")
_APART, _MAYBE_APART = r"[\W_]{1,5}", r"[\W_]{0,5}"

Name: TypeAlias = tuple[str, ...]
"""The words of a name, of Chinese ones the characters, in the order in which they are sought."""


class Net:
    """Texts that name the patient and the people around him, as one object says them."""

    def __init__(self, names: frozenset[Name]) -> None:
        written = sorted(map(_pattern, names), key=len, reverse=True)
        self._pattern = re.compile("|".join(written)) if written else None

    @classmethod
    def of(cls, original: Dataset) -> Net:
        """The names in an object: of the patient, and of every person named at any depth."""
        return cls(frozenset(name for text in _texts(original) for name in _names(text)))

    def empty_what_leaks(self, dataset: Dataset) -> Iterator[int]:
        """Empty each element that holds one of the names; the tags of those."""
        for element in dataset.iterall():
            if element.keyword not in _OURS and self._leaks(element):
                element.value = b"" if isinstance(element.value, bytes) else ""
                yield int(element.tag)

    def _leaks(self, element: DataElement) -> bool:
        if self._pattern is None or not element.value:
            return False
        if isinstance(element.value, bytes):
            least = _LEAST_IN_PIXELS if element.keyword == _PIXELS else 0
            return element.VR in _BYTES and self._is_in(element.value, least)
        if element.VR not in _TEXT:
            return False
        values = element.value if element.VM > 1 else [element.value]
        return any(self._pattern.search(str(value).casefold()) for value in values)

    def _is_in(self, data: bytes, least: int) -> bool:
        """Whether bytes without a charset of their own hold a name in any that is usual."""
        if len(data) > _MOST_BYTES or self._pattern is None:
            return False
        return any(
            len(found[0].encode(charset, "ignore")) >= least
            for charset in _CHARSETS
            for found in self._pattern.finditer(data.decode(charset, "ignore").casefold())
        )


def _texts(original: Dataset) -> Iterator[tuple[str, bool]]:
    """What names somebody, and whether it is a person's name."""
    for element in original.iterall():
        is_person = element.VR == "PN" or element.keyword in _PEOPLE
        if is_person or element.keyword in _NAMING:
            values = element.value if element.VM > 1 else [element.value]
            yield from ((str(value), is_person) for value in values if value)


def _names(text: tuple[str, bool]) -> Iterator[Name]:
    """A text, its words where they are long enough, and of a person's name all its orders."""
    whole = text[0].strip().casefold()
    for word in (whole, *_WORDS.split(whole)):
        if len(word) >= _shortest(word):
            yield (word,)
    if text[1]:
        for group in whole.split("="):
            yield from _orders(group)


def _orders(group: str) -> Iterator[Name]:
    """A name of two words or more (`zhang^san`) as it may be written: in either order.

    Of more parts than two also family and given name alone, and the family name last.
    """
    parts = [words for part in group.split("^") if (words := _WORDS.sub(" ", part).split())]
    if len(parts) == 1:
        parts = [[word] for word in parts[0]]
    for order in (parts, parts[::-1], parts[:2], parts[1::-1], parts[1:] + parts[:1]):
        name = tuple(
            piece
            for part in order
            for word in part
            for piece in (word if _HAN.fullmatch(word[0]) else [word])
        )
        if len(name) > 1:
            yield name


def _pattern(name: Name) -> str:
    """Its parts apart, whatever their length, and in one piece where that is long enough.

    Where a name ends in Latin letters or digits, a word ends.
    """
    whole = "".join(name)
    between = _MAYBE_APART if len(whole) >= _shortest(whole) else _APART
    before = "" if _HAN.match(whole[0]) else "(?<![0-9a-z])"
    after = "" if _HAN.match(whole[-1]) else "(?![0-9a-z])"
    return f"{before}{between.join(map(re.escape, name))}{after}"


def _shortest(word: str) -> int:
    return _SHORTEST_HAN if _HAN.search(word) else _SHORTEST_LATIN
