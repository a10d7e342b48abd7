"""Negotiation of presentation contexts, both roles. Pure (PS3.8 7.1.1.13, PS3.7 D.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dicom.upper.items import (
    ContextResult,
    Extended,
    Proposed,
    Result,
    Role,
    UserInformation,
)
from dicom.upper.pdu import AssociateAc, AssociateRq
from gateway import ProtocolViolation

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
UNCOMPRESSED = (EXPLICIT, IMPLICIT)
"""What a service takes that looks into its datasets; Implicit VR Little Endian is the default."""
MOST_CONTEXTS = 128

IMPLEMENTATION = "2.25.217533281653741206348531163410397413467"
VERSION_NAME = "ISOGATE"

_LONGEST_UID = 64
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")


@dataclass(frozen=True, slots=True)
class Offer:
    """A SOP class that a service takes, in which encodings.

    `peer_serves` lets the peer be SCP of it by role selection, as C-GET needs for its storage
    sub-operations. `extended` answers the peer's SOP class extended negotiation; None gives no
    answer, which means that none of it is agreed. `prefers` chooses among the peer's transfer
    syntaxes where the peer serves, so that we are the ones who send; None leaves the first.
    """

    sop_class: str
    transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED
    peer_serves: bool = False
    extended: Callable[[bytes], bytes] | None = None
    prefers: Callable[[tuple[str, ...]], str | None] | None = None


Offers: TypeAlias = Callable[[str], Offer | None]
"""The offer for an abstract syntax, if there is one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A presentation context that we propose. `serve` asks for the SCP role too (C-GET).

    `extended` is SOP class extended negotiation; the context tells what the peer answered.
    """

    sop_class: str
    transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED
    serve: bool = False
    extended: bytes = b""


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context: our roles in it, and the extended negotiation."""

    id: int
    abstract_syntax: str
    transfer_syntax: str
    as_scu: bool
    as_scp: bool
    extended: bytes = b""


Contexts: TypeAlias = Mapping[int, Context]


def is_uid(text: str) -> bool:
    """Whether it is a UID: digits and dots, at most 64 (PS3.5 9.1). Leading zeros are let pass."""
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None


def answer(request: AssociateRq, offers: Offers, max_length: int) -> tuple[AssociateAc, Contexts]:
    """Accept what the request proposes and `offers` takes, as acceptor.

    Of several transfer syntaxes the first that the peer named counts: it knows how its objects are
    encoded. Where we are to send, our preference counts. Contexts without a common one are refused
    one by one; the association stands even if none is left (PS3.8 7.1.1.13).
    """
    roles = {each.sop_class: each for each in request.user.roles}
    asked = {each.sop_class: each.information for each in request.user.extended}
    results, contexts, agreed, replies = [], {}, {}, {}
    for proposed in request.contexts:
        offer = offers(proposed.abstract_syntax) if is_uid(proposed.abstract_syntax) else None
        role = _agree(roles.get(offer.sop_class), offer) if offer is not None else None
        result = _result(proposed, offer, peer_serves=role is not None and role.scp)
        results.append(result)
        if offer is None or result.result is not ContextResult.ACCEPTED:
            continue
        if role is not None:
            agreed[role.sop_class] = role
        if offer.extended is not None and offer.sop_class in asked:
            replies[offer.sop_class] = offer.extended(asked[offer.sop_class])
        contexts[proposed.id] = Context(
            proposed.id,
            proposed.abstract_syntax,
            result.transfer_syntax,
            as_scu=role is not None and role.scp,
            as_scp=role is None or role.scu,
            extended=asked.get(offer.sop_class, b""),
        )
    user = UserInformation(
        max_length,
        IMPLEMENTATION,
        VERSION_NAME,
        None if request.user.window is None else (1, 1),
        tuple(agreed.values()),
        tuple(Extended(uid, data) for uid, data in replies.items()),
    )
    return AssociateAc(request.called, request.calling, tuple(results), user), contexts


def propose(called: str, calling: str, wanted: Iterable[Wanted], max_length: int) -> AssociateRq:
    """The request for these contexts; ValueError for more than 128."""
    contexts = list(wanted)
    if not 0 < len(contexts) <= MOST_CONTEXTS:
        raise ValueError(f"{len(contexts)} presentation contexts: 1 to {MOST_CONTEXTS} can be")
    proposed = tuple(
        Proposed(2 * place + 1, each.sop_class, each.transfer_syntaxes)
        for place, each in enumerate(contexts)
    )
    roles = {
        each.sop_class: Role(each.sop_class, scu=True, scp=True) for each in contexts if each.serve
    }
    extended = {each.sop_class: each.extended for each in contexts if each.extended}
    user = UserInformation(
        max_length,
        IMPLEMENTATION,
        VERSION_NAME,
        roles=tuple(roles.values()),
        extended=tuple(Extended(uid, data) for uid, data in extended.items()),
    )
    return AssociateRq(called, calling, proposed, user)


def agree(request: AssociateRq, accepted: AssociateAc) -> Contexts:
    """What the peer accepted of our request; ProtocolViolation if it accepted what it can't."""
    proposed = {each.id: each for each in request.contexts}
    asked = {each.sop_class for each in request.user.roles}
    granted = {each.sop_class: each for each in accepted.user.roles}
    replies = {each.sop_class: each.information for each in accepted.user.extended}
    contexts = {}
    for result in accepted.contexts:
        ours = proposed.get(result.id)
        if ours is None:
            raise ProtocolViolation(f"the peer answers context {result.id}, never proposed")
        if result.result is not ContextResult.ACCEPTED:
            continue
        if result.transfer_syntax not in ours.transfer_syntaxes:
            raise ProtocolViolation(
                f"the peer takes context {ours.id} in {result.transfer_syntax!r},"
                " which we did not propose"
            )
        role = granted.get(ours.abstract_syntax) if ours.abstract_syntax in asked else None
        contexts[result.id] = Context(
            ours.id,
            ours.abstract_syntax,
            result.transfer_syntax,
            as_scu=role is None or role.scu,
            as_scp=role is not None and role.scp,
            extended=replies.get(ours.abstract_syntax, b""),
        )
    return contexts


def _result(proposed: Proposed, offer: Offer | None, *, peer_serves: bool) -> Result:
    """A refused context names a transfer syntax too; it has no meaning (PS3.8 9.3.3.2)."""
    if offer is None:
        return Result(proposed.id, ContextResult.ABSTRACT_SYNTAX, IMPLICIT)
    common = tuple(each for each in proposed.transfer_syntaxes if each in offer.transfer_syntaxes)
    if not common:
        return Result(proposed.id, ContextResult.TRANSFER_SYNTAXES, IMPLICIT)
    preferred = offer.prefers(common) if peer_serves and offer.prefers is not None else None
    return Result(proposed.id, ContextResult.ACCEPTED, preferred or common[0])


def _agree(asked: Role | None, offer: Offer) -> Role | None:
    if asked is None:
        return None
    return Role(asked.sop_class, asked.scu, asked.scp and offer.peer_serves)
