"""What a record gave, as two people established it where the record itself doesn't tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tps_bridge.book.byhand import Reading, parts_of
from tps_bridge.book.card import RecordCard
from tps_bridge.book.noted import Act, Note, second_of
from tps_bridge.ledger import UNCOUNTED, Finding, FindingKind, Given, Ledger

_UNSURE = UNCOUNTED | {FindingKind.UNCLEAR}


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
class Unsure:
    """A record that doesn't tell all that it gave, what is missing, and the last word on it."""

    card: RecordCard
    findings: tuple[Finding, ...]
    said: Correction | None

    @property
    def fraction(self) -> int | None:
        """The one fraction that it names, if it is one."""
        numbers = {each.fraction for each in self.card.given if each.treatment}
        return numbers.pop() if len(numbers) == 1 else None

    @property
    def is_open(self) -> bool:
        """Whether something that it gave is not counted."""
        return any(each.kind in UNCOUNTED for each in self.findings)


def corrections(notes: Sequence[Note]) -> Mapping[str, Correction]:
    """The last word on each record, by its UID."""
    last = {each.text("object"): each for each in notes if each.act is Act.CORRECT}
    return {
        record: Correction(
            each.seq,
            record,
            each.number("group") or 0,
            each.number("fraction") or 0,
            each.facts.get("normal") is True,
            tuple(Reading(*one) for one in each.facts.get("beams", ())),
            each.who,
            each.at,
            each.why,
            second_of(each, notes),
        )
        for record, each in last.items()
    }


def given_of(card: RecordCard, said: Mapping[str, Correction]) -> Iterator[Given]:
    """What a record gave, as it tells or as two people established."""
    own = said.get(card.uid)
    if own is None or not own.second:
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
    found = [each for one in ledgers for each in one.findings if each.kind in _UNSURE]
    several = (
        Unsure(
            each,
            tuple(dict.fromkeys(one for one in found if one.record == each.uid)),
            said.get(each.uid),
        )
        for each in records
    )
    return [each for each in several if each.findings or each.said]
