"""Names that PS3.4 Annex CC gives: classes, well-known instances, actions, events, statuses."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from dicom.content import tag

PUSH = "1.2.840.10008.5.1.4.34.6.1"
WATCH = "1.2.840.10008.5.1.4.34.6.2"
PULL = "1.2.840.10008.5.1.4.34.6.3"
EVENT = "1.2.840.10008.5.1.4.34.6.4"
QUERY = "1.2.840.10008.5.1.4.34.6.5"
CLASSES = (PUSH, WATCH, PULL, EVENT, QUERY)
"""Every work item is of class PUSH, in whichever class's context it is spoken of (CC.3.1)."""

GLOBAL = "1.2.840.10008.5.1.4.34.5"
FILTERED = "1.2.840.10008.5.1.4.34.5.1"
"""Well-known instances that stand for all work items, and for those that match keys."""


class State(StrEnum):
    """Procedure Step State (table CC.1.1-1)."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    CANCELED = "CANCELED"
    COMPLETED = "COMPLETED"

    @property
    def is_final(self) -> bool:
        return self in (State.CANCELED, State.COMPLETED)


class Action(IntEnum):
    """N-ACTION types (CC.2.1 to CC.2.3)."""

    CHANGE_STATE = 1
    REQUEST_CANCEL = 2
    SUBSCRIBE = 3
    UNSUBSCRIBE = 4
    SUSPEND_GLOBAL = 5


class Event(IntEnum):
    """N-EVENT-REPORT types (table CC.2.4-1)."""

    STATE_REPORT = 1
    CANCEL_REQUESTED = 2
    PROGRESS = 3
    SCP_STATUS = 4
    ASSIGNED = 5


class UpsStatus(IntEnum):
    """Statuses of this service class (tables CC.2.1-2, CC.2.2-2, CC.2.3-3, CC.2.5-4, CC.2.6-1)."""

    CREATED_WITH_MODIFICATIONS = 0xB300
    LOCK_NOT_GRANTED = 0xB301
    ALREADY_CANCELED = 0xB304
    COERCED = 0xB305
    ALREADY_COMPLETED = 0xB306
    NO_LONGER_UPDATED = 0xC300
    WRONG_TRANSACTION = 0xC301
    ALREADY_IN_PROGRESS = 0xC302
    ONLY_CREATED_SCHEDULED = 0xC303
    FINAL_STATE_UNMET = 0xC304
    UNKNOWN_ITEM = 0xC307
    UNKNOWN_RECEIVER = 0xC308
    NOT_SCHEDULED = 0xC309
    NOT_IN_PROGRESS = 0xC310
    COMPLETED_ALREADY = 0xC311
    PERFORMER_UNREACHABLE = 0xC312
    PERFORMER_REFUSES = 0xC313
    WRONG_ACTION = 0xC314
    NO_EVENT_REPORTS = 0xC315


STATE = tag("ProcedureStepState")
TRANSACTION = tag("TransactionUID")
PRIORITY = tag("ScheduledProcedureStepPriority")
READINESS = tag("InputReadinessState")
MODIFIED = tag("ScheduledProcedureStepModificationDateTime")
WORKLIST_LABEL = tag("WorklistLabel")
PROGRESS = tag("ProcedureStepProgressInformationSequence")
PROGRESS_PERCENT = tag("ProcedureStepProgress")
PROGRESS_WORDS = tag("ProcedureStepProgressDescription")
COMMUNICATIONS = tag("ProcedureStepCommunicationsURISequence")
CANCELED_AT = tag("ProcedureStepCancellationDateTime")
REASON = tag("ReasonForCancellation")
REASON_CODES = tag("ProcedureStepDiscontinuationReasonCodeSequence")
CONTACT_URI = tag("ContactURI")
CONTACT_NAME = tag("ContactDisplayName")
PERFORMED = tag("UnifiedProcedureStepPerformedProcedureSequence")
STATIONS = tag("ScheduledStationNameCodeSequence")
PERFORMERS = tag("ScheduledHumanPerformersSequence")
PERFORMER_CODES = tag("HumanPerformerCodeSequence")
PERFORMER_ORGANIZATION = tag("HumanPerformerOrganization")
RECEIVER = tag("ReceivingAE")
DELETION_LOCK = tag("DeletionLock")
SOP_CLASS = tag("SOPClassUID")
SOP_INSTANCE = tag("SOPInstanceUID")
PATIENT_ID = tag("PatientID")
ISSUER = tag("IssuerOfPatientID")
