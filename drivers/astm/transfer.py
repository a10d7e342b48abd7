"""From the frames of a transfer to what is published and what waits for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from drivers.astm.interpret import Said, interpret
from drivers.astm.profile import AstmDevice
from drivers.astm.records import Line, parse_header, parse_message, split_lines, split_messages
from gateway import (
    AnalyzerProfile,
    DeviceEntry,
    ProtocolViolation,
    Publication,
    QuarantineReason,
    WireRecord,
    content_digest,
    identify,
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


def read_transfer(transfer: Transfer, devices: Sequence[DeviceEntry]) -> Iterator[Outcome]:
    """What each message of a transfer gives, in order; the same every time it is read."""
    for message in _messages(transfer):
        entry = _sender(message, devices)
        if isinstance(entry, Refused):
            yield entry
        elif not message.ended:
            yield _incomplete(message, entry.id)
        else:
            yield _outcome(transfer, message, entry)


def attribute(
    devices: Sequence[DeviceEntry], header: bytes
) -> tuple[str | None, list[DeviceEntry]]:
    """The sender that an H record names (H-5), and the devices that it may be.

    Each device reads the name in its own charset. None: nobody can read the header.
    """
    name: str | None = None
    found: list[DeviceEntry] = []
    for charset in dict.fromkeys(_charset(entry) for entry in devices):
        try:
            name = parse_header(header, charset).raw(5).strip()
        except ProtocolViolation:
            continue
        found += [entry for entry in identify(devices, name) if _charset(entry) == charset]
    return name, found


def _messages(transfer: Transfer) -> Iterator[_Message]:
    split = list(split_messages(split_lines([frame.data for frame in transfer.frames])))
    for number, lines in enumerate(split):
        first = lines.first
        after = split[number + 1].first if number + 1 < len(split) else len(transfer.frames)
        own = tuple((frame - first, line) for frame, line in lines.lines)
        frames = transfer.frames[first : max(after, lines.last + 1)]
        yield _Message(number, own, lines.ended, frames)


def _sender(message: _Message, devices: Sequence[DeviceEntry]) -> DeviceEntry | Refused:
    _, header = message.lines[0]
    if header[:1] != b"H":
        detail = sentence(
            "the message begins with {text}, not with a header", text=repr(header[:40])
        )
        return _refused(message, "", QuarantineReason.UNREADABLE, "H", detail)
    name, found = attribute(devices, header)
    if name is None:
        detail = sentence("the header can't be read: {text}", text=repr(header[:40]))
        return _refused(message, "", QuarantineReason.UNREADABLE, "H", detail)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(entry.id for entry in found)
        detail = sentence(
            "{sender} may be {devices}: give each its own sender", sender=name, devices=ids
        )
        return _refused(message, "", QuarantineReason.AMBIGUOUS, name, detail)
    detail = sentence("no device of this link is called {sender}", sender=name)
    return _refused(message, "", QuarantineReason.UNKNOWN_DEVICE, name, detail)


def _outcome(transfer: Transfer, message: _Message, entry: DeviceEntry) -> Outcome:
    try:
        said = interpret(parse_message(message.lines, _charset(entry)), entry)
    except ProtocolViolation as error:
        return _refused(message, entry.id, QuarantineReason.UNREADABLE, entry.id, str(error))
    raw_ids = tuple(frame.raw_id for frame in message.frames)
    return Publication(
        entry.id, said.readings, raw_ids, _occurrence(transfer, message, entry, said)
    )


def _occurrence(transfer: Transfer, message: _Message, entry: DeviceEntry, said: Said) -> bytes:
    """Which happening a message tells of.

    The records without header and terminator where a result has its own time: the header of a
    repetition may carry another one. Else all of them; and where neither a time nor a barcode
    tells two days apart, the transfer as well.
    """
    lines = [line for _, line in message.lines]
    if said.measured:
        return content_digest(b"\r".join(lines[1:-1]))
    content = b"\r".join(lines)
    profile = entry.profile
    barcode = isinstance(profile, AnalyzerProfile) and profile.specimen == "barcode"
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


def _charset(entry: DeviceEntry) -> str:
    own = entry.options.charset if isinstance(entry.options, AstmDevice) else None
    return own or (entry.profile.charset if isinstance(entry.profile, AnalyzerProfile) else "utf-8")
