"""Why a message is refused: what its sender is told, and where it stands on our work list."""

from __future__ import annotations

from enum import StrEnum

from gateway import ProtocolViolation, QuarantineReason, sentence

HL7_0357 = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    207: "Application internal error",
}


class Verdict(StrEnum):
    """MSA-1 in original mode; in enhanced mode the accept acknowledgement has C for A."""

    ACCEPT = "AA"
    ERROR = "AE"
    REJECT = "AR"


class Refusal(ProtocolViolation):
    """`condition` is of HL7 table 0357; `location` a place such as `OBX[3]-5`, or empty."""

    def __init__(
        self,
        verdict: Verdict,
        condition: int,
        message: str,
        location: str = "",
        reason: QuarantineReason = QuarantineReason.UNREADABLE,
    ) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.condition = condition
        self.location = location
        self.reason = reason


def rejected(condition: int, message: str, location: str) -> Refusal:
    """A message of a sort that is not taken."""
    return Refusal(Verdict.REJECT, condition, message, location)


def missing(what: str, location: str) -> Refusal:
    """A message that lacks what it must say."""
    return Refusal(Verdict.ERROR, 101, sentence("{what} is missing", what=what), location)


def unparsable(value: str, what: str, location: str) -> Refusal:
    """A message with a value that can't be read as what it claims to be."""
    why = sentence("{value} is not {what}", value=repr(value[:80]), what=what)
    return Refusal(Verdict.ERROR, 102, why, location)


def misplaced(message: str, location: str) -> Refusal:
    """A message whose segments are missing or out of order."""
    return Refusal(Verdict.ERROR, 100, message, location)
