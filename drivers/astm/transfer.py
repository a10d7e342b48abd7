"""From the frames of a transfer to what is published and what waits for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from drivers.astm.analyzers import Analyzers
from drivers.astm.interpret import Said, interpret
from drivers.astm.records import Line, parse_message, split_lines, split_messages
from drivers.astm.rules import Rules
from gateway import (
    ProtocolViolation,
    Publication,
    QuarantineReason,
    WireRecord,
    content_digest,
    sentence,
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that can't be results now, and the frames that it came in."""

    frames: tuple[WireRecord, ...]
    device: str
    reason: QuarantineReason
    subject: str
    detail: str


Outcome: TypeAlias = Publication | Refused


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was acknowledged between an ENQ and its end, as it stands in the journal."""

    enquiry: WireRecord
    frames: tuple[WireRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class _Message:
    """One message of a transfer; its lines count frames from its own first one."""

    number: int
    lines: tuple[Line, ...]
    ended: bool
    frames: tuple[WireRecord, ...]


def read_transfer(transfer: Transfer, analyzers: Analyzers) -> Iterator[Outcome]:
    """What each message of a transfer gives, in order; the same every time it is read."""
    for message in _messages(transfer):
        rules = _sender(message, analyzers)
        if isinstance(rules, Refused):
            yield rules
        elif not message.ended:
            yield _incomplete(message, rules.entry.id)
        else:
            yield _outcome(transfer, message, rules)


def _messages(transfer: Transfer) -> Iterator[_Message]:
    split = list(split_messages(split_lines([frame.data for frame in transfer.frames])))
    for number, lines in enumerate(split):
        first = lines.first
        after = split[number + 1].first if number + 1 < len(split) else len(transfer.frames)
        own = tuple((frame - first, line) for frame, line in lines.lines)
        frames = transfer.frames[first : max(after, lines.last + 1)]
        yield _Message(number, own, lines.ended, frames)


def _sender(message: _Message, analyzers: Analyzers) -> Rules | Refused:
    _, header = message.lines[0]
    if header[:1] != b"H":
        detail = sentence(
            "the message begins with {text}, not with a header", text=repr(header[:40])
        )
        return _refused(message, "", QuarantineReason.UNREADABLE, "H", detail)
    name, found = analyzers.attribute(header)
    if len(found) == 1:
        return found[0]
    if name is None:
        detail = sentence("the header can't be read: {text}", text=repr(header[:40]))
        return _refused(message, "", QuarantineReason.UNREADABLE, "H", detail)
    if found:
        ids = ", ".join(rules.entry.id for rules in found)
        detail = sentence(
            "{sender} may be {devices}: give each its own sender", sender=name, devices=ids
        )
        return _refused(message, "", QuarantineReason.AMBIGUOUS, name, detail)
    detail = sentence("no device of this link is called {sender}", sender=name)
    return _refused(message, "", QuarantineReason.UNKNOWN_DEVICE, name, detail)


def _outcome(transfer: Transfer, message: _Message, rules: Rules) -> Outcome:
    device = rules.entry.id
    try:
        said = interpret(parse_message(message.lines, rules.charset), rules)
    except ProtocolViolation as error:
        return _refused(message, device, QuarantineReason.UNREADABLE, device, str(error))
    raw_ids = tuple([frame.raw_id for frame in message.frames])
    return Publication(device, said.readings, raw_ids, _occurrence(transfer, message, rules, said))


def _occurrence(transfer: Transfer, message: _Message, rules: Rules, said: Said) -> bytes:
    """Which happening a message tells of.

    The records without header and terminator where a result has its own time: the header of a
    repetition may carry another one. Else all of them; and where neither a time nor a barcode
    tells two days apart, the transfer as well.
    """
    lines = [line for _, line in message.lines]
    if said.measured:
        return content_digest(b"\r".join(lines[1:-1]))
    content = b"\r".join(lines)
    barcode = rules.profile.specimen == "barcode"
    if said.dated or (said.sampled and barcode):
        return content_digest(content)
    return content_digest(content, b"%d.%d" % (transfer.enquiry.raw_id, message.number))


def _incomplete(message: _Message, device: str) -> Refused:
    detail = sentence("the message has no terminator (L): its analyzer will have to send it again")
    return _refused(message, device, QuarantineReason.INCOMPLETE, device, detail)


def _refused(
    message: _Message, device: str, reason: QuarantineReason, subject: str, detail: str
) -> Refused:
    return Refused(message.frames, device, reason, subject, detail)
