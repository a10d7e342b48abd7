"""Services of the node, each a `dicom.dimse.Service`, and what other rooms may know of it."""

from dicom.services.objects import Objects, stored_in
from dicom.services.verification import VERIFICATION, verification
from dicom.storage.charset import UnknownCharset, codec_of, decode_text
from dicom.storage.object import Blob, Origin, StoredObject

__all__ = [
    "VERIFICATION",
    "Blob",
    "Objects",
    "Origin",
    "StoredObject",
    "UnknownCharset",
    "codec_of",
    "decode_text",
    "stored_in",
    "verification",
]
