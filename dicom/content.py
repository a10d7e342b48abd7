"""Small datasets as values: DICOM JSON (PS3.18 F.2) from encoded bytes, and back. Pure.

Texts are Unicode whatever character set they came in; decimal and integer strings stay text, as
they were written; the character set itself is no part of a value. For messages that fit in
memory: work items, identifiers, event reports. Bytes are `dicom.elements`' business.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from struct import Struct, pack, unpack
from struct import error as StructError  # noqa: N812 - an error class by its kind
from typing import Any, TypeAlias

from pydicom.datadict import tag_for_keyword

from dicom import elements
from dicom.elements import CHARSET, Element, Elements, WrongVr, vr_of, vrs_of
from dicom.storage.charset import UnknownCharset, codec_of, decode_text
from dicom.upper.negotiate import EXPLICIT, IMPLICIT
from gateway import ProtocolViolation

Content: TypeAlias = dict[str, Any]
"""Elements by tag, eight upper-case hexadecimal digits, each `{"vr": …, "Value": […]}`."""

UNICODE = "ISO_IR 192"

_BINARY = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_TEXT = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
_ASCII = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"))
_WHOLE = frozenset(("LT", "ST", "UR", "UT"))
"""A backslash in these is a character."""
_NUMBERS = {
    "FD": "d",
    "FL": "f",
    "SL": "i",
    "SS": "h",
    "SV": "q",
    "UL": "I",
    "US": "H",
    "UV": "Q",
}
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_AT = 4
_TAG_DIGITS = 8


def tag(keyword: str) -> str:
    """The key of an element by its keyword in PS3.6; KeyError if there is none."""
    number = tag_for_keyword(keyword)
    if number is None:
        raise KeyError(keyword)
    return f"{number:08X}"


def values(content: Mapping[str, Any], key: str) -> Sequence[Any]:
    """All values of an element; none if it is empty or absent."""
    element = content.get(key)
    found: Sequence[Any] = element.get("Value", ()) if element is not None else ()
    return found


def first(content: Mapping[str, Any], key: str) -> Any:
    """The first value, or None."""
    return next(iter(values(content, key)), None)


def text(content: Mapping[str, Any], key: str) -> str:
    """The first value as text (a name's first group that it has), or ''."""
    found = first(content, key)
    if isinstance(found, Mapping):
        return next((str(found[each]) for each in _NAME_GROUPS if found.get(each)), "")
    return "" if found is None else str(found)


def has_value(content: Mapping[str, Any], key: str) -> bool:
    """Whether an element says something; empty values, and items without any, say nothing."""
    element = content.get(key, {})
    return bool(element.get("InlineBinary")) or any(map(_is_said, element.get("Value", ())))


def _is_said(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(
            has_value(value, key) if isinstance(each, Mapping) else _is_said(each)
            for key, each in value.items()
        )
    return bool(value.strip()) if isinstance(value, str) else value is not None


def count(content: Mapping[str, Any]) -> int:
    """How many elements, values and items there are, at every depth."""
    return sum(
        1
        + len(each.get("Value", ()))
        + sum(count(item) for item in each.get("Value", ()) if each["vr"] == "SQ")
        for each in content.values()
    )


def misnamed(content: Mapping[str, Any]) -> str:
    """The first element, at any depth, that isn't of a VR that PS3.6 gives it, in words; or ''."""
    for key, each in content.items():
        number, vr = int(key, 16), each["vr"]
        if vr not in (vrs_of(number) or (vr,)):
            return str(WrongVr(number, vr))
        for item in each.get("Value", ()) if vr == "SQ" else ():
            if inner := misnamed(item):
                return inner
    return ""


def element(keyword: str, *of: Any) -> tuple[str, dict[str, Any]]:
    """Key and element with these values; without any it is empty."""
    key = tag(keyword)
    vr = vr_of(int(key, 16))
    return key, {"vr": vr, "Value": list(of)} if of else {"vr": vr}


# Bytes to values.


def decode(
    data: bytes, transfer_syntax: str, most: int = 20_000, *, strict: bool = False
) -> Content:
    """ProtocolViolation if it isn't a dataset in this uncompressed transfer syntax.

    Also for more than `most` elements, and for a text with bytes that its character set doesn't
    know: nothing is guessed. `strict` as in `elements.decode`.
    """
    if transfer_syntax not in (EXPLICIT, IMPLICIT):
        raise ProtocolViolation(f"a dataset in transfer syntax {transfer_syntax} where none can be")
    return values_of(elements.decode(data, transfer_syntax, most, strict=strict))


def values_of(found: Elements) -> Content:
    """Elements as values; ProtocolViolation for those that aren't what their VR says."""
    try:
        return _contents(found, "")
    except UnknownCharset as error:
        raise ProtocolViolation(str(error)) from None


def declared(data: bytes, transfer_syntax: str) -> str:
    """The Specific Character Set of a dataset, or ''; ProtocolViolation if it isn't one."""
    return _declared(elements.decode(data, transfer_syntax), "")


def _declared(found: Elements, above: str) -> str:
    said = found.get(CHARSET)
    return said.value.decode("ascii", "replace").strip(" \0") if said is not None else above


def _contents(found: Elements, above: str) -> Content:
    charset = _declared(found, above)
    codec = codec_of(charset.split("\\"))
    content: Content = {}
    for number, each in found.items():
        if number == CHARSET:
            continue
        if each.vr == "SQ":
            items = [_contents(item, charset) for item in each.items]
            content[f"{number:08X}"] = {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
        else:
            content[f"{number:08X}"] = _element(each.vr, each.value, codec)
    return content


def _element(vr: str, raw: bytes, codec: str) -> dict[str, Any]:
    if vr in _BINARY:
        return {"vr": vr, "InlineBinary": b64encode(raw).decode()} if raw else {"vr": vr}
    if vr == "AT":
        if len(raw) % _AT:
            raise ProtocolViolation(f"an AT of {len(raw)} bytes")
        halves = unpack(f"<{len(raw) // 2}H", raw)
        pairs = zip(halves[::2], halves[1::2], strict=True)
        found: list[Any] = [f"{group << 16 | low:08X}" for group, low in pairs]
    elif vr in _NUMBERS:
        kind = _NUMBERS[vr]
        size = Struct(f"<{kind}").size
        if len(raw) % size:
            raise ProtocolViolation(f"a {vr} of {len(raw)} bytes")
        found = list(unpack(f"<{len(raw) // size}{kind}", raw))
    elif vr not in _TEXT and vr not in _ASCII:
        raise ProtocolViolation(f"{vr!r} is no value representation")
    else:
        found = _texts(vr, decode_text(raw, codec if vr in _TEXT else "ascii"))
    return {"vr": vr, "Value": found} if found else {"vr": vr}


def _texts(vr: str, said: str) -> list[Any]:
    """Values without padding; an empty one among several is None (PS3.18 F.2.5)."""
    if vr in _WHOLE:
        said = said.rstrip(" \0")
        return [said] if said else []
    parts = [each.strip(" \0") for each in said.split("\\")]
    if not any(parts):
        return []
    return [(_name(each) if vr == "PN" else each) if each else None for each in parts]


def _name(said: str) -> dict[str, str]:
    groups = zip(_NAME_GROUPS, said.split("="), strict=False)
    return {group: part for group, part in groups if part}


# Values to bytes.


def encode(content: Mapping[str, Any], transfer_syntax: str, charset: str = "") -> bytes:
    """The dataset, its character set declared if a text needs one.

    `charset` is what the receiver would like (one value); where it can't say a text, or has code
    extensions, it is Unicode. ValueError for a value that its VR can't hold.
    """
    said, codec = _charset(content, charset)
    if said:
        content = {**content, f"{CHARSET:08X}": {"vr": "CS", "Value": [said]}}
    return elements.encode(_elements(content, codec), transfer_syntax)


def _elements(content: Mapping[str, Any], codec: str) -> Elements:
    return {int(key, 16): _encoded(each, codec) for key, each in content.items()}


def _encoded(each: Mapping[str, Any], codec: str) -> Element:
    vr, found = each["vr"], each.get("Value", ())
    if vr == "SQ":
        return elements.sequence(_elements(item, codec) for item in found)
    return Element(vr, _body(vr, each, codec))


def _body(vr: str, each: Mapping[str, Any], codec: str) -> bytes:
    found: Sequence[Any] = each.get("Value", ())
    if vr in _BINARY:
        return _from_base64(each.get("InlineBinary", ""))
    if vr == "AT":
        return b"".join(_tag(one) for one in found)
    if vr in _NUMBERS:
        try:
            return b"".join(pack(f"<{_NUMBERS[vr]}", one) for one in found)
        except StructError as error:
            raise ValueError(f"a {vr} can't hold {list(found)}: {error}") from None
    said = "\\".join(_said(vr, one) for one in found)
    return said.encode(codec if vr in _TEXT else "ascii")


def _tag(said: Any) -> bytes:
    if not (isinstance(said, str) and len(said) == _TAG_DIGITS):
        raise ValueError(f"an AT holds tags of eight hexadecimal digits, not {said!r}")
    return pack("<HH", int(said[:4], 16), int(said[4:], 16))


def _charset(content: Mapping[str, Any], wanted: str) -> tuple[str, str]:
    said = "".join(_all_texts(content))
    if said.isascii():
        return "", "ascii"
    if wanted and "\\" not in wanted and not wanted.startswith("ISO 2022"):
        try:
            codec = codec_of([wanted])
            said.encode(codec)
        except (UnknownCharset, UnicodeEncodeError):
            return UNICODE, "utf_8"
        return wanted, codec
    return UNICODE, "utf_8"


def _all_texts(content: Mapping[str, Any]) -> Iterator[str]:
    for each in content.values():
        for value in each.get("Value", ()):
            if isinstance(value, str):
                yield value
            elif isinstance(value, Mapping):
                is_name = each["vr"] == "PN"
                yield from map(str, value.values()) if is_name else _all_texts(value)


def _said(vr: str, value: Any) -> str:
    if value is None:
        return ""
    if vr == "PN" and isinstance(value, Mapping):
        return "=".join(str(value.get(group, "")) for group in _NAME_GROUPS).rstrip("=")
    return str(value)


def _from_base64(said: str) -> bytes:
    try:
        return b64decode(said, validate=True)
    except (Base64Error, ValueError):
        raise ValueError("InlineBinary is no base64") from None
