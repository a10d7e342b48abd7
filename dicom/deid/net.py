"""The second net: what names the patient must not stand anywhere, whatever the table says."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_TEXT = frozenset({"AE", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_BYTES = frozenset({"OB", "UN"})
_CHARSETS = ("utf-8", "gb18030", "latin-1")
_MOST_BYTES = 1 << 20
_OURS = frozenset({"PatientID", "PatientName", "DeidentificationMethod"})
_SHORTEST_LATIN, _SHORTEST_HAN = 3, 2
_WORDS = re.compile(r"[\s^=\\,;:/()\[\]_.-]+")
_HAN = re.compile("[\u2e80-\u9fff\U00020000-\U0003ffff]")


class Net:
    """Texts that name the patient and the people around him, as one object says them."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        latin = sorted((name for name in names if not _HAN.search(name)), key=len, reverse=True)
        han = sorted((name for name in names if _HAN.search(name)), key=len, reverse=True)
        parts = [rf"(?<![0-9a-z]){re.escape(name)}(?![0-9a-z])" for name in latin]
        parts += [re.escape(name) for name in han]
        self._pattern = re.compile("|".join(parts)) if parts else None

    @classmethod
    def of(cls, original: Dataset) -> Net:
        """The names in an object: of the patient, and of every person named at any depth."""
        return cls(frozenset(name for text in _texts(original) for name in _parts(text)))

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
            return element.VR in _BYTES and self._is_in(element.value)
        if element.VR not in _TEXT:
            return False
        values = element.value if element.VM > 1 else [element.value]
        return any(self._pattern.search(str(value).casefold()) for value in values)

    def _is_in(self, data: bytes) -> bool:
        """Whether bytes without a charset of their own hold a name in any that is usual."""
        if len(data) > _MOST_BYTES:
            return False
        texts = (data.decode(charset, "ignore").casefold() for charset in _CHARSETS)
        return any(self._pattern.search(text) for text in texts if self._pattern)


def _texts(original: Dataset) -> Iterator[str]:
    for element in original.iterall():
        if element.VR == "PN" or element.keyword in _NAMING:
            values = element.value if element.VM > 1 else [element.value]
            yield from (str(value) for value in values if value)


def _parts(text: str) -> Iterator[str]:
    """A text, its words, and the names that its words make, where they are long enough.

    A person name in parts (`Zhang^San=张^三`) is also written as one word, in either order.
    """
    whole = text.strip().casefold()
    groups = [[part for part in group.split("^") if part] for group in whole.split("=")]
    joined = (name for parts in groups for name in ("".join(parts), "".join(reversed(parts))))
    for word in (whole, *joined, *_WORDS.split(whole)):
        shortest = _SHORTEST_HAN if _HAN.search(word) else _SHORTEST_LATIN
        if len(word) >= shortest:
            yield word
