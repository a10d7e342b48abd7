"""What was given as two people read it, from a machine that sends no records. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite

from tps_bridge.book.noted import Act, Note
from tps_bridge.ledger import Given

_MOST = 100.0
"""Times what is planned; more is a slip of the keyboard."""

BY_HAND = "hand:"
"""How what stands for the UID of such a record begins."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A beam from one meterset to another in `unit`, that of the plan.

    Of an application of brachytherapy `specified` is how long that was to take on its day, which
    grows as the source decays.
    """

    beam: int
    start: float
    end: float
    specified: float | None = None
    unit: str = ""

    def is_possible(self, planned: float | None) -> bool:
        """Whether it goes from one meterset to a greater one, as far as any beam goes."""
        most = _MOST * planned if planned else inf
        return 0 <= self.start < self.end <= most and isfinite(self.end)

    @property
    def has_duration(self) -> bool:
        """Whether it says how long it was to take."""
        return self.specified is not None and isfinite(self.specified) and self.specified > 0

    def told(self) -> list[float | str | None]:
        """As it stands in an event, from which `Reading(*told)` is made again."""
        return [self.beam, self.start, self.end, self.specified, self.unit]


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Somebody said that a record is wrong; `second` is who agreed, until then it counts on."""

    seq: int
    who: str
    at: int
    why: str
    second: str = ""


@dataclass(frozen=True, slots=True)
class HandRecord:
    """`at` is when it ended, YYYYMMDDHHMMSS in the site's zone; `normal` that nothing stopped it.

    Without `beams` it says that nothing was given. `second` is who read the same. Until there is
    somebody it counts for nothing. `back` is that it was to be taken back.
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
    back: TakeBack | None = None

    @property
    def counts(self) -> bool:
        """Two people read it, and no two took it back."""
        return bool(self.second) and not (self.back and self.back.second)

    @property
    def waits(self) -> bool:
        """Whether a second person is wanted: to confirm it, or to take it back."""
        return not self.second or (self.back is not None and not self.back.second)

    @property
    def uid(self) -> str:
        """What stands for a record's UID."""
        return f"{BY_HAND}{self.seq}"

    @property
    def day(self) -> str:
        return self.at[:8]

    def given(self) -> Iterator[Given]:
        """For the ledger, as a record would tell it."""
        yield from parts_of(
            self.beams,
            record=self.uid,
            group=self.group,
            fraction=self.fraction,
            normal=self.normal,
            machine=self.machine,
            day=self.day,
            at=self.at,
        )


def parts_of(
    beams: Sequence[Reading],
    *,
    record: str,
    group: int,
    fraction: int,
    normal: bool,
    machine: str,
    day: str,
    at: str,
) -> Iterator[Given]:
    """What people say was given, for the ledger; `normal` is that nothing stopped it."""
    for place, each in enumerate(beams):
        yield Given(
            record=record,
            place=place,
            beam=each.beam,
            fraction=fraction,
            group=group,
            delivery="CONTINUATION" if each.start else "TREATMENT",
            treatment=True,
            termination="NORMAL" if normal else "UNKNOWN",
            specified=each.specified,
            start=each.start,
            end=each.end,
            at=at,
            day=day,
            machine=machine,
            unit=each.unit,
            by_people=True,
        )


def by_hand(notes: Sequence[Note]) -> list[HandRecord]:
    """Those of a plan, oldest first. One that nobody confirmed gives way to the session's next."""
    found: dict[int, HandRecord] = {}
    for note in notes:
        if note.act is Act.GIVE:
            made = _read(note)
            stale = [e.seq for e in found.values() if e.session == made.session and not e.second]
            found = {seq: each for seq, each in found.items() if seq not in stale}
            found[made.seq] = made
        elif (known := found.get(note.number("given") or 0)) is not None:
            del found[known.seq]
            found |= {each.seq: each for each in _after(known, note)}
    return sorted(found.values(), key=lambda each: each.seq)


def unconfirmed(notes: Sequence[Note]) -> list[HandRecord]:
    """Those that one person alone has told."""
    return [each for each in by_hand(notes) if not each.second]


def _after(record: HandRecord, note: Note) -> Iterator[HandRecord]:
    """What somebody's word leaves of a record: one that never counted is taken back at once."""
    back = record.back
    match note.act:
        case Act.WITNESS if not record.second and note.who != record.who:
            yield replace(record, second=note.who)
        case Act.TAKE_BACK if not record.second:
            return
        case Act.TAKE_BACK if record.counts:
            yield replace(record, back=TakeBack(note.seq, note.who, note.at, note.why))
        case Act.CONCUR if back is not None and _agrees(note, back):
            yield replace(record, back=replace(back, second=note.who))
        case _:
            yield record


def _agrees(note: Note, back: TakeBack) -> bool:
    """Whether it is this very request, and somebody else's word."""
    return not back.second and note.number("asked") == back.seq and note.who != back.who


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
