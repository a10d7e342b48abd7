"""DIMSE (PS3.7) on asyncio: associations in both roles, and the interface for services.

`dicom/README.md` shows how a service is written.
"""

from dicom.dimse.acceptor import Acceptor, Capacity, Listener, accepting
from dicom.dimse.admission import Caller, LocalTitle
from dicom.dimse.association import Association, Parties
from dicom.dimse.command import Command, Operation
from dicom.dimse.dataset import Dataset
from dicom.dimse.errors import AssociationLost, AssociationRejected, ContextRefused
from dicom.dimse.requestor import Peer, associate
from dicom.dimse.service import (
    NO_SERVICES,
    Handle,
    Request,
    Response,
    Responses,
    Service,
    Services,
    SubOperations,
)
from dicom.dimse.status import Status, is_good, is_pending
from dicom.upper.limits import Limits
from dicom.upper.negotiate import EXPLICIT, IMPLICIT, UNCOMPRESSED, Context, Offer, Wanted
from dicom.upper.tls import TlsContext, TlsFiles

__all__ = [
    "EXPLICIT",
    "IMPLICIT",
    "NO_SERVICES",
    "UNCOMPRESSED",
    "Acceptor",
    "Association",
    "AssociationLost",
    "AssociationRejected",
    "Caller",
    "Capacity",
    "Command",
    "Context",
    "ContextRefused",
    "Dataset",
    "Handle",
    "Limits",
    "Listener",
    "LocalTitle",
    "Offer",
    "Operation",
    "Parties",
    "Peer",
    "Request",
    "Response",
    "Responses",
    "Service",
    "Services",
    "Status",
    "SubOperations",
    "TlsContext",
    "TlsFiles",
    "Wanted",
    "accepting",
    "associate",
    "is_good",
    "is_pending",
]
