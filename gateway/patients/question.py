"""What sources disagree on: a question for a person, never answered by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from gateway.keys import content_digest
from gateway.model import Identifier, IdentifierType, Instant


class QuestionKind(StrEnum):
    """What sort of disagreement it is.

    CONFLICT: a source says otherwise than what is in force. MERGED_DIFFERENT: a record was merged
    into one with other facts. MERGE_REFUSED: a merge that no rule allows. LINK_ASKED and
    UNLINK_ASKED: a system asks for what only a person may do. SHARED: one identifier, two people.
    UNREADABLE: a statement that can't be read.
    """

    CONFLICT = "conflict"
    MERGED_DIFFERENT = "merged-different"
    MERGE_REFUSED = "merge-refused"
    LINK_ASKED = "link-asked"
    UNLINK_ASKED = "unlink-asked"
    SHARED = "shared"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Question:
    """One discrepancy. `records` are those it is about, the first one first.

    `field` names the fact, `in_force` and `said` are what stands and what a source says instead;
    `seq` is the event that raised it, `source` who sent that.
    """

    kind: QuestionKind
    records: tuple[Identifier, ...]
    since: Instant
    seq: int
    source: str
    field: str = ""
    slot: str = ""
    in_force: str = ""
    said: str = ""
    raw: int | None = None

    @property
    def id(self) -> bytes:
        """The same for the same disagreement, whenever and however often it is raised."""
        parts = [f"{each.issuer}\x1f{each.value}" for each in self.records]
        return content_digest(
            b"question",
            self.kind.encode(),
            self.slot.encode(),
            self.said.encode(),
            *(part.encode() for part in parts),
        )

    def body(self) -> bytes:
        records = [[each.value, each.issuer, each.type] for each in self.records]
        return orjson.dumps(
            [
                self.kind,
                records,
                self.since,
                self.seq,
                self.source,
                self.field,
                self.slot,
                self.in_force,
                self.said,
                self.raw,
            ]
        )


def read_question(body: bytes) -> Question:
    """A question as the tables keep it."""
    kind, records, since, *rest = orjson.loads(body)
    found = tuple(
        Identifier(value, issuer, IdentifierType(sort)) for value, issuer, sort in records
    )
    return Question(QuestionKind(kind), found, Instant(since), *rest)


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Who answered a question by leaving things as they are, and why."""

    seq: int
    at: Instant
    actor: str
    reason: str


def newest_first(questions: Sequence[Question]) -> list[Question]:
    return sorted(questions, key=lambda each: (-each.since, each.id))
