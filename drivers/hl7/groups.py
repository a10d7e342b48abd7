"""Which segments of a result message belong together (HL7 v2.5.1, 7.3.1 and 7.3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.hl7.message import Message, Segment
from drivers.hl7.refusal import misplaced
from gateway import sentence

MOST_RESULTS = 10_000
_COMMENT = 3


@dataclass(slots=True)
class Observation:
    """An OBX, which one of the message it is, and the comments on it."""

    segment: Segment
    number: int
    comments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """The results of one request, and all that they are about."""

    request: Segment | None
    patient: Segment | None
    visit: Segment | None
    order: Segment | None
    specimen: Segment | None
    observations: list[Observation] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


class _Reading:
    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.patient: Segment | None = None
        self.visit: Segment | None = None
        self.order: Segment | None = None
        self.specimen: Segment | None = None
        self.comments: list[str] = []
        self.count = 0

    @property
    def group(self) -> Group | None:
        return self.groups[-1] if self.groups else None

    def begin(self, request: Segment | None) -> Group:
        group = Group(request, self.patient, self.visit, self.order, self.specimen)
        self.comments = group.comments
        self.order = None
        self.groups.append(group)
        return group

    def observe(self, segment: Segment) -> None:
        self.count += 1
        if self.count > MOST_RESULTS:
            why = sentence("the message has more than {count} results", count=MOST_RESULTS)
            raise misplaced(why, "OBX-1")
        observation = Observation(segment, self.count)
        self.comments = observation.comments
        (self.group or self.begin(None)).observations.append(observation)


def groups(message: Message, *, by_specimen: bool) -> list[Group]:
    """The requests of a message, in order; one without OBR where results come before any.

    Refusal if there are more than `MOST_RESULTS` results.

    In an ORU, SPM follows the results it belongs to and ORC stands before OBR. `by_specimen`: in
    an OUL, SPM begins the specimen and ORC follows OBR.
    """
    reading = _Reading()
    for segment in message:
        _take(reading, segment, by_specimen=by_specimen)
    return reading.groups


def _take(reading: _Reading, segment: Segment, *, by_specimen: bool) -> None:
    match segment.name:
        case "OBX":
            reading.observe(segment)
        case "NTE":
            reading.comments.extend(_lines(segment))
        case "OBR":
            reading.begin(segment)
        case "PID":
            reading.patient, reading.visit, reading.specimen = segment, None, None
            reading.comments = []
        case "PV1":
            reading.visit = segment
        case "ORC":
            _order(reading, segment, by_specimen=by_specimen)
        case "SPM":
            _specimen(reading, segment, by_specimen=by_specimen)


def _order(reading: _Reading, segment: Segment, *, by_specimen: bool) -> None:
    group = reading.group
    if by_specimen and group is not None and group.order is None and not group.observations:
        group.order = segment
    else:
        reading.order = segment


def _specimen(reading: _Reading, segment: Segment, *, by_specimen: bool) -> None:
    if by_specimen or reading.group is None:
        reading.specimen = segment
    else:
        reading.group.specimen = reading.group.specimen or segment


def _lines(segment: Segment) -> Iterator[str]:
    for repetition in segment.repetitions(_COMMENT):
        if text := "^".join(repetition).strip():
            yield text
