"""What a record gave, as two people established it where the record itself doesn't tell. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tps_bridge.book.byhand import Reading, parts_of
from tps_bridge.book.card import RecordCard
from tps_bridge.book.noted import Act, Note, second_of
from tps_bridge.ledger import UNCOUNTED, Finding, FindingKind, Given, Ledger


@dataclass(frozen=True, slots=True)
class Correction:
    """What was given instead of all that a record tells; nothing where there are no `beams`.

    `normal` is that nothing stopped them. `second` is who agreed: until there is somebody, the
    record stands as it came.
    """

    seq: int
    record: str
    group: int
    fraction: int
    normal: bool
    beams: tuple[Reading, ...]
    who: str
    at: int
    why: str
    second: str = ""


@dataclass(frozen=True, slots=True)
class Adrift:
    """A record of a person's of which no plan is known: it names none, or can't be read.

    `received` is µs. No `card` where it can't be read.
    """

    uid: str
    kind: FindingKind
    seq: int
    received: int
    card: RecordCard | None = None


@dataclass(frozen=True, slots=True)
class Unsure:
    """A record that doesn't tell all that it gave, what is missing, and the last word on it.

    `adrift` is that it is of no plan that is known: of each plan people can say that it gave
    nothing by that, and no more. `settled` is that two people said so.
    """

    uid: str
    day: str
    machine: str
    fraction: int | None
    findings: tuple[Finding, ...]
    said: Correction | None
    adrift: bool = False
    settled: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something that it gave is not counted, or not for certain."""
        return not self.settled and any(each.kind in UNCOUNTED for each in self.findings)

    @property
    def is_counted(self) -> bool:
        """Whether all that it tells is counted, though it contradicts itself."""
        return all(each.kind is FindingKind.UNCLEAR for each in self.findings)


def corrections(notes: Sequence[Note]) -> Mapping[str, Correction]:
    """The last word on each record, by its UID."""
    return {each.record: each for each in _said(notes)}


def established(notes: Sequence[Note]) -> Mapping[str, Correction]:
    """The last word to which a second person agreed: it holds until they agree to another."""
    return {each.record: each for each in _said(notes) if each.second}


def _said(notes: Sequence[Note]) -> Iterator[Correction]:
    for each in notes:
        if each.act is Act.CORRECT:
            yield Correction(
                each.seq,
                each.text("object"),
                each.number("group") or 0,
                each.number("fraction") or 0,
                each.facts.get("normal") is True,
                tuple(Reading(*one) for one in each.facts.get("beams", ())),
                each.who,
                each.at,
                each.why,
                second_of(each, notes),
            )


def given_of(card: RecordCard, known: Mapping[str, Correction]) -> Iterator[Given]:
    """What a record gave, as it tells or as two people `established`."""
    own = known.get(card.uid)
    if own is None:
        yield from card.given
        return
    yield from parts_of(
        own.beams,
        record=card.uid,
        group=own.group,
        fraction=own.fraction,
        normal=own.normal,
        machine=card.machine,
        day=card.day,
        at=next((each.at for each in card.given), ""),
    )


def unsure(
    records: Iterable[RecordCard], ledgers: Iterable[Ledger], notes: Sequence[Note]
) -> list[Unsure]:
    """Those of a plan's records that don't tell all, or of which people said what they gave."""
    said = corrections(notes)
    found = [each for one in ledgers for each in one.findings if each.kind in UNCOUNTED]
    several = (
        Unsure(
            each.uid,
            each.day,
            each.machine,
            _fraction(each),
            tuple(dict.fromkeys(one for one in found if one.record == each.uid)),
            said.get(each.uid),
        )
        for each in records
    )
    return [each for each in several if each.findings or each.said]


def unsure_adrift(
    several: Iterable[Adrift], notes: Sequence[Note], day_of: Callable[[int], str]
) -> list[Unsure]:
    """Those that may be of a plan; `day_of` is the day of a moment (µs) at the site."""
    said, settled = corrections(notes), established(notes)
    return [
        Unsure(
            each.uid,
            day,
            each.card.machine if each.card else "",
            None,
            (Finding(each.kind, record=each.uid, day=day),),
            said.get(each.uid),
            adrift=True,
            settled=each.uid in settled,
        )
        for each in several
        for day in ((each.card.day if each.card else "") or day_of(each.received),)
    ]


def _fraction(card: RecordCard) -> int | None:
    """The one that a record names, if it is one."""
    numbers = {each.fraction for each in card.given if each.treatment and each.is_numbered}
    return numbers.pop() if len(numbers) == 1 else None
