"""What the node asks of peers: the services as SCU, from the modules that ask."""

from __future__ import annotations

from dataclasses import dataclass

from dicom.scu.commitment import PUSH
from dicom.scu.find import PATIENT_ROOT, STUDY_ROOT, WORKLIST
from dicom.scu.retrieve import GET, MOVE
from dicom.scu.steps import MPPS
from dicom.services import VERIFICATION
from dicom.storage.classes import storage_classes


@dataclass(frozen=True, slots=True)
class Call:
    """A service that we use, the SOP classes proposed for it, and when."""

    service: str
    sop_classes: tuple[str, ...]
    when: str


CALLS = (
    Call(
        "Verification",
        (VERIFICATION,),
        "Every peer of devices.yaml that is watched, at an interval; by command and from a page.",
    ),
    Call(
        "Storage",
        storage_classes(),
        "Objects that a rule forwards, that a person sends, and those of a C-MOVE; in the transfer"
        " syntax in which each was received, never transcoded.",
    ),
    Call("Query", (STUDY_ROOT, PATIENT_ROOT), "By command: `isogate dicom find`."),
    Call("Retrieve (C-MOVE)", (MOVE,), "By command: `isogate dicom move`."),
    Call("Retrieve (C-GET)", (GET,), "By command: `isogate dicom get`."),
    Call("Modality Worklist", (WORKLIST,), "By command and through the API."),
    Call("Modality Performed Procedure Step", (MPPS,), "For other rooms of the gateway."),
    Call("Storage Commitment", (PUSH,), "For what is forwarded, where a destination asks for it."),
)
