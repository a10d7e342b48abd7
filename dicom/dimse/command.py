"""The command set of a DIMSE message: one value and its bytes (PS3.7 6.3.1, 9.3, 10.3, Annex E)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct, error, pack, unpack
from typing import Any

from gateway import ProtocolViolation

NO_DATASET = 0x0101
_DATASET = 0x0001
_RESPONSE = 0x8000
_CANCEL = 0x0FFF

_ELEMENT = Struct("<HHI")
_SHORT = Struct("<HHIH")
_GROUP_LENGTH = Struct("<HHII")
_UL = Struct("<I")
_US = 2
_COMMENT = 64


class Operation(IntEnum):
    """DIMSE operations by the code of their request (PS3.7 table E.1-1)."""

    C_STORE = 0x0001
    C_GET = 0x0010
    C_FIND = 0x0020
    C_MOVE = 0x0021
    C_ECHO = 0x0030
    N_EVENT_REPORT = 0x0100
    N_GET = 0x0110
    N_SET = 0x0120
    N_ACTION = 0x0130
    N_CREATE = 0x0140
    N_DELETE = 0x0150
    C_CANCEL = _CANCEL


class Element(IntEnum):
    """Elements of group 0000 that we read and write."""

    AFFECTED_CLASS = 0x0002
    REQUESTED_CLASS = 0x0003
    FIELD = 0x0100
    MESSAGE_ID = 0x0110
    ANSWERED_ID = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    DATASET_TYPE = 0x0800
    STATUS = 0x0900
    OFFENDING = 0x0901
    COMMENT = 0x0902
    ERROR_ID = 0x0903
    AFFECTED_INSTANCE = 0x1000
    REQUESTED_INSTANCE = 0x1001
    EVENT_TYPE = 0x1002
    ATTRIBUTES = 0x1005
    ACTION_TYPE = 0x1008
    REMAINING = 0x1020
    COMPLETED = 0x1021
    FAILED = 0x1022
    WARNING = 0x1023
    ORIGINATOR = 0x1030
    ORIGINATOR_ID = 0x1031


_REQUESTED = frozenset((Operation.N_GET, Operation.N_SET, Operation.N_ACTION, Operation.N_DELETE))
"""Requests of these name the requested, not the affected, SOP class and instance."""
_PRIORITIZED = frozenset((Operation.C_STORE, Operation.C_FIND, Operation.C_GET, Operation.C_MOVE))


@dataclass(frozen=True, slots=True)
class Command:
    """A request, or the response to one. What an operation has no use for keeps its default.

    `message_id` is the request's, in a response too. `sop_class` and `sop_instance` are the
    affected ones, or the requested ones where the operation's request names those. `attributes`
    (N-GET) and `offending` are tags as numbers.
    """

    operation: Operation
    message_id: int = 0
    is_response: bool = False
    sop_class: str = ""
    sop_instance: str = ""
    has_dataset: bool = False
    status: int = 0
    priority: int = 0
    move_destination: str = ""
    originator: str = ""
    originator_id: int | None = None
    event_type: int | None = None
    action_type: int | None = None
    attributes: tuple[int, ...] = ()
    offending: tuple[int, ...] = ()
    comment: str = ""
    error_id: int | None = None
    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None


_OPERATIONS = {each.value: each for each in Operation}
_ALWAYS = frozenset(
    {
        0,
        Element.AFFECTED_CLASS,
        Element.REQUESTED_CLASS,
        Element.FIELD,
        Element.MESSAGE_ID,
        Element.ANSWERED_ID,
        Element.DATASET_TYPE,
        Element.STATUS,
        Element.AFFECTED_INSTANCE,
        Element.REQUESTED_INSTANCE,
    }
)


def encode(command: Command) -> bytes:
    """The command set in Implicit VR Little Endian, its group length first."""
    body = b"".join(_elements(command))
    return _GROUP_LENGTH.pack(0, 0, _UL.size, len(body)) + body


def decode(data: bytes) -> Command:
    """ProtocolViolation if it isn't a command set, or lacks what every one has (PS3.7 E.1)."""
    found = _split(data)
    code = _required(found, Element.FIELD)
    is_response = bool(code & _RESPONSE)
    operation = _OPERATIONS.get(code & ~_RESPONSE)
    if operation is None:
        raise ProtocolViolation(f"unknown command field {code:#06x}", data)
    answers = is_response or operation is Operation.C_CANCEL
    return Command(
        operation,
        _required(found, Element.ANSWERED_ID if answers else Element.MESSAGE_ID),
        is_response,
        _text(found, Element.AFFECTED_CLASS) or _text(found, Element.REQUESTED_CLASS),
        _text(found, Element.AFFECTED_INSTANCE) or _text(found, Element.REQUESTED_INSTANCE),
        _required(found, Element.DATASET_TYPE) != NO_DATASET,
        _required(found, Element.STATUS) if is_response else 0,
        **(_rest(found) if found.keys() - _ALWAYS else {}),
    )


def _rest(found: dict[int, bytes]) -> dict[str, Any]:
    """What only some commands have."""
    return {
        "priority": _number(found, Element.PRIORITY) or 0,
        "move_destination": _text(found, Element.MOVE_DESTINATION),
        "originator": _text(found, Element.ORIGINATOR),
        "originator_id": _number(found, Element.ORIGINATOR_ID),
        "event_type": _number(found, Element.EVENT_TYPE),
        "action_type": _number(found, Element.ACTION_TYPE),
        "attributes": _tags(found, Element.ATTRIBUTES),
        "offending": _tags(found, Element.OFFENDING),
        "comment": _text(found, Element.COMMENT),
        "error_id": _number(found, Element.ERROR_ID),
        "remaining": _number(found, Element.REMAINING),
        "completed": _number(found, Element.COMPLETED),
        "failed": _number(found, Element.FAILED),
        "warning": _number(found, Element.WARNING),
    }


def _elements(it: Command) -> Iterator[bytes]:
    """In ascending order of their tags."""
    requested = it.operation in _REQUESTED and not it.is_response
    answers = it.is_response or it.operation is Operation.C_CANCEL
    if it.sop_class:
        yield _uid(Element.REQUESTED_CLASS if requested else Element.AFFECTED_CLASS, it.sop_class)
    yield _short(Element.FIELD, it.operation | (_RESPONSE if it.is_response else 0))
    yield _short(Element.ANSWERED_ID if answers else Element.MESSAGE_ID, it.message_id)
    if it.move_destination:
        yield _words(Element.MOVE_DESTINATION, it.move_destination)
    if not answers and it.operation in _PRIORITIZED:
        yield _short(Element.PRIORITY, it.priority)
    yield _short(Element.DATASET_TYPE, _DATASET if it.has_dataset else NO_DATASET)
    if it.is_response:
        yield _short(Element.STATUS, it.status)
    if it.offending:
        yield _pairs(Element.OFFENDING, it.offending)
    if it.comment:
        yield _words(Element.COMMENT, it.comment[:_COMMENT])
    if it.error_id is not None:
        yield _short(Element.ERROR_ID, it.error_id)
    if it.sop_instance:
        instance = Element.REQUESTED_INSTANCE if requested else Element.AFFECTED_INSTANCE
        yield _uid(instance, it.sop_instance)
    yield from _seldom(it)


def _seldom(it: Command) -> Iterator[bytes]:
    """Elements of single operations."""
    if it.event_type is not None:
        yield _short(Element.EVENT_TYPE, it.event_type)
    if it.attributes:
        yield _pairs(Element.ATTRIBUTES, it.attributes)
    if it.action_type is not None:
        yield _short(Element.ACTION_TYPE, it.action_type)
    for element, number in (
        (Element.REMAINING, it.remaining),
        (Element.COMPLETED, it.completed),
        (Element.FAILED, it.failed),
        (Element.WARNING, it.warning),
    ):
        if number is not None:
            yield _short(element, number)
    if it.originator:
        yield _words(Element.ORIGINATOR, it.originator)
    if it.originator_id is not None:
        yield _short(Element.ORIGINATOR_ID, it.originator_id)


def _uid(element: Element, uid: str) -> bytes:
    data = uid.encode("ascii", "replace")
    data += b"\0" * (len(data) % 2)
    return _ELEMENT.pack(0, element, len(data)) + data


def _words(element: Element, text: str) -> bytes:
    data = text.encode("ascii", "replace")
    data += b" " * (len(data) % 2)
    return _ELEMENT.pack(0, element, len(data)) + data


def _short(element: Element, number: int) -> bytes:
    return _SHORT.pack(0, element, _US, number)


def _pairs(element: Element, tags: tuple[int, ...]) -> bytes:
    halves = [half for tag in tags for half in (tag >> 16, tag & 0xFFFF)]
    return _ELEMENT.pack(0, element, 2 * len(halves)) + pack(f"<{len(halves)}H", *halves)


def _split(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    offset, end = 0, len(data)
    while offset < end:
        try:
            group, element, length = _ELEMENT.unpack_from(data, offset)
        except error:
            raise ProtocolViolation(f"command set: cut off at byte {offset}", data) from None
        offset += _ELEMENT.size
        if group or offset + length > end:
            raise ProtocolViolation(
                f"command set: element ({group:04x},{element:04x}) of {length} bytes"
                f" at byte {offset} of {end}",
                data,
            )
        found[element] = data[offset : offset + length]
        offset += length
    return found


def _required(found: dict[int, bytes], element: Element) -> int:
    number = _number(found, element)
    if number is None:
        raise ProtocolViolation(f"command set without (0000,{element:04x}) {element.name}")
    return number


def _number(found: dict[int, bytes], element: Element) -> int | None:
    data = found.get(element)
    if not data:
        return None
    if len(data) != _US:
        raise ProtocolViolation(f"command set: (0000,{element:04x}) has {len(data)} bytes")
    return int.from_bytes(data, "little")


def _text(found: dict[int, bytes], element: Element) -> str:
    data = found.get(element)
    return data.decode("ascii", "backslashreplace").strip(" \0") if data else ""


def _tags(found: dict[int, bytes], element: Element) -> tuple[int, ...]:
    data = found.get(element)
    if not data:
        return ()
    if len(data) % _UL.size:
        raise ProtocolViolation(f"command set: (0000,{element:04x}) has {len(data)} bytes")
    halves = unpack(f"<{len(data) // 2}H", data)
    return tuple(group << 16 | low for group, low in zip(halves[::2], halves[1::2], strict=True))
