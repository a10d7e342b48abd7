"""Negotiation: what both sides agree on, and who may call whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from pynetdicom.presentation import (
    PresentationContext,
    build_context,
    negotiate_as_acceptor,
)

from dicom.dimse.admission import Caller, LocalTitle, Refusal, admit
from dicom.dimse.service import NO_SERVICES
from dicom.upper.items import ContextResult, Extended, Proposed, Result, Role, UserInformation
from dicom.upper.negotiate import (
    EXPLICIT,
    IMPLICIT,
    Offer,
    Offers,
    Wanted,
    agree,
    answer,
    is_uid,
    propose,
)
from dicom.upper.pdu import AssociateAc, AssociateRq, RejectReason
from gateway import ProtocolViolation
from tests.unit.dicom.strategies import requests

CT, MR, US = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in (2, 4, 6))
JPEG = "1.2.840.10008.1.2.4.50"


def request(
    *contexts: tuple[str, Sequence[str]],
    roles: Sequence[Role] = (),
    user: UserInformation | None = None,
) -> AssociateRq:
    proposed = tuple(
        Proposed(2 * n + 1, abstract, tuple(syntaxes))
        for n, (abstract, syntaxes) in enumerate(contexts)
    )
    return AssociateRq(
        "US", "THEM", proposed, user or UserInformation(0, "1.2", roles=tuple(roles))
    )


def offers(*offered: Offer) -> Offers:
    return {each.sop_class: each for each in offered}.get


def test_each_context_is_answered_for_itself() -> None:
    asked = request((CT, (JPEG, EXPLICIT)), (MR, (EXPLICIT,)), (US, (JPEG,)), ("1.x", (EXPLICIT,)))
    accepted, contexts = answer(asked, offers(Offer(CT), Offer(US)), 65_536)
    assert [each.result for each in accepted.contexts] == [
        ContextResult.ACCEPTED,
        ContextResult.ABSTRACT_SYNTAX,
        ContextResult.TRANSFER_SYNTAXES,
        ContextResult.ABSTRACT_SYNTAX,
    ]
    (context,) = contexts.values()
    assert (context.id, context.transfer_syntax) == (1, EXPLICIT)
    assert (context.as_scp, context.as_scu) == (True, False)
    assert accepted.user.max_length == 65_536


def test_of_several_encodings_the_peers_first_counts() -> None:
    asked = request((CT, (IMPLICIT, EXPLICIT)))
    (context,) = answer(asked, offers(Offer(CT, (EXPLICIT, IMPLICIT))), 0)[1].values()
    assert context.transfer_syntax == IMPLICIT


@pytest.mark.parametrize("takes", [True, False])
def test_the_peer_serves_only_where_that_is_offered(*, takes: bool) -> None:
    asked = request((CT, (EXPLICIT,)), roles=[Role(CT, scu=True, scp=True)])
    accepted, contexts = answer(asked, offers(Offer(CT, peer_serves=takes)), 0)
    assert accepted.user.roles == (Role(CT, scu=True, scp=takes),)
    assert (contexts[1].as_scp, contexts[1].as_scu) == (True, takes)


def test_extended_negotiation_is_answered_by_the_offer() -> None:
    asked = request((CT, (EXPLICIT,)), (MR, (EXPLICIT,)))
    user = replace(asked.user, extended=(Extended(CT, b"\1\1"), Extended(MR, b"\1\1")))
    offered = offers(Offer(CT, extended=lambda asked: asked[:1]), Offer(MR))
    accepted, contexts = answer(replace(asked, user=user), offered, 0)
    assert [(each.sop_class, each.information) for each in accepted.user.extended] == [(CT, b"\1")]
    assert contexts[1].extended == b"\1\1"


def test_one_operation_at_a_time_is_what_a_window_is_answered_with() -> None:
    asked = request((CT, (EXPLICIT,)), user=UserInformation(0, "1.2", window=(0, 0)))
    assert answer(asked, offers(Offer(CT)), 0)[0].user.window == (1, 1)


@given(requests)
def test_pynetdicom_would_answer_the_same(asked: AssociateRq) -> None:
    supported = {each.abstract_syntax for each in asked.contexts[::2]}
    ours = [Offer(uid, (EXPLICIT, *asked.contexts[0].transfer_syntaxes)) for uid in supported]
    asked = replace(asked, user=UserInformation(0, "1.2"))
    accepted, _ = answer(asked, offers(*ours), 0)
    theirs, _ = negotiate_as_acceptor(
        [_context(each) for each in asked.contexts],
        [build_context(each.sop_class, list(each.transfer_syntaxes)) for each in ours],
    )
    results = {each.context_id: each.result for each in theirs}
    assert {each.id: each.result for each in accepted.contexts} == results


def _context(proposed: Proposed) -> PresentationContext:
    context = build_context(proposed.abstract_syntax, list(proposed.transfer_syntaxes))
    context.context_id = proposed.id
    return context


def accept(*results: Result, roles: Sequence[Role] = ()) -> AssociateAc:
    return AssociateAc("US", "THEM", results, UserInformation(0, "1.2", roles=tuple(roles)))


def test_what_the_peer_accepts_is_what_we_use() -> None:
    asked = propose("THEM", "US", [Wanted(CT), Wanted(MR, serve=True), Wanted(US)], 0)
    given = accept(
        Result(1, ContextResult.ACCEPTED, EXPLICIT),
        Result(3, ContextResult.ACCEPTED, IMPLICIT),
        Result(5, ContextResult.ABSTRACT_SYNTAX, EXPLICIT),
        roles=[Role(MR, scu=False, scp=True)],
    )
    contexts = agree(asked, given)
    assert set(contexts) == {1, 3}
    assert (contexts[1].as_scu, contexts[1].as_scp) == (True, False)
    assert (contexts[3].as_scu, contexts[3].as_scp) == (False, True)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (Result(7, ContextResult.ACCEPTED, EXPLICIT), "context 7, never proposed"),
        (Result(1, ContextResult.ACCEPTED, JPEG), "which we did not propose"),
        (Result(1, ContextResult.ACCEPTED, ""), "which we did not propose"),
    ],
)
def test_a_peer_that_accepts_what_was_not_asked_breaks_the_protocol(
    result: Result, told: str
) -> None:
    with pytest.raises(ProtocolViolation, match=told):
        agree(propose("THEM", "US", [Wanted(CT)], 0), accept(result))


@pytest.mark.parametrize("count", [0, 129])
def test_more_contexts_than_there_can_be_are_our_own_error(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 128"):
        propose("THEM", "US", [Wanted(CT)] * count, 0)
    assert len(propose("THEM", "US", [Wanted(CT)] * 128, 0).contexts) == 128


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.840", True),
        ("1.02", True),
        ("1", False),
        ("1..2", False),
        ("1.2.", False),
        ("1.a", False),
        ("1." + "2" * 62, True),
        ("1." + "2" * 63, False),
        ("", False),
    ],
)
def test_a_uid_is_digits_and_dots(text: str, *, expected: bool) -> None:
    assert is_uid(text) is expected


LOCAL = LocalTitle(
    "US",
    NO_SERVICES,
    (
        Caller("THEM", ip_network("10.0.0.5")),
        Caller(None, ip_network("10.1.0.0/16")),
        Caller("ANYWHERE"),
        Caller("V6", ip_network("fe80::/10")),
    ),
    2,
)


@pytest.mark.parametrize(
    ("changed", "address", "count", "reason"),
    [
        ({}, "10.0.0.5", 0, None),
        ({}, "::ffff:10.0.0.5", 0, None),
        ({}, "10.1.200.3", 1, None),
        ({"calling": "ANYWHERE"}, "192.168.1.1", 0, None),
        ({"calling": "V6"}, "fe80::1%eth0", 0, None),
        ({}, "10.0.0.6", 0, RejectReason.CALLING_TITLE),
        ({"calling": "LINE\nBREAK"}, "10.1.0.1", 0, RejectReason.CALLING_TITLE),
        ({"calling": "ÿÿ"}, "10.1.0.1", 0, RejectReason.CALLING_TITLE),
        ({"calling": "STRANGER"}, "10.0.0.5", 0, RejectReason.CALLING_TITLE),
        ({"called": "NOBODY"}, "10.0.0.5", 0, RejectReason.CALLED_TITLE),
        ({}, "10.0.0.5", 2, RejectReason.LOCAL_LIMIT),
        ({"version": 2}, "10.0.0.5", 0, RejectReason.PROTOCOL_VERSION),
        ({"application_context": "1.2"}, "10.0.0.5", 0, RejectReason.APPLICATION_CONTEXT),
    ],
)
def test_who_is_let_in(
    changed: dict[str, object], address: str, count: int, reason: RejectReason | None
) -> None:
    asked = replace(request((CT, (EXPLICIT,))), **changed)  # type: ignore[arg-type]
    result = admit(asked, address, {"US": LOCAL}, {"US": count})
    assert (result.reason if isinstance(result, Refusal) else None) == reason
    if isinstance(result, Refusal):
        assert result.words
