"""The characters of an XML document, by what says how they are encoded. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from gateway import ProtocolViolation, sentence

_UTF_8 = "utf-8"
_MARKS = (
    (codecs.BOM_UTF8, _UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""", re.ASCII)
_HEAD = 256

_WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}
"""Systems say these two for whatever GB 18030 has."""

_KNOWN = frozenset(
    (
        *("ascii", _UTF_8, "utf-16", "utf-16-le", "utf-16-be", "gb18030"),
        *("big5", "big5hkscs", "cp950", "shift_jis", "euc_jp", "euc_kr"),
        *(f"iso8859-{part}" for part in range(1, 17)),
        *(f"cp125{part}" for part in range(9)),
    )
)


def characters(body: bytes, told: str, otherwise: str) -> str:
    """The text of an XML document.

    A byte order mark decides; then what its sender told (RFC 7303, 3) or the document declares. If
    these differ and one is UTF-8, it is UTF-8 if it can be: that does not come about by chance.
    `otherwise` is for documents of which nothing says anything.
    """
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], [codec])
    said = list(dict.fromkeys(_codec(name, body) for name in _names(body, told)))
    said.sort(key=lambda codec: codec != _UTF_8)
    return _decoded(body, said or [_codec(otherwise, body)])


def _names(body: bytes, told: str) -> Iterator[str]:
    if told:
        yield told
    for begin, codec in _UNMARKED:
        if body.startswith(begin):
            yield codec
            return
    declared = _DECLARED.match(body[:_HEAD])
    if declared is not None:
        yield declared[1].decode("ascii")


def _codec(name: str, body: bytes) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    codec = _WIDER.get(found, found)
    if codec not in _KNOWN:
        raise ProtocolViolation(sentence("{name} is no encoding of text here", name=name), body)
    return codec


def _decoded(body: bytes, said: list[str]) -> str:
    """By the first of these encodings in which it is a text."""
    for codec in said[:-1]:
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    try:
        return body.decode(said[-1])
    except UnicodeDecodeError as error:
        raise ProtocolViolation(
            sentence("the document is no XML: {error}", error=error), body
        ) from error
