"""The PDUs that open and end an association: values and their bytes (PS3.8 9.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import TypeAlias

from dicom.upper.items import (
    APPLICATION_CONTEXT,
    ItemType,
    Proposed,
    Result,
    UserInformation,
    decode_proposed,
    decode_result,
    decode_uid,
    decode_user,
    encode_item,
    encode_proposed,
    encode_result,
    encode_user,
    split_items,
)
from gateway import ProtocolViolation

HEADER = Struct(">BxI")
"""Type, reserved, length of what follows."""

_FIXED = Struct(">HH16s16s32x")
_FOUR = Struct(">4B")
_TITLE = 16


class PduType(IntEnum):
    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    DATA = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


class RejectReason(IntEnum):
    """Why an association is refused: result, source and reason in one number (PS3.8 table 9-21)."""

    NO_REASON = 0x010101
    APPLICATION_CONTEXT = 0x010102
    CALLING_TITLE = 0x010103
    CALLED_TITLE = 0x010107
    PROTOCOL_VERSION = 0x010202
    CONGESTION = 0x020301
    LOCAL_LIMIT = 0x020302


class AbortReason(IntEnum):
    """Why the upper layer aborts (PS3.8 table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6


@dataclass(frozen=True, slots=True)
class AssociateRq:
    called: str
    calling: str
    contexts: tuple[Proposed, ...]
    user: UserInformation
    application_context: str = APPLICATION_CONTEXT
    version: int = 1


@dataclass(frozen=True, slots=True)
class AssociateAc:
    called: str
    calling: str
    contexts: tuple[Result, ...]
    user: UserInformation
    application_context: str = APPLICATION_CONTEXT
    version: int = 1


@dataclass(frozen=True, slots=True)
class AssociateRj:
    """A refusal. `result` 1 is permanent, 2 transient."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class ReleaseRq:
    pass


@dataclass(frozen=True, slots=True)
class ReleaseRp:
    pass


@dataclass(frozen=True, slots=True)
class Abort:
    """`source` 0 is the service user, 2 the service provider, whose `reason` then counts."""

    source: int
    reason: int = 0


Pdu: TypeAlias = AssociateRq | AssociateAc | AssociateRj | ReleaseRq | ReleaseRp | Abort
"""All but P-DATA-TF, which is never made a value: see `dicom.upper.pdata`."""


def rejection(reason: RejectReason) -> AssociateRj:
    """The PDU that says `reason`."""
    return AssociateRj(reason >> 16, reason >> 8 & 0xFF, reason & 0xFF)


def encode(pdu: Pdu) -> bytes:
    """The bytes of a PDU. ValueError for a title of more than 16 characters or of no bytes."""
    match pdu:
        case AssociateRq():
            contexts = [encode_proposed(each) for each in pdu.contexts]
            return _frame(PduType.ASSOCIATE_RQ, _association(pdu, contexts))
        case AssociateAc():
            contexts = [encode_result(each) for each in pdu.contexts]
            return _frame(PduType.ASSOCIATE_AC, _association(pdu, contexts))
        case AssociateRj(result, source, reason):
            return _frame(PduType.ASSOCIATE_RJ, bytes((0, result, source, reason)))
        case ReleaseRq():
            return _frame(PduType.RELEASE_RQ, bytes(4))
        case ReleaseRp():
            return _frame(PduType.RELEASE_RP, bytes(4))
        case Abort(source, reason):
            return _frame(PduType.ABORT, bytes((0, 0, source, reason)))


def decode(kind: int, body: bytes) -> Pdu:
    """The PDU of type `kind` whose bytes after the header are `body`; ProtocolViolation if bad."""
    match kind:
        case PduType.ASSOCIATE_RQ:
            return _request(body)
        case PduType.ASSOCIATE_AC:
            return _accept(body)
        case PduType.ASSOCIATE_RJ:
            _, result, source, reason = _four(body, "A-ASSOCIATE-RJ")
            return AssociateRj(result, source, reason)
        case PduType.RELEASE_RQ:
            _four(body, "A-RELEASE-RQ")
            return ReleaseRq()
        case PduType.RELEASE_RP:
            _four(body, "A-RELEASE-RP")
            return ReleaseRp()
        case PduType.ABORT:
            _, _, source, reason = _four(body, "A-ABORT")
            return Abort(source, reason)
        case _:
            raise ProtocolViolation(f"PDU of type {kind:#04x}", body)


def _frame(kind: PduType, body: bytes) -> bytes:
    return HEADER.pack(kind, len(body)) + body


def _association(pdu: AssociateRq | AssociateAc, contexts: list[bytes]) -> bytes:
    fixed = _FIXED.pack(pdu.version, 0, _title(pdu.called), _title(pdu.calling))
    name = encode_item(ItemType.APPLICATION_CONTEXT, pdu.application_context.encode("ascii"))
    return b"".join((fixed, name, *contexts, encode_user(pdu.user)))


def _request(body: bytes) -> AssociateRq:
    version, called, calling = _fixed(body, "A-ASSOCIATE-RQ")
    name, user, contexts = "", UserInformation(0, ""), []
    for kind, content in split_items(body[_FIXED.size :], "A-ASSOCIATE-RQ"):
        match kind:
            case ItemType.APPLICATION_CONTEXT:
                name = decode_uid(content)
            case ItemType.PROPOSED:
                contexts.append(decode_proposed(content))
            case ItemType.USER_INFORMATION:
                user = decode_user(content)
    _check_ids([each.id for each in contexts], body)
    return AssociateRq(called, calling, tuple(contexts), user, name, version)


def _accept(body: bytes) -> AssociateAc:
    version, called, calling = _fixed(body, "A-ASSOCIATE-AC")
    name, user, contexts = "", UserInformation(0, ""), []
    for kind, content in split_items(body[_FIXED.size :], "A-ASSOCIATE-AC"):
        match kind:
            case ItemType.APPLICATION_CONTEXT:
                name = decode_uid(content)
            case ItemType.RESULT:
                contexts.append(decode_result(content))
            case ItemType.USER_INFORMATION:
                user = decode_user(content)
    _check_ids([each.id for each in contexts], body)
    return AssociateAc(called, calling, tuple(contexts), user, name, version)


def _check_ids(ids: list[int], body: bytes) -> None:
    """Odd and each once, which leaves room for 128 contexts (PS3.8 9.3.2.2)."""
    even = [each for each in ids if each % 2 == 0]
    if even:
        raise ProtocolViolation(f"presentation context id {even[0]} is not odd", body)
    if len(set(ids)) != len(ids):
        raise ProtocolViolation(f"{len(ids)} presentation contexts, some with the same id", body)


def _fixed(body: bytes, where: str) -> tuple[int, str, str]:
    if len(body) < _FIXED.size:
        raise ProtocolViolation(
            f"{where}: {len(body)} bytes instead of {_FIXED.size} or more", body
        )
    version, _, called, calling = _FIXED.unpack_from(body)
    return version, _decode_title(called), _decode_title(calling)


def _four(body: bytes, where: str) -> tuple[int, ...]:
    if len(body) != _FOUR.size:
        raise ProtocolViolation(f"{where}: {len(body)} bytes instead of 4", body)
    return _FOUR.unpack(body)


def _title(title: str) -> bytes:
    data = title.encode("latin-1")
    if len(data) > _TITLE:
        raise ValueError(f"AE title {title!r} is longer than 16 characters")
    return data.ljust(_TITLE)


def _decode_title(data: bytes) -> str:
    """What was sent, byte for byte: whether it is a title is for admission to judge."""
    return data.decode("latin-1").strip(" \0")
