"""Verification against DCMTK and pynetdicom, in both roles."""

from __future__ import annotations

import asyncio

import pytest
from pynetdicom import AE

from dicom.dimse import (
    AssociationRejected,
    Caller,
    ContextRefused,
    Peer,
    Wanted,
    associate,
)
from gateway import DeviceUnavailable
from tests.dicom_peers import OURS, node, peer_of, tool
from tests.peers import LOOPBACK, free_port

VERIFICATION = "1.2.840.10008.1.1"


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Verification", ours="SCP", peer="DCMTK echoscu")
async def test_dcmtk_hears_our_echo_answer() -> None:
    async with node() as acceptor:
        outcome = await tool(
            "echoscu", "-aec", OURS, "--repeat", "3", LOOPBACK, str(acceptor.ports[0])
        )
    assert outcome.code == 0, outcome.text


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Verification", ours="SCP", peer="DCMTK echoscu")
async def test_dcmtk_proposing_all_that_it_can_is_answered() -> None:
    async with node() as acceptor:
        port = str(acceptor.ports[0])
        outcome = await tool("echoscu", "-aec", OURS, "-ppc", "128", "-pts", "38", LOOPBACK, port)
    assert outcome.code == 0, outcome.text


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Verification", ours="SCP", peer="DCMTK echoscu")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-aec", "NOBODY"), "Called AE Title Not Recognized"),
        (("-aec", OURS, "-aet", "STRANGER"), "Calling AE Title Not Recognized"),
    ],
)
async def test_an_unknown_title_is_told_so(arguments: tuple[str, ...], told: str) -> None:
    async with node(callers=[Caller("TEST")]) as acceptor:
        outcome = await tool("echoscu", *arguments, LOOPBACK, str(acceptor.ports[0]))
    assert outcome.code != 0
    assert told in outcome.text


@pytest.mark.dicom_peer(service="Verification", ours="SCP", peer="pynetdicom")
async def test_pynetdicom_as_requestor() -> None:
    async with node() as acceptor:
        status = await asyncio.to_thread(_echo, acceptor.ports[0])
    assert status == 0


def _echo(port: int) -> int:
    entity = AE("THEM")
    entity.add_requested_context(VERIFICATION)
    association = entity.associate(LOOPBACK, port, ae_title=OURS)
    assert association.is_established
    status = association.send_c_echo().Status
    association.release()
    return int(status)


@pytest.mark.dicom_peer(service="Verification", ours="SCU", peer="pynetdicom")
async def test_pynetdicom_as_acceptor() -> None:
    entity = AE("THEM")
    entity.add_supported_context(VERIFICATION)
    port = free_port()
    server = entity.start_server((LOOPBACK, port), block=False)
    assert server is not None
    try:
        async with associate(Peer("THEM", LOOPBACK, port, OURS), [Wanted(VERIFICATION)]) as found:
            await found.echo()
            await found.echo()
            with pytest.raises(ContextRefused, match="does not take 1\\.2\\.3"):
                found.context_for("1.2.3")
    finally:
        await asyncio.to_thread(server.shutdown)


async def test_a_refusal_says_whether_trying_again_is_of_use() -> None:
    async with node(associations=1) as acceptor:
        stranger = Peer("NOBODY", LOOPBACK, acceptor.ports[0], "TEST")
        with pytest.raises(AssociationRejected, match="does not know the AE title") as refused:
            async with associate(stranger, [Wanted(VERIFICATION)]):
                pass
        assert refused.value.permanent
        async with associate(peer_of(acceptor), [Wanted(VERIFICATION)]):
            with pytest.raises(AssociationRejected, match="as many associations") as full:
                async with associate(peer_of(acceptor), [Wanted(VERIFICATION)]):
                    pass
        assert not full.value.permanent


async def test_nobody_at_the_other_end_is_said_with_the_place() -> None:
    port = free_port()
    with pytest.raises(DeviceUnavailable, match=f"127.0.0.1:{port}"):
        async with associate(Peer("PACS", LOOPBACK, port, OURS), [Wanted(VERIFICATION)]):
            pass
