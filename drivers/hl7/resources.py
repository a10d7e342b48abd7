"""What an appointment needs, as the segments AIS, AIG, AIL and AIP say it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drivers.hl7.message import Message, Segment
from gateway import Gathering, ResourceKind, ResourceUse

_ADD, _DELETE, _UPDATE, _SAME = "ADUX"
"""Segment action codes (HL7 v2 table 0206)."""

_WHOLE = frozenset({"S15", "S16", "S17", "S24"})
"""The appointment ends as a whole: what it frees is what it was for."""

_ADDED, _REMOVED = frozenset({"S18"}), frozenset({"S20", "S21", "S22"})
"""Events of single services and resources, whatever their segments leave out."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a resource segment says what it is, when it begins, and for how long."""

    kind: ResourceKind
    start: int
    duration: int
    unit: int


PLACES: Mapping[str, Places] = {
    "AIS": Places(ResourceKind.SERVICE, 4, 7, 8),
    "AIG": Places(ResourceKind.EQUIPMENT, 8, 11, 12),
    "AIL": Places(ResourceKind.LOCATION, 6, 9, 10),
    "AIP": Places(ResourceKind.PERSON, 6, 9, 10),
}


@dataclass(frozen=True, slots=True)
class Gathered:
    """The resources of a message, as AppointmentStatement holds them."""

    gathering: Gathering
    resources: tuple[ResourceUse, ...]
    updated: tuple[ResourceUse, ...] = ()
    removed: tuple[ResourceUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Coded:
    """A resource segment and its action code, which is empty where it says none."""

    segment: Segment
    code: str

    @property
    def use(self) -> ResourceUse | None:
        """The resource; None where it names none."""
        named = self.segment.component(3).strip()
        kind = PLACES[self.segment.name].kind
        return ResourceUse(kind, named, self.segment.component(3, 2).strip()) if named else None


def coded(message: Message, trigger: str) -> list[Coded]:
    """The resource segments of a message, each with what is to be done with it.

    Field 2 of AIS, AIG, AIL and AIP is the action code: A adds, D deletes, U updates, X leaves as
    it is (HL7 v2.5.1, 10.6.4.2, 10.6.5.2, 10.6.6.2, 10.6.7.2). Where it is empty, D in RGS-2
    deletes the whole group (10.6.3.2), and S18 and S20 to S22 say themselves what they do. An
    update in S20 to S22 takes the resource away too, unless another segment says D.
    """
    found = list(_coded(message))
    if trigger in _WHOLE:
        return [Coded(each.segment, "") for each in found]
    if trigger in _ADDED:
        return [Coded(each.segment, each.code or _ADD) for each in found]
    if trigger in _REMOVED:
        deletes = any(each.code == _DELETE for each in found)
        ending = {""} if deletes else {"", _UPDATE}
        return [
            Coded(each.segment, _DELETE if each.code in ending else each.code) for each in found
        ]
    return found


def _coded(message: Message) -> Iterator[Coded]:
    group = ""
    for segment in message:
        code = segment.component(2).strip().upper()
        if segment.name == "RGS":
            group = _DELETE if code == _DELETE else ""
        elif segment.name in PLACES:
            yield Coded(segment, code if code in {_ADD, _DELETE, _UPDATE, _SAME} else group)


def remaining(segments: Sequence[Coded]) -> list[Segment]:
    """The segments that are not deleted: those alone say when the appointment is."""
    return [each.segment for each in segments if each.code != _DELETE]


def gathered(segments: Sequence[Coded]) -> Gathered:
    """What a message says of the resources.

    Without any action code its list takes the place of all that were known; with one, each
    segment speaks for itself, and what is not named stays.
    """
    if not any(each.code for each in segments):
        return Gathered(Gathering.REPLACE, _uses(segments, ""))
    removed = _uses(segments, _DELETE)
    added = _uses(segments, "", _ADD, _SAME)
    updated = _uses(segments, _UPDATE)
    if not (added or updated):
        return Gathered(Gathering.REMOVE, removed)
    return Gathered(Gathering.ADD, added, updated, removed)


def _uses(segments: Sequence[Coded], *codes: str) -> tuple[ResourceUse, ...]:
    uses = (each.use for each in segments if each.code in codes)
    return tuple(use for use in uses if use is not None)
