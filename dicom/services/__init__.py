"""Services of the node, each a `dicom.dimse.Service`."""

from dicom.services.verification import VERIFICATION, verification

__all__ = ["VERIFICATION", "verification"]
