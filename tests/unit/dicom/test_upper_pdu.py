"""PDUs: what we write pynetdicom reads, what it writes we read, and nothing bad gets through."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import pdu as oracle

from dicom.upper.pdu import (
    HEADER,
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    Pdu,
    RejectReason,
    ReleaseRp,
    ReleaseRq,
    decode,
    encode,
    rejection,
)
from gateway import ProtocolViolation
from tests.unit.dicom.strategies import accepts, requests


def _again(data: bytes) -> Pdu:
    kind, length = HEADER.unpack_from(data)
    assert length == len(data) - HEADER.size
    return decode(kind, data[HEADER.size :])


@given(requests | accepts)
def test_what_is_written_is_read_again(pdu: Pdu) -> None:
    assert _again(encode(pdu)) == pdu


@given(requests)
def test_pynetdicom_reads_our_request(pdu: AssociateRq) -> None:
    read = oracle.A_ASSOCIATE_RQ()
    read.decode(encode(pdu))
    assert read.called_ae_title == pdu.called
    assert read.calling_ae_title == pdu.calling
    assert [(each.context_id, each.abstract_syntax) for each in read.presentation_context] == [
        (each.id, each.abstract_syntax) for each in pdu.contexts
    ]
    syntaxes = [tuple(each.transfer_syntax) for each in read.presentation_context]
    assert syntaxes == [each.transfer_syntaxes for each in pdu.contexts]
    assert read.user_information is not None
    assert read.user_information.maximum_length == pdu.user.max_length
    assert [
        (each.sop_class_uid, each.scu, each.scp)
        for each in read.user_information.role_selection.values()
    ] == [
        (each.sop_class, each.scu, each.scp)
        for each in {r.sop_class: r for r in pdu.user.roles}.values()
    ]
    assert _again(read.encode()) == pdu


@given(accepts)
def test_pynetdicom_reads_our_answer(pdu: AssociateAc) -> None:
    read = oracle.A_ASSOCIATE_AC()
    read.decode(encode(pdu))
    assert [
        (each.context_id, each.result, each.transfer_syntax) for each in read.presentation_context
    ] == [(each.id, each.result, each.transfer_syntax) for each in pdu.contexts]
    assert _again(read.encode()) == pdu


@given(st.binary(min_size=32, max_size=32))
def test_a_title_of_any_bytes_can_be_sent_back(titles: bytes) -> None:
    request = decode(1, b"\0\1\0\0" + titles + bytes(32))
    assert isinstance(request, AssociateRq)
    assert _again(encode(request)) == request


@pytest.mark.parametrize(
    ("pdu", "theirs"),
    [
        (AssociateRj(1, 3, 2), oracle.A_ASSOCIATE_RJ),
        (ReleaseRq(), oracle.A_RELEASE_RQ),
        (ReleaseRp(), oracle.A_RELEASE_RP),
        (Abort(2, 6), oracle.A_ABORT_RQ),
    ],
)
def test_short_pdus_are_the_same_bytes(pdu: Pdu, theirs: type[oracle.PDU]) -> None:
    read = theirs()
    read.decode(encode(pdu))
    assert read.encode() == encode(pdu)
    assert _again(encode(pdu)) == pdu


@pytest.mark.parametrize("reason", RejectReason)
def test_every_rejection_is_one_that_the_standard_knows(reason: RejectReason) -> None:
    read = oracle.A_ASSOCIATE_RJ()
    read.decode(encode(rejection(reason)))
    assert read.result_str in ("Rejected (Permanent)", "Rejected (Transient)")
    assert "Reserved" not in read.reason_str


@given(requests, st.data())
def test_a_changed_byte_is_another_request_or_a_violation(
    pdu: AssociateRq, data: st.DataObject
) -> None:
    whole = bytearray(encode(pdu))
    whole[data.draw(st.integers(HEADER.size, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(ProtocolViolation):
        assert isinstance(decode(1, bytes(whole[HEADER.size :])), AssociateRq)


@given(st.integers(0, 255), st.binary(max_size=200))
def test_noise_is_a_pdu_or_a_violation(kind: int, body: bytes) -> None:
    with suppress(ProtocolViolation):
        decode(kind, body)


def _context(identifier: int) -> bytes:
    return b"\x20\0\0\x04" + bytes((identifier, 0, 0, 0))


_FIXED = b"\0\1\0\0" + b"A".ljust(16) + b"B".ljust(16) + bytes(32)


@pytest.mark.parametrize(
    ("items", "told"),
    [
        (_context(2), "id 2 is not odd"),
        (_context(3) + _context(3), "some with the same id"),
        (b"\x20\0\0\x02\1\0", "presentation context: 2 bytes"),
        (b"\x20\0\xff\xff\1\0", "announces 65535 bytes, 2 are there"),
        (b"\x20\0", "2 bytes after the last item"),
        (b"\x50\0\0\x06\x51\0\0\2\0\0", "maximum length: 2 bytes instead of 4"),
        (b"\x50\0\0\x07\x54\0\0\3\0\xff\0", "its UID runs past the end"),
        (b"\x50\0\0\x07\x54\0\0\3\0\0\1", "1 bytes of roles"),
    ],
)
def test_a_violation_says_what_is_wrong(items: bytes, told: str) -> None:
    with pytest.raises(ProtocolViolation, match=told):
        decode(1, _FIXED + items)


def test_128_contexts_are_the_most_that_odd_ids_allow() -> None:
    items = b"".join(_context(2 * n + 1) for n in range(128))
    assert len(decode(1, _FIXED + items).contexts) == 128  # type: ignore[union-attr]
    with pytest.raises(ProtocolViolation):
        decode(1, _FIXED + items + _context(1))
