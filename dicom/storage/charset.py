"""Text of a dataset by its Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SINGLE = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "latin_1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 166": "iso8859_11",
    "ISO_IR 192": "utf_8",
    "ISO_IR 203": "iso8859_15",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
"""Defined terms without code extensions."""

_EXTENDED = {
    "ISO 2022 IR 6": "ascii",
    "ISO 2022 IR 13": "shift_jis",
    "ISO 2022 IR 58": "gb2312",
    "ISO 2022 IR 87": "iso2022_jp",
    "ISO 2022 IR 149": "euc_kr",
    "ISO 2022 IR 159": "iso2022_jp_2",
    "ISO 2022 GBK": "gbk",
    "ISO 2022 58": "gb2312",
} | {
    f"ISO 2022 IR {term.removeprefix('ISO_IR ')}": codec
    for term, codec in _SINGLE.items()
    if term.startswith("ISO_IR 1") and term not in ("ISO_IR 13", "ISO_IR 192")
}
"""Defined terms with code extensions: as the first value, what counts before an escape."""

_ESCAPES = {
    b"(B": "ascii",
    b"(J": "shift_jis",
    b")I": "shift_jis",
    b"-A": "latin_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-T": "iso8859_11",
    b"-b": "iso8859_15",
    b"$)A": "gb2312",
    b"$)C": "euc_kr",
    b"$B": "iso2022_jp",
    b"$(D": "iso2022_jp_2",
}
"""What follows ESC, and the codec of the bytes after it."""

_FROM_ESCAPE = frozenset({"iso2022_jp", "iso2022_jp_2"})
"""Codecs that need the escape in front to know their table."""

_ESCAPE = b"\x1b"
_BY_LENGTH = tuple(sorted(_ESCAPES, key=len, reverse=True))
_DELIMITERS = b"^=\\"
_PARTS = re.compile(r"[^\^=\\\r\n\t\f]+|[\^=\\\r\n\t\f]")
_ESCAPE_OF = {codec: escape for escape, codec in _ESCAPES.items() if escape not in (b"(B", b"(J")}
_ALWAYS_ESCAPED = frozenset({"gb2312", "euc_kr"})
"""Sets of two bytes a character: G1 holds them only behind their escape."""


class UnknownCharset(ValueError):  # noqa: N818 - what it is
    """A Specific Character Set that is none, or bytes that it doesn't have."""


def defined_terms() -> tuple[str, ...]:
    """Every Specific Character Set that is read, without those that are only misspelt."""
    terms = (*_SINGLE, *_EXTENDED)
    return tuple(each for each in terms if each.startswith(("ISO_IR", "ISO 2022 IR", "GB")))


def codec_of(terms: Sequence[str]) -> str:
    """Python's codec for the first value of Specific Character Set; UnknownCharset."""
    first = terms[0].strip().replace("_IR_", "_IR ") if terms else ""
    codec = _SINGLE.get(first) or _EXTENDED.get(first)
    if codec is None:
        raise UnknownCharset(f"unknown character set {first[:32]!r}")
    return "ascii" if codec in _FROM_ESCAPE else codec


def known_charset(text: str) -> str:
    """The defined terms of a setting, joined by backslashes, as they are; UnknownCharset."""
    terms = text.split("\\")
    try:
        for place, term in enumerate(terms):
            codec_of([term] if place == 0 or term in _EXTENDED else ["?"])
    except UnknownCharset:
        raise UnknownCharset(
            f"unknown character set {text[:64]!r}: write defined terms such as GB18030, ISO_IR 192"
            " or \\ISO 2022 IR 58"
        ) from None
    return text


def decode_text(data: bytes, codec: str) -> str:
    """Text in `codec` until an escape says otherwise; UnknownCharset if it can't be it."""
    if data.isascii() and _ESCAPE not in data:
        return data.decode("ascii")
    try:
        first, *rest = data.split(_ESCAPE)
        return first.decode(codec) + "".join(_escaped(each, codec) for each in rest)
    except UnicodeDecodeError as error:
        raise UnknownCharset(f"bytes that are not {codec}: {error.reason}") from None


def _escaped(fragment: bytes, initial: str) -> str:
    """What follows an escape; behind a delimiter the first set counts again (PS3.5 6.1.2.5.3)."""
    for escape in _BY_LENGTH:
        if fragment.startswith(escape):
            codec, text = _ESCAPES[escape], fragment[len(escape) :]
            if codec in _FROM_ESCAPE:
                return (_ESCAPE + escape + text).decode(codec)
            end = next((place for place, byte in enumerate(text) if byte in _DELIMITERS), len(text))
            return text[:end].decode(codec) + text[end:].decode(initial)
    raise UnknownCharset(f"unknown escape sequence {fragment[:3]!r}")


def encode_text(text: str, terms: Sequence[str]) -> bytes:
    """Text in a Specific Character Set of one or more terms; UnknownCharset if it has not all.

    With code extensions each component begins in the first set anew (PS3.5 6.1.2.5.3).
    """
    if text.isascii():
        return text.encode("ascii")
    cleaned = [term.strip() for term in terms] or [""]
    if cleaned[0] in _SINGLE and len(cleaned) == 1:
        return _in_one(text, _SINGLE[cleaned[0]])
    return b"".join(_in_some(part, cleaned) for part in _PARTS.findall(text))


def can_encode(texts: Iterable[str], terms: Sequence[str]) -> bool:
    """Whether every text can be written in a Specific Character Set."""
    try:
        for text in texts:
            encode_text(text, terms)
    except UnknownCharset:
        return False
    return True


def _in_one(text: str, codec: str) -> bytes:
    try:
        data = text.encode(codec)
    except UnicodeEncodeError as error:
        raise UnknownCharset(f"{codec} lacks {text[error.start]!r}") from None
    if codec == "shift_jis" and len(data) != len(text):
        raise UnknownCharset("ISO_IR 13 has no ideographs")
    return data


def _in_some(part: str, terms: Sequence[str]) -> bytes:
    """A component in the first of several sets that has it, behind its escape."""
    if part.isascii():
        return part.encode("ascii")
    for place, term in enumerate(terms):
        codec = _SINGLE.get(term) or _EXTENDED.get(term)
        escape = _ESCAPE_OF.get(codec or "")
        if codec is None or (place and escape is None):
            continue
        try:
            data = _in_one(part, codec)
        except UnknownCharset:
            continue
        if codec in _FROM_ESCAPE or (place == 0 and codec not in _ALWAYS_ESCAPED):
            return data
        return _ESCAPE + (escape or b"") + data
    raise UnknownCharset(f"no set of {'/'.join(terms)} has {part[:16]!r}")
