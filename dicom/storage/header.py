"""The leading elements of a dataset, read without decoding the rest (PS3.5 7). Pure.

Works on a prefix: what lies beyond it is not looked at, and lengths are never allocated.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 - an error class by its kind

from gateway import ProtocolViolation

IMPLICIT_VR = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = frozenset(
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_LONG_FORM = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_SHORT_FORM = frozenset(
    kind.encode()
    for kind in (
        *("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD", "IS", "LO", "LT", "PN", "SH"),
        *("SL", "SS", "ST", "TM", "UI", "UL", "US"),
    )
)
_DEEPEST = 32
_FIRST_GROUP = 0x0008
_MOST_ELEMENTS = 200_000
_LONGEST_VALUE = 16_384
"""A wanted value longer than this is no name, date or UID."""


class Incomplete(Exception):  # noqa: N818 - a state, not a fault
    """The prefix ends before the wanted elements do."""


@dataclass(frozen=True, slots=True)
class Header:
    """Raw values by tag, and how long the dataset is at least, by the lengths that were seen."""

    values: Mapping[int, bytes]
    at_least: int
    big_endian: bool = False


@dataclass(frozen=True, slots=True)
class _Encoding:
    """`head` unpacks group, element, and then VR and short length, or the long length."""

    explicit: bool
    head: Struct
    long: Struct


_IMPLICIT = _Encoding(explicit=False, head=Struct("<HHI"), long=Struct("<I"))
_EXPLICIT = _Encoding(explicit=True, head=Struct("<HH2sH"), long=Struct("<I"))
_EXPLICIT_BIG = _Encoding(explicit=True, head=Struct(">HH2sH"), long=Struct(">I"))


def read_header(
    prefix: bytes,
    transfer_syntax: str,
    wanted: Collection[int],
    last: int,
    *,
    whole: bool = False,
) -> Header:
    """Values of the `wanted` tags up to tag `last`, from the beginning of a dataset.

    Incomplete if the prefix ends too early and is not the `whole` dataset; ProtocolViolation if
    it isn't a dataset in this transfer syntax.
    """
    if transfer_syntax in DEFLATED:
        data, whole = _inflate(prefix)
        return _Scan(data, _EXPLICIT, wanted, last, whole=whole, deflated=True).run()
    if transfer_syntax == IMPLICIT_VR:
        return _Scan(prefix, _IMPLICIT, wanted, last, whole=whole).run()
    encoding = _EXPLICIT_BIG if transfer_syntax == BIG_ENDIAN else _EXPLICIT
    return _Scan(prefix, encoding, wanted, last, whole=whole).run()


class _Scan:
    def __init__(
        self,
        data: bytes,
        encoding: _Encoding,
        wanted: Collection[int],
        last: int,
        *,
        whole: bool,
        deflated: bool = False,
    ) -> None:
        self._data, self._encoding = data, encoding
        self._wanted, self._last = wanted, last
        self._whole, self._deflated = whole, deflated
        self._left = _MOST_ELEMENTS

    def run(self) -> Header:
        values: dict[int, bytes] = {}
        offset = 0
        try:
            while True:
                tag, kind, length, offset = self._element(offset, self._encoding)
                if tag >> 16 < _FIRST_GROUP:
                    raise ProtocolViolation(
                        f"element ({tag >> 16:04x},{tag & 0xFFFF:04x}) does not belong in a dataset"
                    )
                if tag > self._last:
                    return Header(values, self._rest(length, offset), self._is_big)
                if length == _UNDEFINED:
                    offset = self._past_sequence(offset, _within(kind, self._encoding), 0)
                    continue
                if tag in self._wanted:
                    values[tag] = self._value(tag, offset, length)
                offset += length
        except StructError:
            if self._whole and offset == len(self._data):
                return Header(values, offset, self._is_big)
            raise Incomplete from None

    @property
    def _is_big(self) -> bool:
        return self._encoding is _EXPLICIT_BIG

    def _element(self, offset: int, encoding: _Encoding) -> tuple[int, bytes, int, int]:
        """Tag, VR (nothing if it has none), length and place of the value at `offset`."""
        self._left -= 1
        if self._left < 0:
            raise ProtocolViolation(f"more than {_MOST_ELEMENTS} elements before the identity ends")
        data = self._data
        if not encoding.explicit:
            group, element, length = encoding.head.unpack_from(data, offset)
            return group << 16 | element, b"", length, offset + 8
        group, element, kind, length = encoding.head.unpack_from(data, offset)
        if group == 0xFFFE:  # noqa: PLR2004 - items have no VR, though a length may spell one
            (length,) = encoding.long.unpack_from(data, offset + 4)
            return group << 16 | element, b"", length, offset + 8
        if kind in _SHORT_FORM:
            return group << 16 | element, kind, length, offset + 8
        if kind in _LONG_FORM:
            (length,) = encoding.long.unpack_from(data, offset + 8)
            return group << 16 | element, kind, length, offset + 12
        raise ProtocolViolation(
            f"element ({group:04x},{element:04x}) has no value representation:"
            " the dataset is not in the transfer syntax that was agreed"
        )

    def _value(self, tag: int, offset: int, length: int) -> bytes:
        if length > _LONGEST_VALUE:
            raise ProtocolViolation(
                f"element ({tag >> 16:04x},{tag & 0xFFFF:04x}) announces {length} bytes"
            )
        if offset + length > len(self._data):
            raise Incomplete
        return self._data[offset : offset + length]

    def _past_sequence(self, offset: int, encoding: _Encoding, depth: int) -> int:
        """Where the sequence of undefined length whose items begin at `offset` has ended."""
        if depth > _DEEPEST:
            raise ProtocolViolation(f"sequences are nested more than {_DEEPEST} deep")
        while True:
            tag, _, length, offset = self._element(offset, encoding)
            if tag == _SEQUENCE_END:
                return offset
            if tag != _ITEM:
                raise ProtocolViolation(f"a sequence holds {tag:08x} where an item belongs")
            if length == _UNDEFINED:
                offset = self._past_item(offset, encoding, depth + 1)
            else:
                offset += length

    def _past_item(self, offset: int, encoding: _Encoding, depth: int) -> int:
        while True:
            tag, kind, length, offset = self._element(offset, encoding)
            if tag == _ITEM_END:
                return offset
            if length == _UNDEFINED:
                offset = self._past_sequence(offset, _within(kind, encoding), depth + 1)
            else:
                offset += length

    def _rest(self, length: int, offset: int) -> int:
        """Follow top-level lengths as far as the prefix shows them."""
        if self._deflated:
            return 0
        seen = offset
        try:
            while length != _UNDEFINED:
                seen = offset + length
                if seen >= len(self._data):
                    break
                _, _, length, offset = self._element(seen, self._encoding)
        except (StructError, ProtocolViolation):
            return seen
        return seen if length != _UNDEFINED else max(seen, offset)


def _within(kind: bytes, encoding: _Encoding) -> _Encoding:
    """How a value of undefined length is written: UN is implicit, little endian (PS3.5 6.2.2)."""
    return _IMPLICIT if kind == b"UN" else encoding


def _inflate(prefix: bytes) -> tuple[bytes, bool]:
    """The beginning of a deflated dataset, and whether it is all (PS3.5 A.5).

    Never more than sixteen times the size of the prefix.
    """
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return machine.decompress(prefix, 16 * len(prefix) + 4096), machine.eof
    except zlib.error as error:
        raise ProtocolViolation(f"the dataset is not deflated: {error}") from error
