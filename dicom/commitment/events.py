"""Events of storage commitment: what was asked, and what was answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dicom.commitment.claim import Answer, Claim, Reason, Reference
from gateway import Coding, DeviceEvent, Instant, Kind, Source, content_digest
from gateway.room import ACTION_SYSTEM

REQUESTED = "commitment.request"
ANSWERED = "commitment.answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is kept: who asked which of our titles, and which peer hears the answer."""

    claim: Claim
    calling: str
    called: str
    peer: str


def requested(site: str, asked: Asked, at: Instant) -> DeviceEvent:
    """The event of a request. A transaction has one, whoever names it again."""
    claim = asked.claim
    said = _of(asked) | {
        "digest": claim.digest,
        "references": [[each.sop_class, each.uid] for each in claim.references],
    }
    identity = content_digest(b"commitment", site.encode(), claim.transaction.encode())
    return DeviceEvent(
        id=identity,
        site=site,
        source=Source("dicom", "dicom"),
        kind=Kind.ACTION,
        code=Coding(ACTION_SYSTEM, REQUESTED),
        value=None,
        unit="",
        received_at=at,
        observed_at=at,
        actor=f"ae:{asked.calling}",
        payload=said,
    )


def answered(site: str, asked: Asked, answer: Answer, at: Instant, *identity: bytes) -> DeviceEvent:
    """The event of an answer. With an `identity` it is one more, which settles nothing."""
    said = _of(asked) | {
        "settles": not identity,
        "committed": [[each.sop_class, each.uid] for each in answer.committed],
        "failed": [[each.sop_class, each.uid, int(reason)] for each, reason in answer.failed],
    }
    return DeviceEvent(
        id=content_digest(b"answer", site.encode(), answer.transaction.encode(), *identity),
        site=site,
        source=Source("dicom", "dicom"),
        kind=Kind.ACTION,
        code=Coding(ACTION_SYSTEM, ANSWERED),
        value=None,
        unit="",
        received_at=at,
        observed_at=at,
        actor="room:dicom",
        payload=said,
    )


def asked_of(said: Mapping[str, Any]) -> Asked:
    """What an event of `requested` says."""
    references = [Reference(*each) for each in said["references"]]
    claim = Claim(said["transaction"], references)
    return Asked(claim, said["calling"], said["called"], said["peer"])


def answer_of(said: Mapping[str, Any]) -> Answer:
    """What an event of `answered` says."""
    return Answer(
        said["transaction"],
        [Reference(*each) for each in said["committed"]],
        [(Reference(kind, uid), Reason(reason)) for kind, uid, reason in said["failed"]],
    )


def _of(asked: Asked) -> dict[str, Any]:
    return {
        "transaction": asked.claim.transaction,
        "calling": asked.calling,
        "called": asked.called,
        "peer": asked.peer,
    }
