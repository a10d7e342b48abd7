"""Status codes that our services answer with (PS3.7 Annex C and the service classes in PS3.4)."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """General codes; a service class adds its own as plain numbers."""

    SUCCESS = 0x0000
    CANCEL = 0xFE00
    PENDING = 0xFF00
    PENDING_WARNING = 0xFF01
    """C-FIND: some optional keys were not supported."""
    OPTIONAL_UNSUPPORTED = 0x0001
    """Warning: some of the attributes that were asked for are not supported."""
    INVALID_VALUE = 0x0106
    ATTRIBUTE_LIST_ERROR = 0x0107
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_SOP_INSTANCE = 0x0112
    NO_SUCH_EVENT_TYPE = 0x0113
    NO_SUCH_ARGUMENT = 0x0114
    INVALID_ARGUMENT = 0x0115
    ATTRIBUTE_OUT_OF_RANGE = 0x0116
    INVALID_SOP_INSTANCE = 0x0117
    NO_SUCH_SOP_CLASS = 0x0118
    CLASS_INSTANCE_CONFLICT = 0x0119
    MISSING_ATTRIBUTE = 0x0120
    MISSING_ATTRIBUTE_VALUE = 0x0121
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORIZED = 0x0124
    DUPLICATE_TRANSACTION = 0x0131
    """Storage commitment: the transaction UID is in use (PS3.3 C.14.1.1)."""
    DUPLICATE_INVOCATION = 0x0210
    UNRECOGNIZED_OPERATION = 0x0211
    MISTYPED_ARGUMENT = 0x0212
    RESOURCE_LIMITATION = 0x0213
    OUT_OF_RESOURCES = 0xA700
    """Storage and query/retrieve: refused, out of resources."""
    MOVE_DESTINATION_UNKNOWN = 0xA801
    DATASET_DOES_NOT_MATCH = 0xA900
    """The dataset does not match the SOP class, or the identifier does not."""
    CANNOT_UNDERSTAND = 0xC000


def is_pending(status: int) -> bool:
    """Whether further responses follow."""
    return status in (Status.PENDING, Status.PENDING_WARNING)


def is_good(status: int) -> bool:
    """Success or a warning: what was asked for was done (PS3.7 C.1, C.3)."""
    return (
        status == Status.SUCCESS
        or status in (0x0001, Status.ATTRIBUTE_LIST_ERROR, Status.ATTRIBUTE_OUT_OF_RANGE)
        or status >> 12 == 0xB  # noqa: PLR2004 - Bxxx are warnings
    )
