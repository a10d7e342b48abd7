"""The closed sets of the vocabulary; their values are what the API and the store write."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What sort of fact an event is (CloudEvents `type` is `org.isogate.<kind>`)."""

    MEASUREMENT = "measurement"
    STATE = "state"
    RESULT = "result"
    AVAILABILITY = "availability"
    OBJECT = "object"
    SESSION = "session"
    ALARM = "alarm"
    ACTION = "action"
    SYSTEM = "system"
    PATIENT = "patient"
    APPOINTMENT = "appointment"
    ORDER = "order"


class Status(StrEnum):
    """Standing of a result (FHIR R5 Observation.status, plus quality control)."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"
    QC = "qc"


class Quality(StrEnum):
    """How far a value can be trusted, apart from its status (after OPC UA Part 8)."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    STALE = "stale"
    BAD = "bad"


class ClockQuality(StrEnum):
    """Where `observed_at` comes from and whether it can be believed.

    DEVICE: the device's own clock, plausible. GATEWAY: the device has no clock, so the receive
    time stands in. SUSPECT: the device's clock is implausibly far from ours; its time is kept as
    sent, and is never part of an event's identity.
    """

    DEVICE = "device"
    GATEWAY = "gateway"
    SUSPECT = "suspect"


class Operator(StrEnum):
    """Comparator of a number (FHIR R5 quantity-comparator)."""

    LESS = "<"
    AT_MOST = "<="
    AT_LEAST = ">="
    GREATER = ">"


class Laterality(StrEnum):
    """DICOM Laterality (0020,0060) with both sides spelled out."""

    LEFT = "L"
    RIGHT = "R"
    BILATERAL = "B"
    UNPAIRED = "U"


class Direction(StrEnum):
    """Which way bytes went, seen from the gateway."""

    IN = "in"
    OUT = "out"


class Retention(StrEnum):
    """How long a fact is kept.

    TELEMETRY segments may be dropped by age. RECORD segments hold what projections fold
    (results, sessions, alarms, audit, configuration) and are never dropped without a verified
    snapshot.
    """

    TELEMETRY = "telemetry"
    RECORD = "record"


class QuarantineReason(StrEnum):
    """Why bytes could not become events; each is a work list for a person."""

    UNKNOWN_DEVICE = "unknown-device"
    UNKNOWN_CODE = "unknown-code"
    UNKNOWN_UNIT = "unknown-unit"
    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"
