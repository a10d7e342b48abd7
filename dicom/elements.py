"""Small datasets as trees of elements: identifiers, attribute lists, answers (PS3.5 7). Pure.

For what a service reads whole; objects are never decoded by it. In Implicit and Explicit VR Little
Endian, which are what such services take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from struct import Struct
from struct import error as StructError  # noqa: N812 - an error class by its kind
from typing import TypeAlias

from pydicom._dicom_dict import DicomDictionary

from dicom.upper.negotiate import IMPLICIT
from gateway import ProtocolViolation

CHARSET = 0x00080005

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_DEEPEST = 16
_MOST = 20_000
LONGEST_SHORT = 0xFFFE
"""Bytes that a value can have whose length is written in two bytes."""
_LONG_FORM = frozenset(
    ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
)
_ZERO_PADDED = frozenset(("UI", "OB", "UN"))
_TAG = Struct("<HH")
_IMPLICIT = Struct("<HHI")
_EXPLICIT = Struct("<HH2sH")
_LONG = Struct("<I")


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its value as it stands on the wire, or the `items` of a sequence."""

    vr: str
    value: bytes = b""
    items: tuple[Mapping[int, Element], ...] = ()


Elements: TypeAlias = Mapping[int, Element]
"""A dataset, or an item of a sequence, by tag."""


class WrongVr(ProtocolViolation):
    """An element that isn't of a value representation that PS3.6 gives its tag."""

    def __init__(self, tag: int, vr: str) -> None:
        wanted = " or ".join(vrs_of(tag))
        super().__init__(f"({tag >> 16:04x},{tag & 0xFFFF:04x}) is {wanted}, not {vr}")
        self.tag = tag


@cache
def vrs_of(tag: int) -> tuple[str, ...]:
    """The value representations that a tag may have by PS3.6; none where it knows no such tag."""
    entry = DicomDictionary.get(tag)
    if entry is not None:
        return tuple(str(entry[0]).split(" or "))
    if tag & 0xFFFF == 0:
        return ("UL",)
    is_creator = (tag >> 16) % 2 == 1 and 0x10 <= (tag & 0xFFFF) <= 0xFF  # noqa: PLR2004 - PS3.5 7.8
    return ("LO",) if is_creator else ()


def vr_of(tag: int) -> str:
    """The value representation of a tag by PS3.6, the first where there may be several."""
    return next(iter(vrs_of(tag)), "UN")


def decode(
    data: bytes, transfer_syntax: str, most: int = _MOST, *, strict: bool = False
) -> Elements:
    """The elements of a whole dataset; ProtocolViolation if it isn't one in that syntax.

    Also for more than `most` elements and items in all. With `strict` a known tag has a VR that
    PS3.6 gives it, or WrongVr is raised; one that was sent as UN is read as PS3.6 says.
    """
    reader = _Reader(data, explicit=transfer_syntax != IMPLICIT, most=most, strict=strict)
    try:
        found, end = reader.elements(0, len(data), 0)
    except StructError:
        raise ProtocolViolation("a dataset that is cut off") from None
    if end != len(data):
        raise ProtocolViolation(f"a dataset that ends at byte {end} of {len(data)}")
    return found


def encode(elements: Elements, transfer_syntax: str) -> bytes:
    """Its bytes, in ascending order of tags; sequences of undefined length."""
    return b"".join(_written(elements, explicit=transfer_syntax != IMPLICIT))


def sequence(items: Iterable[Elements]) -> Element:
    """A sequence of these items."""
    return Element("SQ", items=tuple(items))


class _Reader:
    def __init__(self, data: bytes, *, explicit: bool, most: int, strict: bool) -> None:
        self._data, self._explicit, self._strict = data, explicit, strict
        self._most = self._left = most

    def elements(self, offset: int, end: int, depth: int) -> tuple[dict[int, Element], int]:
        """Elements up to `end`, or to the end of an item; and where they end."""
        found: dict[int, Element] = {}
        if depth > _DEEPEST:
            raise ProtocolViolation(f"sequences are nested more than {_DEEPEST} deep")
        while offset < end:
            tag, vr, length, offset = self._head(offset)
            if tag == _ITEM_END:
                return found, offset
            by = self._by(tag, vr, length)
            element, offset = self._element(vr, length, offset, end, depth, by=by)
            if tag & 0xFFFF:
                found[tag] = element
        return found, offset

    def _head(self, offset: int) -> tuple[int, str, int, int]:
        """Tag, VR, length, and where the value begins."""
        self._left -= 1
        if self._left < 0:
            raise ProtocolViolation(f"more than {self._most} elements where few belong")
        group, element = _TAG.unpack_from(self._data, offset)
        tag = group << 16 | element
        if not self._explicit or group == 0xFFFE:  # noqa: PLR2004 - items have no VR
            _, _, length = _IMPLICIT.unpack_from(self._data, offset)
            return tag, vr_of(tag), length, offset + _IMPLICIT.size
        _, _, kind, length = _EXPLICIT.unpack_from(self._data, offset)
        vr = kind.decode("ascii", "replace")
        if not (vr.isascii() and vr.isalpha() and vr.isupper()):
            raise ProtocolViolation(f"element ({group:04x},{element:04x}) has no VR")
        if vr not in _LONG_FORM:
            return tag, vr, length, offset + _EXPLICIT.size
        (length,) = _LONG.unpack_from(self._data, offset + _EXPLICIT.size)
        return tag, vr, length, offset + _EXPLICIT.size + _LONG.size

    def _by(self, tag: int, vr: str, length: int) -> str:
        """The VR by which an element is read. WrongVr."""
        allowed = vrs_of(tag) if self._strict else ()
        if not allowed:
            return vr
        if length == _UNDEFINED and "SQ" not in allowed:
            raise WrongVr(tag, "SQ")
        if vr not in (*allowed, "UN"):
            raise WrongVr(tag, vr)
        return vr if vr in allowed else allowed[0]

    def _element(
        self, vr: str, length: int, offset: int, end: int, depth: int, *, by: str
    ) -> tuple[Element, int]:
        """`vr` is the one that was sent: what UN holds is implicit (PS3.5 6.2.2)."""
        if by == "SQ" or length == _UNDEFINED:
            return self._sequence(vr, length, offset, end, depth)
        if offset + length > end:
            raise ProtocolViolation(f"an element of {length} bytes at byte {offset} of {end}")
        return Element(by, self._data[offset : offset + length]), offset + length

    def _sequence(
        self, vr: str, length: int, offset: int, end: int, depth: int
    ) -> tuple[Element, int]:
        """A sequence; one of unknown VR holds implicit VRs (PS3.5 6.2.2)."""
        explicit, self._explicit = self._explicit, self._explicit and vr == "SQ"
        stop = end if length == _UNDEFINED else offset + length
        if stop > end:
            raise ProtocolViolation(f"a sequence of {length} bytes at byte {offset} of {end}")
        items = []
        while offset < stop:
            tag, _, size, offset = self._head(offset)
            if tag == _SEQUENCE_END:
                break
            if tag != _ITEM:
                raise ProtocolViolation(f"a sequence holds {tag:08x} where an item belongs")
            bound = stop if size == _UNDEFINED else offset + size
            if bound > stop:
                raise ProtocolViolation(f"an item of {size} bytes at byte {offset} of {stop}")
            item, offset = self.elements(offset, bound, depth + 1)
            items.append(item)
        self._explicit = explicit
        return Element("SQ", items=tuple(items)), offset


def _written(elements: Elements, *, explicit: bool) -> Iterator[bytes]:
    for tag in sorted(elements):
        element = elements[tag]
        group, number = tag >> 16, tag & 0xFFFF
        if element.vr == "SQ":
            yield _head(group, number, "SQ", _UNDEFINED, explicit=explicit)
            for item in element.items:
                yield _IMPLICIT.pack(0xFFFE, 0xE000, _UNDEFINED)
                yield from _written(item, explicit=explicit)
                yield _IMPLICIT.pack(0xFFFE, 0xE00D, 0)
            yield _IMPLICIT.pack(0xFFFE, 0xE0DD, 0)
            continue
        value = element.value
        if len(value) % 2:
            value += b"\0" if element.vr in _ZERO_PADDED else b" "
        yield _head(group, number, element.vr, len(value), explicit=explicit)
        yield value


def _head(group: int, number: int, vr: str, length: int, *, explicit: bool) -> bytes:
    if not explicit:
        return _IMPLICIT.pack(group, number, length)
    if vr in _LONG_FORM:
        return _EXPLICIT.pack(group, number, vr.encode(), 0) + _LONG.pack(length)
    if length > LONGEST_SHORT:
        raise ValueError(f"({group:04x},{number:04x}) {vr} of {length} bytes")
    return _EXPLICIT.pack(group, number, vr.encode(), length)
