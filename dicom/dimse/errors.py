"""What a caller of another node has to tell apart."""

from __future__ import annotations

from dicom.upper.pdu import AssociateRj
from gateway import DeviceUnavailable


class AssociationRejected(DeviceUnavailable):
    """The peer refused the association. If `permanent`, trying again changes nothing."""

    def __init__(self, message: str, answer: AssociateRj) -> None:
        super().__init__(message)
        self.answer = answer

    @property
    def permanent(self) -> bool:
        return self.answer.result == 1


class AssociationLost(DeviceUnavailable):
    """The association ended before the answer came: nobody knows whether the peer acted."""


class ContextRefused(DeviceUnavailable):
    """The peer took the association but not this SOP class in this transfer syntax."""
