"""What a line says, by the profile of the device that sent it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drivers.line.codec import Message
from drivers.line.profile import SPECIAL, Line, LineDevice, LineProfile
from gateway import (
    DeviceEntry,
    Publication,
    QuarantineReason,
    RawId,
    Reading,
    Subject,
    content_digest,
    identify,
    sentence,
)

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says of a device; without readings it is known to say nothing."""

    device: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line says nothing that can be used."""

    reason: QuarantineReason
    detail: str


def hear(devices: Sequence[DeviceEntry], message: Message) -> Said | Refusal:
    """What a message says of the one device that it can be from."""
    heard = [(entry, found) for entry in devices if (found := _matched(entry, message))]
    if not heard:
        return Refusal(QuarantineReason.UNREADABLE, sentence("no pattern of a profile matches"))
    senders = {sender for _, (_, match) in heard if (sender := _group(match, "sender"))}
    sender = senders.pop() if len(senders) == 1 else ""
    named = identify(devices, sender)
    theirs = [(entry, found) for entry, found in heard if entry in named]
    if len(theirs) != 1:
        reason = QuarantineReason.AMBIGUOUS if theirs else QuarantineReason.UNKNOWN_DEVICE
        return Refusal(
            reason,
            sentence(
                "sender {sender} names {count} of these devices",
                sender=repr(sender),
                count=len(theirs),
            ),
        )
    return _say(*theirs[0])


def publication(said: Said, raw_id: RawId) -> Publication:
    """A line is a happening: it has neither a time nor an identity but its journal entry."""
    occurrence = content_digest(b"line", raw_id.to_bytes(8, "big"))
    return Publication(said.device, said.readings, (raw_id,), occurrence)


def _matched(entry: DeviceEntry, message: Message) -> tuple[Line, re.Match[str]] | None:
    profile = _profile(entry)
    try:
        text = message.text.strip(b"\r\n").decode(profile.charset)
    except UnicodeDecodeError:
        return None
    for line in profile.lines:
        match = re.fullmatch(line.match, text)
        if match is not None:
            return line, match
    return None


def _say(entry: DeviceEntry, found: tuple[Line, re.Match[str]]) -> Said | Refusal:
    line, match = found
    if line.ignore:
        return Said(entry.id, ())
    for code in _profile(entry).checks:
        if (text := _group(match, code)) and not passes_mod11_2(text):
            why = sentence("the check character of {code} is wrong", code=code)
            return Refusal(QuarantineReason.UNREADABLE, why)
    return Said(entry.id, tuple(_readings(entry, line, match)))


def _readings(entry: DeviceEntry, line: Line, match: re.Match[str]) -> Iterator[Reading]:
    subject, flags = _subject(entry, match), _group(match, "flags")
    for code in match.re.groupindex:
        text = _group(match, code)
        if code in SPECIAL or not text:
            continue
        yield Reading(
            code=code,
            text=text,
            number=float(text) if _NUMBER.fullmatch(text) else None,
            unit=_group(match, "unit"),
            quality=line.quality,
            subject=subject,
            flags=(flags,) if flags else (),
        )


def _subject(entry: DeviceEntry, match: re.Match[str]) -> Subject | None:
    who, specimen, order = (_group(match, name) for name in ("patient", "specimen", "order"))
    if not (who or specimen or order):
        return None
    issuer = entry.options.patient_issuer if isinstance(entry.options, LineDevice) else ""
    return Subject(who, issuer if who else "", specimen, order)


def _group(match: re.Match[str], name: str) -> str:
    return (match[name] or "").strip() if name in match.re.groupindex else ""


def passes_mod11_2(text: str) -> bool:
    """Whether the last character is the check character of the digits before it (ISO 7064)."""
    digits, check = text[:-1], text[-1:].upper()
    if not (digits.isascii() and digits.isdigit()):
        return False
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    return check == "0123456789X"[(12 - total) % 11]


def _profile(entry: DeviceEntry) -> LineProfile:
    if not isinstance(entry.profile, LineProfile):
        raise TypeError(f"{entry.id}: not a device of the line driver")
    return entry.profile
