"""Services of the node, each a `dicom.dimse.Service`."""

from dicom.services.verification import verification

__all__ = ["verification"]
