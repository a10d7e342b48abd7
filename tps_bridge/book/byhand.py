"""What was given as two people read it, from a machine that sends no records. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tps_bridge.book.noted import Act, Note
from tps_bridge.ledger import Given


@dataclass(frozen=True, slots=True)
class Reading:
    """A beam from one meterset to another in MU."""

    beam: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class HandRecord:
    """`at` is when it ended, YYYYMMDDHHMMSS in the site's zone; `normal` that nothing stopped it.

    `second` is who read the same. Until there is somebody it counts for nothing.
    """

    seq: int
    session: str
    group: int
    fraction: int
    machine: str
    at: str
    normal: bool
    beams: tuple[Reading, ...]
    who: str
    noted: int
    why: str
    second: str = ""

    @property
    def uid(self) -> str:
        """What stands for a record's UID."""
        return f"hand:{self.seq}"

    @property
    def day(self) -> str:
        return self.at[:8]

    def given(self) -> Iterator[Given]:
        """For the ledger, as a record would tell it."""
        for place, each in enumerate(self.beams):
            yield Given(
                record=self.uid,
                place=place,
                beam=each.beam,
                fraction=self.fraction,
                group=self.group,
                delivery="CONTINUATION" if each.start else "TREATMENT",
                treatment=True,
                termination="NORMAL" if self.normal else "UNKNOWN",
                specified=None,
                start=each.start,
                end=each.end,
                at=self.at,
                day=self.day,
                machine=self.machine,
            )


def by_hand(notes: Sequence[Note]) -> list[HandRecord]:
    """Those of a plan, oldest first. One that nobody confirmed gives way to the session's next."""
    waiting: dict[str, HandRecord] = {}
    confirmed: list[HandRecord] = []
    for note in notes:
        if note.act is Act.GIVE:
            waiting[note.text("session")] = _read(note)
        elif note.act is Act.WITNESS:
            found = waiting.get(note.text("session"))
            if found is not None and _confirms(note, found):
                confirmed.append(replace(found, second=note.who))
                del waiting[found.session]
    return sorted((*confirmed, *waiting.values()), key=lambda each: each.seq)


def _confirms(note: Note, record: HandRecord) -> bool:
    """Whether it is this very record, confirmed by somebody else."""
    return note.number("given") == record.seq and note.who != record.who


def _read(note: Note) -> HandRecord:
    return HandRecord(
        seq=note.seq,
        session=note.text("session"),
        group=note.number("group") or 0,
        fraction=note.number("fraction") or 0,
        machine=note.text("machine"),
        at=note.text("at"),
        normal=bool(note.facts.get("normal")),
        beams=tuple(Reading(*each) for each in note.facts.get("beams", ())),
        who=note.who,
        noted=note.at,
        why=note.why,
    )
