"""Command sets: pydicom reads what we write, and the other way round."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import read_dataset
from pynetdicom import dimse_messages as oracle
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.dsutils import encode as encode_dataset

from dicom.dimse.command import Command, Operation, decode, encode
from gateway import ProtocolViolation
from tests.unit.dicom.strategies import commands


@given(commands())
def test_what_is_written_is_read_again(command: Command) -> None:
    again = decode(encode(command))
    assert again == command


@given(commands())
def test_pydicom_reads_it_in_ascending_order_with_the_right_group_length(command: Command) -> None:
    data = encode(command)
    elements = list(read_dataset(BytesIO(data), is_implicit_VR=True, is_little_endian=True))
    tags = [element.tag for element in elements]
    assert tags == sorted(tags)
    assert elements[0].value == len(data) - 12


def test_pynetdicom_reads_our_echo_response() -> None:
    data = encode(Command(Operation.C_ECHO, 7, is_response=True, sop_class="1.2.840.10008.1.1"))
    message = oracle.C_ECHO_RSP()
    message.command_set = read_dataset(BytesIO(data), is_implicit_VR=True, is_little_endian=True)
    primitive = message.message_to_primitive()
    assert isinstance(primitive, C_ECHO)
    assert (primitive.MessageIDBeingRespondedTo, primitive.Status) == (7, 0)


def test_we_read_pynetdicoms_store_request() -> None:
    primitive = C_STORE()
    primitive.MessageID = 3
    primitive.AffectedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    primitive.AffectedSOPInstanceUID = "1.2.3"
    primitive.Priority = 2
    primitive.MoveOriginatorApplicationEntityTitle = "MOVER"
    primitive.MoveOriginatorMessageID = 9
    primitive.DataSet = BytesIO(b"1234")
    message = oracle.C_STORE_RQ()
    message.primitive_to_message(primitive)
    data = encode_dataset(message.command_set, is_implicit_vr=True, is_little_endian=True)
    assert data is not None
    command = decode(data)
    assert command == Command(
        Operation.C_STORE,
        3,
        sop_class="1.2.840.10008.5.1.4.1.1.2",
        sop_instance="1.2.3",
        has_dataset=True,
        priority=2,
        originator="MOVER",
        originator_id=9,
    )


def test_a_cancel_names_the_request_that_it_cancels() -> None:
    command = Command(Operation.C_CANCEL, 5)
    assert decode(encode(command)) == command


@given(st.binary(max_size=120))
def test_noise_is_a_command_or_a_violation(data: bytes) -> None:
    with suppress(ProtocolViolation):
        decode(data)


@given(commands(), st.data())
def test_a_changed_byte_is_another_command_or_a_violation(
    command: Command, data: st.DataObject
) -> None:
    whole = bytearray(encode(command))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(ProtocolViolation):
        decode(bytes(whole))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\0\0\0\1\4\0\0\0\x30\0\0\0", "has 4 bytes"),
        (b"\0\0\0\1\2\0\0\0\x31\0", "unknown command field 0x0031"),
        (b"\0\0\0\1\2\0\0\0\x30\0", "without \\(0000,0800\\)|without \\(0000,0110\\)"),
        (b"\0\0\0\1\2\0", "cut off at byte 0"),
        (b"\x08\0\x16\0\2\0\0\0\x31\0", r"element \(0008,0016\)"),
        (b"\0\0\0\1\xff\xff\xff\xff", "4294967295 bytes"),
    ],
)
def test_a_violation_says_what_is_wrong(data: bytes, told: str) -> None:
    with pytest.raises(ProtocolViolation, match=told):
        decode(data)
