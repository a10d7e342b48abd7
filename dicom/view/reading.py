"""Attributes of a file as rows of text. Runs in the decoding process."""

from __future__ import annotations

from collections.abc import Iterator, MutableSequence
from itertools import islice
from pathlib import Path

from pydicom.charset import decode_bytes
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag

from dicom.view.opened import opened
from dicom.view.words import Attributes, Row

MOST_ROWS = 3000
_LONGEST = 2048
"""Bytes of an element that is decoded whole; of a longer one its beginning is shown."""
_SHOWN = 200
_DEEPEST = 12
_DELIMITERS = set(b"\r\n\t\f")
_BINARY = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})


def attributes(file: Path, charset: str) -> Attributes:
    """The leading rows of a file; pixels are left where they are. `charset` as in `opened`.

    pydicom's errors for a file that is none.
    """
    dataset = opened(file, charset, defer_size=1_048_576)
    found = list(islice(_rows(dataset, 0), MOST_ROWS + 1))
    return Attributes(found[:MOST_ROWS], len(found) > MOST_ROWS)


def _rows(dataset: Dataset, depth: int) -> Iterator[Row]:
    for tag in sorted(dataset.keys()):
        raw: object = dataset.get_item(tag)
        if isinstance(raw, RawDataElement) and _is_long(raw):
            yield _long(raw, depth, dataset.original_character_set)
            continue
        try:
            element = dataset[tag]
        except (ValueError, TypeError, NotImplementedError, LookupError) as error:
            yield Row(depth, _tag(tag), "??", "", f"unreadable: {error}"[:_SHOWN], 0)
            continue
        yield from _element(element, depth)


def _element(element: DataElement, depth: int) -> Iterator[Row]:
    tag, vr = element.tag, element.VR
    name = element.name if not tag.is_private else element.name.strip("[]")
    if vr != "SQ":
        text, size = _value(element)
        yield Row(depth, _tag(tag), vr, name, text, size, 0, tag.is_private)
        return
    items = element.value if isinstance(element.value, Items) else Items()
    yield Row(depth, _tag(tag), vr, name, "", len(items), 0, tag.is_private)
    if depth >= _DEEPEST:
        return
    for number, item in enumerate(items, 1):
        yield Row(depth + 1, "", "", "", "", 0, number, tag.is_private)
        yield from _rows(item, depth + 1)


def _value(element: DataElement) -> tuple[str, int]:
    """Text as far as it is shown, and the number of bytes where it is binary."""
    value = element.value
    if isinstance(value, bytes):
        return "", len(value)
    if value is None:
        return "", 0
    text = str(value) if element.VM <= 1 else "\\".join(str(each) for each in value)
    return _cut(text), 0


def _is_long(raw: RawDataElement) -> bool:
    vr = raw.VR or _known_vr(raw.tag)
    return vr != "SQ" and (raw.value is None or len(raw.value) > _LONGEST)


def _long(raw: RawDataElement, depth: int, encodings: str | MutableSequence[str]) -> Row:
    vr = raw.VR or _known_vr(raw.tag)
    data = (raw.value or b"")[:_SHOWN]
    text = "" if vr in _BINARY or raw.value is None else _beginning(data, encodings)
    name = keyword_for_tag(raw.tag)
    return Row(depth, _tag(raw.tag), vr, name, _cut(f"{text} …"), raw.length, 0, raw.tag.is_private)


def _beginning(data: bytes, encodings: str | MutableSequence[str]) -> str:
    """Text that may be cut within a character."""
    known = [encodings] if isinstance(encodings, str) else list(encodings)
    return decode_bytes(data, known, _DELIMITERS).rstrip("\N{REPLACEMENT CHARACTER}")


def _known_vr(tag: BaseTag) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _cut(text: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def _tag(tag: BaseTag) -> str:
    return f"({tag.group:04X},{tag.element:04X})"
