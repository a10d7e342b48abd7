"""An operation that a peer answered with a failure."""

from __future__ import annotations

from dicom.dimse.status import Status
from gateway import IsogateError

_WORDS = {
    Status.OUT_OF_RESOURCES: "it is out of resources",
    0xA701: "it can't count the matches",
    0xA702: "it can't perform the sub-operations",
    Status.MOVE_DESTINATION_UNKNOWN: "it does not know the destination's AE title",
    Status.DATASET_DOES_NOT_MATCH: "the identifier does not fit the SOP class",
    Status.CANCEL: "it cancelled the operation",
    Status.NOT_AUTHORIZED: "it does not let us",
    Status.SOP_CLASS_NOT_SUPPORTED: "it does not support the SOP class",
    Status.NO_SUCH_SOP_INSTANCE: "it has no such instance",
    Status.DUPLICATE_SOP_INSTANCE: "it has this instance already",
    Status.UNRECOGNIZED_OPERATION: "it does not know the operation",
    Status.PROCESSING_FAILURE: "it failed to process it",
}


class PeerFailed(IsogateError):  # noqa: N818 - named for what the peer did
    """The peer's final answer was a failure; `status` is its code."""

    def __init__(self, what: str, peer: object, status: int, comment: str = "") -> None:
        told = ": ".join(part for part in (_WORDS.get(status, ""), comment) if part)
        super().__init__(f"{what}: {peer}: {told or 'it failed'} ({status:04X}H)")
        self.status = status
