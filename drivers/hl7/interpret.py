"""What the bytes of a message say, and of which device: everything short of storing it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from drivers.hl7.appointments import read_appointment
from drivers.hl7.charset import decode
from drivers.hl7.groups import STRUCTURES
from drivers.hl7.header import APPOINTMENTS, ORDERS, PATIENTS, Header, check_header
from drivers.hl7.identity import HospitalRules
from drivers.hl7.message import Message
from drivers.hl7.mllp import unframe
from drivers.hl7.orders import read_orders
from drivers.hl7.patients import read_patients
from drivers.hl7.profile import Hl7Device, Hl7Profile
from drivers.hl7.refusal import Refusal, Verdict, rejected
from drivers.hl7.results import Rules, read_results
from gateway import (
    DeviceEntry,
    LinkEntry,
    ProtocolViolation,
    Publication,
    QuarantineReason,
    RawId,
    Reading,
    WireRecord,
    content_digest,
    identify,
    sentence,
)

_HEADER_LIMIT = 4096
_BYTES_KEPT = "latin-1"


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message says, or why it is refused; `header` is None where MSH can't be read.

    `occurrence` is the sender, its control id and every byte: the same message sent again is the
    same, a control id that starts again is not.
    """

    header: Header | None
    charset: str
    device: str
    occurrence: bytes
    readings: tuple[Reading, ...] = ()
    refusal: Refusal | None = None


class Reader:
    """Understands the messages of one link."""

    def __init__(self, devices: Sequence[DeviceEntry]) -> None:
        self._devices = devices
        self._rules = {entry.id: _rules(entry) for entry in devices}
        self._charsets = tuple(dict.fromkeys(_charset(entry) for entry in devices))

    def zone(self, device: str) -> ZoneInfo:
        """The zone of a device's clock; UTC for an unknown one."""
        rules = self._rules.get(device)
        return rules.zone if rules is not None else ZoneInfo("UTC")

    def understand(self, data: bytes) -> Understood:
        """What `data`, a message without its framing, says."""
        try:
            named = self._named(data)
            header = named[0][0] if named else _header(data, _BYTES_KEPT)
        except ProtocolViolation as error:
            refusal = rejected(200, str(error), "MSH-1")
            return Understood(None, "utf-8", "", content_digest(data), refusal=refusal)
        occurrence = content_digest(header.senders[0].encode(), header.control_id.encode(), data)
        entries = {entry.id: entry for _, entry in named}
        if len(entries) != 1:
            refusal = _unidentified(header, tuple(entries))
            return Understood(header, _BYTES_KEPT, "", occurrence, refusal=refusal)
        entry = named[0][1]
        return self._of_device(data, header, entry, occurrence)

    def _of_device(
        self, data: bytes, header: Header, entry: DeviceEntry, occurrence: bytes
    ) -> Understood:
        charset = _charset(entry)
        try:
            check_header(header)
            readings = self._readings(data, header, entry)
        except Refusal as refusal:
            return Understood(header, charset, entry.id, occurrence, refusal=refusal)
        return Understood(header, charset, entry.id, occurrence, readings)

    def _readings(self, data: bytes, header: Header, entry: DeviceEntry) -> tuple[Reading, ...]:
        rules = self._rules[entry.id]
        try:
            decoded = decode(data, _charset(entry))
        except ProtocolViolation as error:
            raise Refusal(Verdict.ERROR, 102, str(error), "MSH-18") from error
        message = Message(decoded.text, decoded.charset)
        if decoded.note:
            message.notes += (decoded.note,)
        hospital = HospitalRules(rules.profile.hospital, rules.zone, rules.issuer)
        if header.kind in PATIENTS:
            return read_patients(message, header, hospital)
        if header.kind in APPOINTMENTS:
            return (read_appointment(message, header, hospital),)
        if header.kind in ORDERS:
            return read_orders(message, header, hospital)
        return read_results(message, rules, STRUCTURES[header.kind])

    def _named(self, data: bytes) -> list[tuple[Header, DeviceEntry]]:
        """The devices that the message may be from, each with the header in its charset."""
        named: list[tuple[Header, DeviceEntry]] = []
        for charset in self._charsets:
            header = _header(data, charset)
            theirs = (entry for entry in self._from(header) if _charset(entry) == charset)
            named += [(header, entry) for entry in theirs]
        return named

    def _from(self, header: Header) -> tuple[DeviceEntry, ...]:
        for sender in header.senders:
            found = identify(self._devices, sender)
            if found:
                return found
        return ()


def interpret(
    link: LinkEntry, records: Sequence[WireRecord], raw_id: RawId
) -> tuple[Publication, ...]:
    """`DriverType.interpret`: a message is one record."""
    record = next((record for record in records if record.raw_id == raw_id), None)
    if record is None:
        raise ProtocolViolation(
            sentence("message {message} is not among those of this link", message=raw_id)
        )
    understood = Reader(link.devices).understand(unframe(record.data))
    if understood.refusal is not None:
        raise understood.refusal
    occurrence = understood.occurrence
    return (Publication(understood.device, understood.readings, (raw_id,), occurrence),)


def _header(data: bytes, charset: str) -> Header:
    """The header alone; bytes that are no text in `charset` are replaced, in nothing but this."""
    line = data[:_HEADER_LIMIT].lstrip(b"\xef\xbb\xbf\r\n \t").split(b"\r", 1)[0]
    return Header.of(Message(line.decode(charset, "replace")))


def _unidentified(header: Header, found: Sequence[str]) -> Refusal:
    sender = header.senders[0]
    if found:
        told = sentence(
            "{sender} may be {devices}: give each its own sender",
            sender=sender,
            devices=", ".join(found),
        )
        reason = QuarantineReason.AMBIGUOUS
    else:
        told = sentence("no device of this link is called {sender}", sender=sender)
        reason = QuarantineReason.UNKNOWN_DEVICE
    return Refusal(Verdict.ERROR, 204, told, "MSH-3", reason)


def _rules(entry: DeviceEntry) -> Rules:
    profile = _profile(entry)
    issuer = entry.options.patient_issuer if isinstance(entry.options, Hl7Device) else ""
    return Rules.of(profile, ZoneInfo(profile.zone or entry.zone), issuer)


def _profile(entry: DeviceEntry) -> Hl7Profile:
    if not isinstance(entry.profile, Hl7Profile):
        raise TypeError(f"{entry.id}: not a device of the hl7 driver")
    return entry.profile


def _charset(entry: DeviceEntry) -> str:
    own = entry.options.charset if isinstance(entry.options, Hl7Device) else None
    return own or _profile(entry).charset
