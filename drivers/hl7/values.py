"""OBX-5 by the type that OBX-2 names (HL7 v2.5.1, 2.A): digits as sent, numbers beside them."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import Any, TypeAlias

from drivers.hl7.message import Segment
from gateway import Operator, Quality

_VALUE = 5
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_COMPARED = re.compile(r"(<=|>=|<|>|≤|≥)\s*(.+)", re.DOTALL)
_OPERATORS = {
    "<": Operator.LESS,
    "<=": Operator.AT_MOST,
    "≤": Operator.AT_MOST,
    ">": Operator.GREATER,
    ">=": Operator.AT_LEAST,
    "≥": Operator.AT_LEAST,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A value. `data` describes an image or document whose bytes stay in the journal."""

    text: str
    number: float | None = None
    operator: Operator | None = None
    quality: Quality = Quality.GOOD
    data: Mapping[str, Any] | None = None
    coded: Sequence[str] = ()


_Reader: TypeAlias = Callable[[Segment], Measured]


def read_value(observation: Segment, no_result: Sequence[str] = ()) -> Measured:
    """The value of an OBX; ValueError if it is not of the type that OBX-2 says.

    Texts of `no_result`, and nothing at all, are a value that could not be measured: BAD.
    """
    sent = observation.raw(_VALUE).strip()
    if not sent or sent == '""' or sent in no_result:
        return Measured("" if sent == '""' else sent, quality=Quality.BAD)
    return _READERS.get(observation.component(2), _words)(observation)


def number(text: str) -> tuple[str, float | None, Operator | None]:
    """Digits, their number and a comparator before them; words stay words."""
    compared = _COMPARED.fullmatch(text)
    digits = compared[2] if compared else text
    if not _NUMBER.fullmatch(digits) or not isfinite(value := float(digits)):
        return text, None, None
    return digits, value, _OPERATORS[compared[1]] if compared else None


def _numeric(observation: Segment) -> Measured:
    text, value, operator = number(observation.text(_VALUE).strip())
    if value is None:
        raise ValueError(f"{text!r} is no number")
    return Measured(text, value, operator)


def _structured(observation: Segment) -> Measured:
    """SN: comparator, number, separator or suffix, number."""
    comparator, first, between, second = (*observation.components(_VALUE), "", "", "", "")[:4]
    if any(part.strip() and not _NUMBER.fullmatch(part.strip()) for part in (first, second)):
        raise ValueError(f"{observation.raw(_VALUE)!r} is no structured number")
    whole = "".join(part.strip() for part in (comparator, first, between, second))
    operator = _OPERATORS.get(comparator.strip())
    if between.strip() or second.strip() or (comparator.strip() and operator is None):
        return Measured(whole)
    digits = first.strip()
    return Measured(digits, float(digits) if digits else None, operator)


def _words(observation: Segment) -> Measured:
    repetitions = observation.repetitions(_VALUE)
    if len(repetitions) > 1:
        return Measured("\n".join("^".join(each) for each in repetitions))
    return Measured(*number(observation.text(_VALUE).strip()))


def _coded(observation: Segment) -> Measured:
    components = observation.components(_VALUE)
    code, *rest = components
    text = rest[0] if rest and rest[0].strip() else code
    return Measured(text.strip(), coded=tuple(components[:3]))


def _data(observation: Segment) -> Measured:
    """ED: source, type, subtype, encoding, data; some send the Base64 text alone."""
    parts = observation.components(_VALUE)
    _, kind, subtype, encoding, sent = (
        (*parts, "", "", "", "")[:5] if parts[1:] else ("",) * 4 + (parts[0],)
    )
    raw = _decoded(sent, encoding)
    known = {"type": kind, "subtype": subtype, "encoding": encoding}
    data = {key: text for key, text in known.items() if text}
    if raw is None:
        return Measured("", quality=Quality.BAD, data={**data, "characters": len(sent)})
    digest = f"sha256:{sha256(raw).hexdigest()}"
    return Measured("", data={**data, "size": len(raw), "digest": digest})


def _decoded(sent: str, encoding: str) -> bytes | None:
    try:
        match encoding.strip().lower():
            case "hex":
                return bytes.fromhex(sent)
            case "a":
                return sent.encode()
            case _:
                return b64decode("".join(sent.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


_READERS: Mapping[str, _Reader] = {
    "NM": _numeric,
    "SN": _structured,
    "CE": _coded,
    "CWE": _coded,
    "CNE": _coded,
    "CF": _coded,
    "ED": _data,
}
