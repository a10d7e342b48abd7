"""Whether an object that comes in is what the command says, by its leading elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dicom.dimse import Status
from dicom.storage.attributes import LAST, WANTED, Attributes, attributes_of
from dicom.storage.blobs import Blobs
from dicom.storage.classes import without_study
from dicom.storage.header import Header, Incomplete, read_header
from dicom.storage.object import Origin
from gateway import ProtocolViolation

_LONGEST_HEADER = 4 * 1_048_576
_FIRST_LOOK = 16_384


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The object is not taken: the status for the peer, and why."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class Incoming(Protocol):
    """The bytes of a dataset as they come; `dicom.dimse.Dataset` is one."""

    @property
    def received(self) -> int:
        """Bytes that came so far."""
        ...

    @property
    def is_drained(self) -> bool:
        """Whether the last bytes have come and everything was taken."""
        ...

    async def take(self, at_least: int = 1) -> list[bytes]:
        """What came, `at_least` so many bytes unless it ends before."""
        ...


class InMemory:
    """A dataset that lies in memory, as something that comes in."""

    def __init__(self, data: bytes) -> None:
        self._data, self.received, self.is_drained = data, len(data), False

    async def take(self, at_least: int = 1) -> list[bytes]:  # noqa: ARG002 - it is all there
        self.is_drained = True
        return [self._data]


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object on its way in: what it is said to be, whence it comes, its bytes.

    `study` is the one that it has to be of, if it was sent to one. No rule changes what a room of
    ours made.
    """

    sop_class: str
    sop_instance: str
    origin: Origin
    dataset: Incoming
    study: str = ""
    ours: bool = False


class Beginning:
    """The leading elements, looked for as bytes come, in no more than a few megabytes."""

    def __init__(self, transfer_syntax: str, blobs: Blobs) -> None:
        self._syntax = transfer_syntax
        self._blobs = blobs
        self._parts: list[bytes] = []
        self._size = 0
        self._next_look = _FIRST_LOOK
        self._found: Header | None = None

    def add(self, parts: list[bytes]) -> None:
        """Keep what came until the leading elements are found."""
        if self._found is None:
            self._parts += parts
            self._size += sum(map(len, parts))

    async def feed(self, parts: list[bytes]) -> None:
        """Refused if what comes is no dataset, or what is wanted does not come soon enough."""
        self.add(parts)
        if self._found is None and self._size >= self._next_look:
            self._next_look = 2 * self._size
            if self.quick() is None and await self._look(whole=False) is None:
                self._check_length()

    def quick(self) -> Header | None:
        """What is found in the first bytes, where the identity usually stands."""
        if self._found is None:
            self._take(self._read(self._first(), whole=False))
        return self._found

    async def header(self) -> Header:
        """What was found, now that everything came."""
        found = self._found or await self._look(whole=True)
        if found is None:
            raise Refused(Status.CANNOT_UNDERSTAND, "cut off within its leading elements")
        return found

    async def _look(self, *, whole: bool) -> Header | None:
        """What takes longer holds nobody up."""
        prefix = b"".join(self._parts)
        self._take(await self._blobs.run(lambda: self._read(prefix, whole=whole)))
        return self._found

    def _take(self, found: Header | None) -> None:
        self._found = found
        if found is not None:
            self._parts.clear()

    def _first(self) -> bytes:
        first: list[bytes] = []
        size = 0
        for part in self._parts:
            first.append(part[: _FIRST_LOOK - size])
            size += len(first[-1])
            if size == _FIRST_LOOK:
                break
        return b"".join(first)

    def _check_length(self) -> None:
        if self._size > _LONGEST_HEADER:
            raise Refused(
                Status.CANNOT_UNDERSTAND, f"no identity in the first {_LONGEST_HEADER} bytes"
            )

    def _read(self, prefix: bytes, *, whole: bool) -> Header | None:
        try:
            return read_header(prefix, self._syntax, WANTED, LAST, whole=whole)
        except Incomplete:
            return None
        except ProtocolViolation as error:
            raise Refused(Status.CANNOT_UNDERSTAND, str(error)) from None


class Judge:
    """What the leading elements say; each look raises Refused if the object is not taken."""

    def __init__(self, arrival: Arrival, beginning: Beginning, undeclared: str) -> None:
        self._arrival, self._beginning = arrival, beginning
        self._undeclared = undeclared
        self._found: Attributes | None = None

    @property
    def attributes(self) -> Attributes:
        """Of an object that was found good."""
        assert self._found is not None  # noqa: S101 - the order of calls
        return self._found

    def at_once(self) -> bool:
        """Look at the first bytes; False if they do not tell."""
        header = self._beginning.quick()
        if header is not None:
            self._judge(header)
        return header is not None

    async def at_length(self) -> None:
        """Look at all that came."""
        self._judge(await self._beginning.header())

    def _judge(self, header: Header) -> None:
        received = self._arrival.dataset.received
        if received < header.at_least:
            words = f"cut off: {received} bytes of {header.at_least}"
            raise Refused(Status.CANNOT_UNDERSTAND, words)
        attributes = _decode(header, self._undeclared)
        _check(attributes, self._arrival)
        self._found = attributes


def _decode(header: Header, undeclared: str) -> Attributes:
    try:
        return attributes_of(header, undeclared)
    except ProtocolViolation as error:
        raise Refused(Status.DATASET_DOES_NOT_MATCH, str(error)) from None


def _check(attributes: Attributes, arrival: Arrival) -> None:
    """The dataset is what the command says, and belongs to a series (PS3.4 B.2.3)."""
    said = (arrival.sop_class, arrival.sop_instance)
    if (attributes.sop_class, attributes.sop_instance) != said:
        words = f"not what the command says: {attributes.sop_instance or 'no UID'}"
        raise Refused(Status.DATASET_DOES_NOT_MATCH, words)
    if arrival.study and attributes.study != arrival.study:
        words = f"of another study: {attributes.study or 'none'}"
        raise Refused(Status.DATASET_DOES_NOT_MATCH, words)
    has_series = bool(attributes.study and attributes.series)
    if not has_series and attributes.sop_class not in without_study():
        raise Refused(Status.DATASET_DOES_NOT_MATCH, "no Study or Series Instance UID")
