"""Which segments of a result message belong together (HL7 v2.5.1, 7.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.hl7.message import Message, Segment
from drivers.hl7.refusal import misplaced
from gateway import sentence

MOST_RESULTS = 10_000
_COMMENT = 3
_SAMPLE = (2, 4, 11)
"""Fields by which two SPM are of one sample: its id, its type, its role."""


@dataclass(frozen=True, slots=True)
class Structure:
    """In which order a kind of message has its segments.

    Unless said otherwise: `[ORC] OBR [SPM] {OBX}`. `specimen_first`: SPM begins a sample, the
    requests for it follow. `specimen_last`: SPM may also follow the results. `order_last`: ORC
    follows OBR. `container_first`: SAC begins what follows it.
    """

    specimen_first: bool = False
    specimen_last: bool = False
    order_last: bool = False
    container_first: bool = False


STRUCTURES = {
    "ORU^R01": Structure(specimen_last=True),
    "OUL^R21": Structure(container_first=True),
    "OUL^R22": Structure(specimen_first=True, order_last=True, container_first=True),
    "OUL^R23": Structure(specimen_first=True, order_last=True, container_first=True),
    "OUL^R24": Structure(order_last=True),
}
"""By MSH-9."""


@dataclass(slots=True)
class Observation:
    """An OBX, which one of the message it is, and the comments on it."""

    segment: Segment
    number: int
    comments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """The results of one request, and all that they are about.

    Without a request they are observations on the specimen itself.
    """

    request: Segment | None
    patient: Segment | None
    visit: Segment | None
    order: Segment | None
    specimen: Segment | None
    observations: list[Observation] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


class _Reading:
    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.groups: list[Group] = []
        self.group: Group | None = None
        self.patient: Segment | None = None
        self.visit: Segment | None = None
        self.order: Segment | None = None
        self.specimen: Segment | None = None
        self.comments: list[str] = []
        self.count = 0

    def begin(self, request: Segment | None) -> Group:
        group = Group(request, self.patient, self.visit, self.order, self.specimen)
        self.comments = group.comments
        self.order = None
        self.group = group
        self.groups.append(group)
        return group

    def close(self) -> None:
        """What comes next is of another sample or patient than what came before."""
        self.group = None
        self.comments = []

    def observe(self, segment: Segment) -> None:
        self.count += 1
        if self.count > MOST_RESULTS:
            why = sentence("the message has more than {count} results", count=MOST_RESULTS)
            raise misplaced(why, "OBX-1")
        observation = Observation(segment, self.count)
        self._observed().observations.append(observation)
        self.comments = observation.comments

    def _observed(self) -> Group:
        """The group of an OBX that comes now."""
        group = self.group
        if group is None and self.structure.specimen_first and self.specimen is not None:
            return self.begin(None)
        if group is None or (self.order is not None and (group.order or group.observations)):
            raise misplaced(sentence("OBX stands before any OBR"), "OBR-1")
        group.order, self.order = self.order or group.order, None
        return group


def groups(message: Message, structure: Structure) -> list[Group]:
    """The requests of a message, in order.

    Refusal if there are more than `MOST_RESULTS` results, if a result follows PID, ORC or SAC and
    not the OBR that belongs to it, or if it can't be told of which sample results are.
    """
    reading = _Reading(structure)
    for segment in message:
        _take(reading, segment)
    return reading.groups


def _take(reading: _Reading, segment: Segment) -> None:
    match segment.name:
        case "OBX":
            reading.observe(segment)
        case "NTE":
            reading.comments.extend(_lines(segment))
        case "OBR":
            reading.begin(segment)
        case "PID":
            reading.patient, reading.visit, reading.order = segment, None, None
            reading.specimen = None
            reading.close()
        case "PV1":
            reading.visit = segment
        case "ORC":
            _order(reading, segment)
        case "SPM":
            _specimen(reading, segment)
        case "SAC" if reading.structure.container_first:
            _container(reading)


def _order(reading: _Reading, segment: Segment) -> None:
    group, last = reading.group, reading.structure.order_last
    if last and group is not None and group.order is None and not group.observations:
        group.order = segment
    else:
        reading.order = segment


def _specimen(reading: _Reading, segment: Segment) -> None:
    group = reading.group
    if reading.structure.specimen_first:
        reading.close()
        reading.specimen = segment
    elif group is None:
        reading.specimen = _one(reading.specimen, segment)
    else:
        if group.specimen is None and group.observations and not reading.structure.specimen_last:
            raise misplaced(sentence("SPM stands behind the results"), "SPM-1")
        group.specimen = _one(group.specimen, segment)
        reading.comments = group.comments


def _one(known: Segment | None, segment: Segment) -> Segment:
    """The sample of a request; Refusal if two segments name two."""
    if known is not None and any(known.raw(at) != segment.raw(at) for at in _SAMPLE):
        raise misplaced(sentence("the results of one request are of two samples"), "SPM-2")
    return known or segment


def _container(reading: _Reading) -> None:
    """SAC ends what came before; the sample of that is not known to be in the next container."""
    if reading.group is not None and not reading.structure.specimen_first:
        reading.specimen = None
    reading.close()


def _lines(segment: Segment) -> Iterator[str]:
    for repetition in segment.repetitions(_COMMENT):
        if text := "^".join(repetition).strip():
            yield text
