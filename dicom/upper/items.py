"""The variable items of an association's PDUs: values and their bytes (PS3.8 9.3.2, Annex D)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from gateway import ProtocolViolation

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
"""The DICOM application context name (PS3.7 A.2.1)."""

_HEADER = Struct(">BxH")
_UINT2 = Struct(">H")
_UINT4 = Struct(">I")
_TWO = Struct(">HH")


class ItemType(IntEnum):
    """Types of items and sub-items."""

    APPLICATION_CONTEXT = 0x10
    PROPOSED = 0x20
    RESULT = 0x21
    ABSTRACT_SYNTAX = 0x30
    TRANSFER_SYNTAX = 0x40
    USER_INFORMATION = 0x50
    MAXIMUM_LENGTH = 0x51
    IMPLEMENTATION = 0x52
    WINDOW = 0x53
    ROLE = 0x54
    VERSION_NAME = 0x55
    EXTENDED = 0x56
    IDENTITY = 0x58


class ContextResult(IntEnum):
    """What became of a proposed presentation context (PS3.8 table 9-18)."""

    ACCEPTED = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX = 3
    TRANSFER_SYNTAXES = 4


@dataclass(frozen=True, slots=True)
class Proposed:
    """A presentation context as proposed; its id is odd, from 1 to 255."""

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a proposed context. The transfer syntax counts only if it was accepted."""

    id: int
    result: ContextResult
    transfer_syntax: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """SCP/SCU role selection for a SOP class: which roles the requestor takes (PS3.7 D.3.3.4)."""

    sop_class: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class Extended:
    """SOP class extended negotiation (PS3.7 D.3.3.5)."""

    sop_class: str
    information: bytes


@dataclass(frozen=True, slots=True)
class UserInformation:
    """What both sides tell about themselves. `max_length` 0 means no limit.

    `window` is the asynchronous operations window (invoked, performed); None if it was left out,
    which means one each. `identity` is the type of a user identity that was sent, 0 for none; the
    identity itself is not kept.
    """

    max_length: int
    implementation: str
    version_name: str = ""
    window: tuple[int, int] | None = None
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()
    identity: int = 0


def encode_item(kind: ItemType, *parts: bytes) -> bytes:
    """An item with its header."""
    body = b"".join(parts)
    return _HEADER.pack(kind, len(body)) + body


def split_items(data: bytes, where: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of each item in `data`; ProtocolViolation if one runs past its end."""
    offset, end = 0, len(data)
    while offset < end:
        if offset + _HEADER.size > end:
            raise ProtocolViolation(f"{where}: {end - offset} bytes after the last item", data)
        kind, length = _HEADER.unpack_from(data, offset)
        offset += _HEADER.size
        if offset + length > end:
            raise ProtocolViolation(
                f"{where}: item {kind:#04x} announces {length} bytes, {end - offset} are there",
                data,
            )
        yield kind, data[offset : offset + length]
        offset += length


def encode_proposed(context: Proposed) -> bytes:
    syntaxes = (_uid_item(ItemType.TRANSFER_SYNTAX, each) for each in context.transfer_syntaxes)
    abstract = _uid_item(ItemType.ABSTRACT_SYNTAX, context.abstract_syntax)
    return encode_item(ItemType.PROPOSED, bytes((context.id, 0, 0, 0)), abstract, *syntaxes)


def decode_proposed(data: bytes) -> Proposed:
    where = "presentation context"
    identifier = _context_id(data, where)
    abstract, transfer = "", []
    for kind, content in split_items(data[4:], where):
        match kind:
            case ItemType.ABSTRACT_SYNTAX:
                abstract = decode_uid(content)
            case ItemType.TRANSFER_SYNTAX:
                transfer.append(decode_uid(content))
    return Proposed(identifier, abstract, tuple(transfer))


def encode_result(context: Result) -> bytes:
    head = bytes((context.id, 0, context.result, 0))
    return encode_item(
        ItemType.RESULT, head, _uid_item(ItemType.TRANSFER_SYNTAX, context.transfer_syntax)
    )


def decode_result(data: bytes) -> Result:
    where = "presentation context result"
    identifier = _context_id(data, where)
    transfer = ""
    for kind, content in split_items(data[4:], where):
        if kind == ItemType.TRANSFER_SYNTAX:
            transfer = decode_uid(content)
    try:
        result = ContextResult(data[2])
    except ValueError:
        raise ProtocolViolation(f"{where} {identifier}: unknown result {data[2]}", data) from None
    return Result(identifier, result, transfer)


def encode_user(user: UserInformation) -> bytes:
    return encode_item(ItemType.USER_INFORMATION, *_user_items(user))


def decode_user(data: bytes) -> UserInformation:
    """Sub-items that we have no use for are skipped."""
    length, implementation, version = 0, "", ""
    window: tuple[int, int] | None = None
    roles, extended, identity = [], [], 0
    for kind, content in split_items(data, "user information"):
        match kind:
            case ItemType.MAXIMUM_LENGTH:
                (length,) = _unpack(_UINT4, content, "maximum length")
            case ItemType.IMPLEMENTATION:
                implementation = decode_uid(content)
            case ItemType.VERSION_NAME:
                version = _text(content).strip(" \0")
            case ItemType.WINDOW:
                invoked, performed = _unpack(_TWO, content, "asynchronous operations window")
                window = (invoked, performed)
            case ItemType.ROLE:
                roles.append(_role(content))
            case ItemType.EXTENDED:
                extended.append(Extended(*_counted_uid(content, "extended negotiation")))
            case ItemType.IDENTITY:
                identity = content[0] if content else 0
    return UserInformation(
        length, implementation, version, window, tuple(roles), tuple(extended), identity
    )


def decode_uid(data: bytes) -> str:
    """A UID as it was sent, without padding. Whether it is one is for its user to judge."""
    return _text(data).rstrip(" \0")


def _user_items(user: UserInformation) -> Iterable[bytes]:
    yield encode_item(ItemType.MAXIMUM_LENGTH, _UINT4.pack(user.max_length))
    yield _uid_item(ItemType.IMPLEMENTATION, user.implementation)
    if user.window is not None:
        yield encode_item(ItemType.WINDOW, _TWO.pack(*user.window))
    for role in user.roles:
        yield encode_item(ItemType.ROLE, _count_uid(role.sop_class), bytes((role.scu, role.scp)))
    if user.version_name:
        yield encode_item(ItemType.VERSION_NAME, user.version_name.encode("ascii"))
    for each in user.extended:
        yield encode_item(ItemType.EXTENDED, _count_uid(each.sop_class), each.information)


def _role(data: bytes) -> Role:
    uid, rest = _counted_uid(data, "role selection")
    if len(rest) != 2:  # noqa: PLR2004 - one byte a role
        raise ProtocolViolation(f"role selection for {uid}: {len(rest)} bytes of roles", data)
    return Role(uid, bool(rest[0]), bool(rest[1]))


def _counted_uid(data: bytes, where: str) -> tuple[str, bytes]:
    (length,) = _unpack(_UINT2, data[:2], where)
    end = 2 + length
    if end > len(data):
        raise ProtocolViolation(f"{where}: its UID runs past the end", data)
    return decode_uid(data[2:end]), data[end:]


def _count_uid(uid: str) -> bytes:
    return _UINT2.pack(len(uid)) + uid.encode("ascii")


def _uid_item(kind: ItemType, uid: str) -> bytes:
    return encode_item(kind, uid.encode("ascii"))


def _context_id(data: bytes, where: str) -> int:
    if len(data) < 4:  # noqa: PLR2004 - id, two reserved or result bytes, reserved
        raise ProtocolViolation(f"{where}: {len(data)} bytes", data)
    return data[0]


def _unpack(form: Struct, data: bytes, where: str) -> tuple[int, ...]:
    if len(data) != form.size:
        raise ProtocolViolation(f"{where}: {len(data)} bytes instead of {form.size}", data)
    return form.unpack(data)


def _text(data: bytes) -> str:
    return data.decode("ascii", "backslashreplace")
