"""What a row says, by its device's profile. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time

from gateway.driver import DeviceEntry
from gateway.errors import ProtocolViolation
from gateway.keys import content_digest
from gateway.model import Instant, Operator, Reading, Status, Subject, sentence
from gateway.rows.entry import Statement
from gateway.rows.hospital import stated
from gateway.rows.profile import RowDevice, RowProfile
from gateway.rows.row import Fetched, Refused, Row, Values
from gateway.rows.times import instant_of, parse_wall

_NUMBER = re.compile(
    r"(<=|>=|<|>|≤|≥)?\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)", re.ASCII
)
_OPERATORS = {
    "<": Operator.LESS,
    "<=": Operator.AT_MOST,
    "≤": Operator.AT_MOST,
    ">": Operator.GREATER,
    ">=": Operator.AT_LEAST,
    "≥": Operator.AT_LEAST,
}
_WITHOUT_VALUE = frozenset({Status.CANCELLED, Status.ENTERED_IN_ERROR})
_FINAL = frozenset({Status.FINAL, Status.CORRECTED, Status.CANCELLED, Status.QC})


def fetched(profile: RowProfile, native: Mapping[str, object]) -> Fetched:
    """The row of a source's own values, or why it is none."""
    values: dict[str, str | None] = {}
    columns = profile.columns
    try:
        for name, value in native.items():
            values[name] = text_of(value, profile.charset)
        key = native.get(columns.key)
        at = parse_wall(native.get(columns.time), profile.time_form, profile.time_pattern)
    except (ValueError, TypeError) as error:
        shown = {name: _shown(value, values.get(name)) for name, value in native.items()}
        return Refused(shown, str(error))
    if key is None or values[columns.key] == "":
        why = sentence("{column} is empty: nothing identifies this row", column=columns.key)
        return Refused(values, why)
    return Row(at, key if type(key) is int else values[columns.key] or "", values)


def understood(entry: DeviceEntry, row: Fetched) -> Fetched:
    """The row, or why it does not say what its profile needs."""
    if isinstance(row, Refused):
        return row
    try:
        readings(entry, row)
        if not _states(entry):
            _reader(entry, row).check()
    except ProtocolViolation as error:
        return Refused(row.values, str(error))
    return row


def readings(entry: DeviceEntry, row: Row) -> tuple[Reading, ...]:
    """What a row says of a device, in the source's words.

    ProtocolViolation if it is of a patient, an appointment or an order and can't be read as one.
    """
    if _states(entry):
        return (stated(entry, row),)
    return tuple(_reader(entry, row).readings())


def withdrawn(entry: DeviceEntry, row: Row, code: str) -> Reading:
    """A row that says nothing any more under a code takes back what it said."""
    if _states(entry):
        return stated(entry, row, vanished=True)
    return replace(_reader(entry, row).reading(code, ""), status=Status.CANCELLED)


def statements(entry: DeviceEntry, said: Sequence[Reading]) -> Mapping[str, Statement]:
    """A digest of each reading; of a whole sample, what is kept beside its results is no part.

    Nor is the time at which a patient's or an appointment's row was written again as it was.
    """
    profile = entry.profile
    if _states(entry):
        timeless = [replace(reading, observed_at=None) for reading in said]
        return {each.code: Statement(digest_of(each, whole=True), final=False) for each in timeless}
    single = isinstance(profile, RowProfile) and bool(profile.columns.code)
    return {
        reading.code: Statement(digest_of(reading, whole=single), reading.status in _FINAL)
        for reading in said
    }


def digest_of(reading: Reading, *, whole: bool) -> bytes:
    """Sixteen bytes for what a reading says."""
    subject = reading.subject
    facts = (
        reading.text,
        reading.operator,
        reading.unit,
        reading.observed_at,
        reading.status,
        (subject.patient, subject.issuer, subject.specimen, subject.order) if subject else None,
        reading.flags,
        reading.range_text,
        reading.payload if whole else None,
    )
    return content_digest(json.dumps(facts, ensure_ascii=False, sort_keys=True).encode())


def text_of(value: object, charset: str) -> str | None:
    """A column's content as text, in its own digits; ValueError if its bytes are no text."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode(charset)
        case datetime() | date() | time():
            return value.isoformat()
        case float():
            return repr(value)
        case _:
            return str(value)


def _states(entry: DeviceEntry) -> bool:
    """Whether a row is of a patient, an appointment or an order."""
    return isinstance(entry.profile, RowProfile) and entry.profile.content is not None


def _shown(value: object, text: str | None) -> str | None:
    """Bytes that are no text stay readable, in hexadecimal."""
    if isinstance(value, bytes | bytearray | memoryview) and text is None:
        return bytes(value).decode("ascii", "backslashreplace")
    return text if text is not None or value is None else str(value)


def _reader(entry: DeviceEntry, row: Row) -> _Reader:
    profile, options = entry.profile, entry.options
    if not isinstance(profile, RowProfile) or not isinstance(options, RowDevice):
        raise TypeError(f"{entry.id}: not a device that is read by rows")
    return _Reader(profile, options, entry.zone, row.values)


class _Reader:
    """Reads the values of one row."""

    def __init__(self, profile: RowProfile, options: RowDevice, zone: str, values: Values) -> None:
        self._profile = profile
        self._columns = profile.columns
        self._issuer = options.patient_issuer
        self._zone = zone
        self._values = values

    def readings(self) -> Iterator[Reading]:
        columns = self._columns
        if columns.code:
            code, text = self._text(columns.code), self._text(columns.value)
            if code and (text or self._status() in _WITHOUT_VALUE):
                yield self.reading(code, text)
            return
        for code in self._profile.points:
            if text := self._text(code):
                yield self.reading(code, text)

    def check(self) -> None:
        """ProtocolViolation for a value of which nothing says what it is of."""
        code = self._columns.code
        if code and not self._text(code) and self._text(self._columns.value):
            raise ProtocolViolation(
                sentence("{column} is empty: nothing says what the value is of", column=code)
            )

    def _text(self, column: str) -> str:
        return (self._values.get(column) or "").strip() if column else ""

    def reading(self, code: str, text: str) -> Reading:
        match = _NUMBER.fullmatch(text)
        columns, flags = self._columns, self._text(self._columns.flags)
        observed_at = self._text(columns.observed_at)
        return Reading(
            code=code,
            text=match[2] if match else text,
            number=float(match[2]) if match else None,
            unit=self._text(columns.unit),
            observed_at=self._instant(observed_at) if observed_at else None,
            status=self._status(),
            operator=_OPERATORS[match[1]] if match and match[1] else None,
            subject=self._subject(),
            flags=(flags,) if flags else (),
            range_text=self._text(columns.range),
            payload=self._payload(),
        )

    def _instant(self, text: str) -> Instant | None:
        """None for a time that can't be read: it stays in the payload, nothing is guessed."""
        form, pattern = self._profile.time_form, self._profile.time_pattern
        try:
            return instant_of(parse_wall(text, form, pattern), form, self._zone)
        except ValueError:
            return None

    def _status(self) -> Status:
        if not self._columns.status:
            return Status.FINAL
        return self._profile.statuses.get(self._text(self._columns.status), Status.PRELIMINARY)

    def _subject(self) -> Subject | None:
        columns = self._columns
        who, specimen = self._text(columns.patient), self._text(columns.specimen)
        order = self._text(columns.order)
        if not (who or specimen or order):
            return None
        return Subject(who, self._issuer if who else "", specimen, order)

    def _payload(self) -> Mapping[str, str]:
        columns = self._columns
        kept = (columns.key, columns.observed_at, columns.status, *columns.keep)
        return {name: text for name in kept if name and (text := self._values.get(name))}
