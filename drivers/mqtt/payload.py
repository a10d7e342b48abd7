"""Payloads read without changing a digit, and without trusting a byte."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from gateway import ProtocolViolation, sentence, unique_members

MAX_PAYLOAD = 262_144
"""Bytes of the largest payload that is interpreted; sensors send hundreds."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


class Digits(str):
    """A JSON number, kept as it was written."""

    __slots__ = ()


def parse_text(payload: bytes) -> str:
    """The payload as text; ProtocolViolation if it is too long or not UTF-8."""
    if len(payload) > MAX_PAYLOAD:
        size = len(payload)
        raise ProtocolViolation(
            sentence("{size} bytes are more than {most}", size=size, most=MAX_PAYLOAD), payload
        )
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise ProtocolViolation(
            sentence("not UTF-8 at byte {at}", at=error.start), payload
        ) from error


def parse_json(payload: bytes) -> object:
    """The payload as a JSON document (RFC 8259) whose numbers are `Digits`.

    A name given twice in one object is a ProtocolViolation: which of them holds is a guess.
    """
    text = parse_text(payload)
    try:
        document: object = _decode(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation(sentence("not JSON: {error}", error=error), payload) from error
    if "\\ud" in text.lower() and not _is_unicode(document):
        raise ProtocolViolation(sentence("not JSON: half of a surrogate pair"), payload)
    return document


def number(text: str) -> float | None:
    """The number that a text is in JSON's grammar; None if it is none or overflows."""
    if not isinstance(text, Digits) and _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decode = json.JSONDecoder(
    parse_float=Digits, parse_int=Digits, parse_constant=_refuse, object_pairs_hook=unique_members
).decode


def _is_unicode(document: object) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True
