"""Services of the node, each a `dicom.dimse.Service`, and what other rooms may know of it."""

from dicom.content import element, first, tag, text, values
from dicom.mpps.said import State as PerformedState
from dicom.scu.asking import Asking
from dicom.scu.failure import PeerFailed
from dicom.scu.identifier import Level, keyed, plain, query
from dicom.services.frames import Frames
from dicom.services.objects import Objects, stored_in
from dicom.services.performed import PerformedChange, performed_in
from dicom.services.verification import VERIFICATION, verification
from dicom.services.workitems import (
    Actor,
    Ask,
    Content,
    Verb,
    WorkItem,
    WorkItemChange,
    WorkItemKeeper,
    WorkItemRefused,
    WorkItems,
    change_of,
)
from dicom.storage.charset import UnknownCharset, codec_of, decode_text
from dicom.storage.object import Blob, Origin, StoredObject
from dicom.view import Stored, Unseen, Unviewable

__all__ = [
    "VERIFICATION",
    "Actor",
    "Ask",
    "Asking",
    "Blob",
    "Content",
    "Frames",
    "Level",
    "Objects",
    "Origin",
    "PeerFailed",
    "PerformedChange",
    "PerformedState",
    "Stored",
    "StoredObject",
    "UnknownCharset",
    "Unseen",
    "Unviewable",
    "Verb",
    "WorkItem",
    "WorkItemChange",
    "WorkItemKeeper",
    "WorkItemRefused",
    "WorkItems",
    "change_of",
    "codec_of",
    "decode_text",
    "element",
    "first",
    "keyed",
    "performed_in",
    "plain",
    "query",
    "stored_in",
    "tag",
    "text",
    "values",
    "verification",
]
