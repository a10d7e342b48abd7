"""One entry of the audit: pure, and exact both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.audit.chain import Row
from gateway.model import Instant, Laterality, Subject
from gateway.room import Outcome
from gateway.seal import Column


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did, and what came of it. `seq` counts from 1 without a gap; 0: not stored.

    `who` is the id of the principal, `name` what people call it. Only `subject`, `objects` and
    `detail` can identify a patient.
    """

    at: Instant
    who: str
    name: str
    action: str
    outcome: Outcome
    address: str = ""
    subject: Subject | None = None
    objects: tuple[tuple[str, str], ...] = ()
    detail: str = ""
    seq: int = 0


def row_of(seq: int, entry: AuditEntry, column: Column) -> Row:
    """The row of an entry, without its HMAC; what says nothing is left out of the sealed body."""
    subject = entry.subject
    said = {
        "name": entry.name,
        "address": entry.address,
        "subject": None if subject is None else _fold(subject),
        "objects": [list(pair) for pair in entry.objects],
        "detail": entry.detail,
    }
    body = column.seal(orjson.dumps({key: each for key, each in said.items() if each}), seq)
    known = subject is not None and subject.patient
    patient = column.hash(subject.issuer, subject.patient) if subject and known else b""
    return Row(seq, entry.at, entry.who, entry.action, entry.outcome, patient, body, b"")


def entry_of(row: Row, column: Column) -> AuditEntry:
    """The entry of a row; the inverse of `row_of`."""
    said: Mapping[str, Any] = orjson.loads(column.open(row.body, row.seq))
    subject = said.get("subject")
    return AuditEntry(
        at=Instant(row.at),
        who=row.who,
        name=said.get("name", ""),
        action=row.action,
        outcome=Outcome(row.outcome),
        address=said.get("address", ""),
        subject=None if subject is None else _unfold(subject),
        objects=tuple((kind, thing) for kind, thing in said.get("objects", ())),
        detail=said.get("detail", ""),
        seq=row.seq,
    )


def _fold(subject: Subject) -> list[str]:
    names = (subject.patient, subject.issuer, subject.specimen, subject.order, subject.session)
    return [*names, subject.laterality or ""]


def _unfold(folded: list[str]) -> Subject:
    *names, side = folded
    patient, issuer, specimen, order, session = names
    return Subject(patient, issuer, specimen, order, session, Laterality(side) if side else None)
