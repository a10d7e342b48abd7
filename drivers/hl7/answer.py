"""What a sender is told: ACK in original and enhanced mode (HL7 v2.5.1, 2.9). A strict writer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from drivers.hl7.delimiters import STANDARD
from drivers.hl7.escapes import escape
from drivers.hl7.header import Header
from drivers.hl7.refusal import HL7_0357, Refusal, Verdict

_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?-(\d+)(?:\.(\d+))?")
_LONGEST_TEXT = 80
_FALLBACK_VERSION = "2.3.1"
_REPLIES = {
    "ORM^O01": ("ORR", "O02"),
    "OMG^O19": ("ORG", "O20"),
    "OML^O21": ("ORL", "O22"),
    "OML^O33": ("ORL", "O34"),
    "OML^O35": ("ORL", "O36"),
}
"""The application answer to an order (HL7 v2.5.1, 4.4)."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What every answer carries: when it was written, and a control id of our own."""

    at: datetime
    control_id: str


def answers(header: Header | None, refusal: Refusal | None, sealed: Sealed) -> tuple[str, ...]:
    """The answers to a message, in order; none if its sender asked for none.

    `header` is None where MSH can't be read. `refusal` is None for what is accepted. In enhanced
    mode the accept acknowledgement comes first, and an application acknowledgement follows only
    what was accepted; an empty MSH-15 or -16 beside a filled one counts as NE.
    """
    verdict = refusal.verdict if refusal else Verdict.ACCEPT
    if header is None or not header.enhanced:
        return (_written(header, verdict, refusal, sealed),)
    wanted: list[str] = []
    if _is_due(header.accept_when, verdict):
        wanted.append("C" + verdict[1])
    if _is_due(header.answer_when, verdict) and not (wanted and refusal):
        wanted.append(verdict)
    second = Sealed(sealed.at, f"{sealed.control_id}-2")
    pairs = zip(wanted, (sealed, second), strict=False)
    return tuple(_written(header, code, refusal, each) for code, each in pairs)


def segment(*fields: str) -> str:
    """A segment whose fields are escaped already; empty ones at its end are left out."""
    return STANDARD.field.join(fields).rstrip(STANDARD.field)


def components(*texts: str) -> str:
    """A field of these components, escaped."""
    return STANDARD.component.join(escape(text, STANDARD) for text in texts).rstrip(
        STANDARD.component
    )


def _is_due(condition: str, verdict: Verdict) -> bool:
    return condition in {"AL", "SU" if verdict is Verdict.ACCEPT else "ER"}


def _written(header: Header | None, code: str, refusal: Refusal | None, sealed: Sealed) -> str:
    lines = [_msh(header, code, sealed), _msa(header, code, refusal)]
    if refusal:
        lines.append(_err(refusal, modern=_is_modern(header)))
    return "\r".join(lines) + "\r"


def _is_modern(header: Header | None) -> bool:
    return header is not None and header.known_version and not header.before("2.5")


def _msh(header: Header | None, code: str, sealed: Sealed) -> str:
    at = f"{sealed.at:%Y%m%d%H%M%S}"
    if header is None:
        own = ("", "", "", "", at, "", "ACK", sealed.control_id, "P", _FALLBACK_VERSION)
        return segment("MSH", STANDARD.encoding, *own)
    return segment(
        "MSH",
        STANDARD.encoding,
        _echo(header.receiver),
        _echo(header.receiving_facility),
        _echo(header.application),
        _echo(header.facility),
        at,
        "",
        _kind(header, code),
        sealed.control_id,
        _echo(header.processing) or "P",
        _echo(header.version) if header.known_version else _FALLBACK_VERSION,
        *("", "", ""),
        "" if header.enhanced else components(header.marked),
        "",
        components(header.charset),
    )


def _kind(header: Header, code: str) -> str:
    """MSH-9: an order has an answer of its own, of which MSH and MSA are all that must be there."""
    reply = _REPLIES.get(header.kind) if code.startswith("A") else None
    if reply is not None:
        structure = (f"{reply[0]}_{reply[1]}",) if _has_structure(header) else ()
        return components(*reply, *structure)
    structure = ("ACK",) if _has_structure(header) else ()
    return components("ACK", *((header.trigger, *structure) if header.trigger else ()))


def _has_structure(header: Header) -> bool:
    return header.known_version and not header.before("2.4")


def _msa(header: Header | None, code: str, refusal: Refusal | None) -> str:
    control_id = components(header.control_id) if header else ""
    told = components(_told(refusal)) if refusal else ""
    if _is_modern(header):
        return segment("MSA", code, control_id)
    condition = str(refusal.condition) if refusal else "0"
    named = components(condition, HL7_0357[refusal.condition], "HL70357") if refusal else condition
    return segment("MSA", code, control_id, told, "", "", named)


def _err(refusal: Refusal, *, modern: bool) -> str:
    place = _place(refusal.location)
    named = (str(refusal.condition), HL7_0357[refusal.condition], "HL70357")
    if not modern:
        code = STANDARD.subcomponent.join(escape(text, STANDARD) for text in named)
        at = (*place[:3], *("",) * (3 - len(place)))
        return segment("ERR", STANDARD.component.join((*at, code)))
    return segment(
        "ERR", "", components(*place), components(*named), "E", "", "", "", _text(_told(refusal))
    )


def _place(location: str) -> Sequence[str]:
    """Segment, its number, field and component (ERL; the first three are those of ELD)."""
    match = _PLACE.fullmatch(location)
    if match is None:
        return ()
    name, number, field, component = match.groups()
    return (name, number or "1", field, *(("1", component) if component else ()))


def _told(refusal: Refusal) -> str:
    return str(refusal)[:_LONGEST_TEXT]


def _text(text: str) -> str:
    return escape(text, STANDARD)


def _echo(text: str) -> str:
    """A field of theirs, its components as they were."""
    return components(*text.split(STANDARD.component))
