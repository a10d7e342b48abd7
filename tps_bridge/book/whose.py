"""Whether a record is of its plan's patient, as it says itself or as two people said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tps_bridge.book.card import RecordCard
from tps_bridge.book.noted import Act, Note
from tps_bridge.plan import Identity, Unlike


@dataclass(frozen=True, slots=True)
class Attribution:
    """Somebody said whether a record is of its plan's patient (`own`).

    `second` is who agreed, or nothing: until there is somebody it counts for nothing.
    """

    seq: int
    record: str
    own: bool
    who: str
    at: int
    why: str
    second: str = ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A record that names another patient than its plan, in what, and what was said of it last."""

    card: RecordCard
    unlike: tuple[Unlike, ...]
    said: Attribution | None

    @property
    def is_open(self) -> bool:
        """Nobody knows whose it is until two people said so."""
        return self.said is None or not self.said.second

    @property
    def counts(self) -> bool:
        """Whether what it tells was given to the plan's patient."""
        return self.said is not None and bool(self.said.second) and self.said.own


def attributions(notes: Sequence[Note]) -> Mapping[str, Attribution]:
    """The last word on each record, by its UID. Nobody confirms their own."""
    found: dict[str, Attribution] = {}
    for note in notes:
        if note.act is Act.ATTRIBUTE:
            record, own = note.text("object"), bool(note.facts.get("own"))
            said = Attribution(note.seq, record, own, note.who, note.at, note.why)
            found[record] = said
        elif note.act is Act.CONFIRM:
            for record, said in found.items():
                if said.seq == note.number("override") and said.who != note.who:
                    found[record] = replace(said, second=said.second or note.who)
    return found


def strangers(
    own: Identity, cards: Sequence[RecordCard], notes: Sequence[Note]
) -> Mapping[str, Stranger]:
    """Those of a plan's records that name another patient than `own`, by their UIDs."""
    said = attributions(notes)
    unlike = {each.uid: tuple(own.unlike(each.identity)) for each in cards}
    return {
        each.uid: Stranger(each, unlike[each.uid], said.get(each.uid))
        for each in cards
        if unlike[each.uid]
    }
