"""Whether a study may leave the store, and what keeps it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from dicom.storage.removal import Removal
from gateway import Instant, Subject

_DAY = 86_400_000_000


class Kept(StrEnum):
    """What keeps a study that a rule is for, in words.

    YOUNG: its last object came too late. OWED: something of it still has to be sent, or a person
    has to say that it won't. ROOM: it goes only when its room is needed.
    """

    YOUNG = "grew of late"
    HELD = "held"
    OWED = "still to be sent"
    UNSENT = "not at every destination"
    CONTRADICTED = "contradicted"
    ROOM = "there is room for it"


@dataclass(frozen=True, slots=True)
class Aged:
    """A study as the rules look at it; `seqs` are those of its objects' events.

    `owed` is whether something of it still has to go to a destination, `sent_to` are the
    destinations that have every object. `radiotherapy`: an object of it is a plan, a record or the
    like, whatever its series says.
    """

    uid: str
    patient: str
    issuer: str
    name: str
    date: str
    first_at: Instant
    last_at: Instant
    seqs: AbstractSet[int]
    bytes: int
    modalities: AbstractSet[str]
    senders: AbstractSet[str]
    held: bool = False
    contradicted: bool = False
    radiotherapy: bool = False
    owed: bool = False
    sent_to: AbstractSet[str] = frozenset()

    def removal(self, rule: str, decided: int) -> Removal:
        """What takes it out of the store, as of the newest event that was looked at."""
        subject = Subject(self.patient, self.issuer) if self.patient else None
        upto, count = max(self.seqs), len(self.seqs)
        return Removal(self.uid, upto, rule, count, self.bytes, subject, decided)


@dataclass(frozen=True, slots=True)
class Rule:
    """See `dicom.retention.options.RetentionRule`."""

    name: str
    days: int
    modalities: AbstractSet[str]
    senders: AbstractSet[str] = frozenset()
    sent_to: Sequence[str] = ()
    only_when_full: bool = False

    def is_for(self, study: Aged) -> bool:
        """Whether the study is of its kind, whatever keeps it."""
        if study.radiotherapy or not study.modalities:
            return False
        known = study.modalities <= self.modalities
        return known and (not self.senders or study.senders <= self.senders)

    def keeps(self, study: Aged, now: Instant, excess: int) -> Kept | None:
        """What keeps a study that the rule is for; None where it may go.

        `excess` are the bytes for which there is no room.
        """
        if study.last_at > now - self.days * _DAY:
            return Kept.YOUNG
        if study.held:
            return Kept.HELD
        if study.contradicted:
            return Kept.CONTRADICTED
        if study.owed:
            return Kept.OWED
        if not study.sent_to >= set(self.sent_to):
            return Kept.UNSENT
        return Kept.ROOM if self.only_when_full and excess <= 0 else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first rule by which a study goes, or what keeps it by the last rule that is for it."""

    rule: str
    kept: Kept | None


def judge(rules: Sequence[Rule], study: Aged, now: Instant, excess: int) -> Verdict | None:
    """None where no rule is for the study."""
    found: Verdict | None = None
    for rule in rules:
        if rule.is_for(study):
            found = Verdict(rule.name, rule.keeps(study, now, excess))
            if found.kept is None:
                return found
    return found


def youngest(rules: Sequence[Rule], now: Instant) -> Instant:
    """Studies that came later than this are kept by every rule."""
    return Instant(now - min(each.days for each in rules) * _DAY)
