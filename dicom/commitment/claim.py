"""What a peer wants us to commit to, and what we say of it (PS3.4 tables J.3-1, J.3-2). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import Any

from dicom.content import Content, element, tag, text, values
from dicom.dimse.status import Status
from dicom.upper.negotiate import is_uid

PUSH = "1.2.840.10008.1.20.1"
INSTANCE = "1.2.840.10008.1.20.1.1"
"""The class, and its one well-known instance (J.3.4, J.3.5)."""
REQUEST = 1
"""The one action type."""

_TRANSACTION = tag("TransactionUID")
_REFERENCES = tag("ReferencedSOPSequence")
_CLASS = tag("ReferencedSOPClassUID")
_OBJECT = tag("ReferencedSOPInstanceUID")


class Outcome(IntEnum):
    """Event types of the report."""

    SUCCESSFUL = 1
    FAILURES = 2


class Reason(IntEnum):
    """Why we don't commit to an object (Failure Reason, PS3.3 C.14.1.1)."""

    PROCESSING_FAILURE = Status.PROCESSING_FAILURE
    """Its file is damaged, or another object has its UID: a person has to look."""
    NO_SUCH_OBJECT = Status.NO_SUCH_SOP_INSTANCE
    OTHER_CLASS = Status.CLASS_INSTANCE_CONFLICT
    DUPLICATE_TRANSACTION = Status.DUPLICATE_TRANSACTION


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that a peer names."""

    sop_class: str
    uid: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A request: its transaction, and the objects in it."""

    transaction: str
    references: Sequence[Reference]

    @property
    def digest(self) -> str:
        """Tells a repetition from another request under the same transaction UID."""
        said = "\n".join(f"{each.sop_class} {each.uid}" for each in self.references)
        return blake2b(said.encode(), digest_size=16, person=b"commitment").hexdigest()


class BadClaim(ValueError):  # noqa: N818 - what it is
    """Not a request that can be taken; `status` for its answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def claim_of(content: Mapping[str, Any], most: int) -> Claim:
    """What an N-ACTION asks; BadClaim if it lacks something, or has too much."""
    transaction = text(content, _TRANSACTION)
    if not is_uid(transaction):
        raise BadClaim(Status.INVALID_ARGUMENT, "no Transaction UID")
    references = [
        Reference(text(item, _CLASS), text(item, _OBJECT)) for item in values(content, _REFERENCES)
    ]
    if not references:
        raise BadClaim(Status.INVALID_ARGUMENT, "no Referenced SOP Sequence")
    if len(references) > most:
        raise BadClaim(Status.RESOURCE_LIMITATION, f"{most} references at most")
    if not all(is_uid(each.uid) and is_uid(each.sop_class) for each in references):
        raise BadClaim(Status.INVALID_ARGUMENT, "a reference without its UIDs")
    if len({each.uid for each in references}) < len(references):
        raise BadClaim(Status.INVALID_ARGUMENT, "an object is referenced twice")
    return Claim(transaction, references)


@dataclass(frozen=True, slots=True)
class Answer:
    """What we commit to, and what not and why; together all that the request named."""

    transaction: str
    committed: Sequence[Reference]
    failed: Sequence[tuple[Reference, Reason]]

    @property
    def outcome(self) -> Outcome:
        return Outcome.FAILURES if self.failed else Outcome.SUCCESSFUL

    def content(self) -> Content:
        """The event information of the report."""
        said = [element("TransactionUID", self.transaction)]
        if self.committed:
            said.append(element("ReferencedSOPSequence", *map(_item, self.committed)))
        if self.failed:
            failures = [
                _item(each) | dict([element("FailureReason", int(reason))])
                for each, reason in self.failed
            ]
            said.append(element("FailedSOPSequence", *failures))
        return dict(said)


def _item(reference: Reference) -> Content:
    return dict(
        (
            element("ReferencedSOPClassUID", reference.sop_class),
            element("ReferencedSOPInstanceUID", reference.uid),
        )
    )
