"""TLS both ways: with DCMTK, without a certificate, with a renewed one, against silent callers."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from dicom.dimse import Limits, Peer, Wanted, associate
from gateway import ConfigError, DeviceUnavailable
from tests.dicom_peers import OURS, node, peer_of, storescp, tool
from tests.dicom_raw import VERIFICATION, raw
from tests.dicom_tls import Authority
from tests.peers import LOOPBACK


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tls")


async def echo(peer: Peer) -> None:
    async with associate(peer, [Wanted(VERIFICATION)]) as found:
        await found.echo()


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Secure transport (TLS)", ours="SCP", peer="DCMTK echoscu")
async def test_dcmtk_calls_with_a_certificate(authority: Authority) -> None:
    theirs = authority.issue("scanner")
    async with node(tls=authority.listening(authority.issue("node"))) as acceptor:
        outcome = await tool(
            "echoscu",
            *("+tls", theirs.key, theirs.certificate, "+cf", authority.ca),
            *("-aec", OURS, "localhost", str(acceptor.ports[0])),
        )
    assert outcome.code == 0, outcome.text


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Secure transport (TLS)", ours="SCP", peer="DCMTK echoscu")
async def test_dcmtk_without_a_certificate_is_refused(authority: Authority) -> None:
    async with node(tls=authority.listening(authority.issue("node"))) as acceptor:
        outcome = await tool(
            "echoscu",
            "+tla",
            "+cf",
            authority.ca,
            "-aec",
            OURS,
            "localhost",
            str(acceptor.ports[0]),
        )
    assert outcome.code != 0


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Secure transport (TLS)", ours="SCP", peer="DCMTK echoscu")
async def test_dcmtk_with_a_certificate_of_somebody_else_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    theirs = Authority(tmp_path / "other").issue("scanner")
    async with node(tls=authority.listening(authority.issue("node"))) as acceptor:
        outcome = await tool(
            "echoscu",
            *("+tls", theirs.key, theirs.certificate, "+cf", authority.ca),
            *("-aec", OURS, "localhost", str(acceptor.ports[0])),
        )
    assert outcome.code != 0


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Secure transport (TLS)", ours="SCU", peer="DCMTK storescp")
async def test_we_call_dcmtk(authority: Authority, tmp_path: Path) -> None:
    theirs = authority.issue("archive")
    options = ("+tls", str(theirs.key), str(theirs.certificate), "+cf", str(authority.ca))
    async with storescp(tmp_path / "in", *options) as archive:
        ours = authority.calling(authority.issue("node"))
        peer = Peer(archive.title, LOOPBACK, archive.port, OURS, ours, "localhost")
        await echo(peer)


async def test_we_do_not_call_who_cannot_show_who_it_is(
    authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other")
    async with node(tls=other.listening(other.issue("node"), mutual=False)) as acceptor:
        with pytest.raises(DeviceUnavailable, match="TLS"):
            await echo(peer_of(acceptor, tls=authority.calling()))


async def test_a_caller_without_tls_is_not_answered_on_a_tls_port(authority: Authority) -> None:
    async with node(tls=authority.listening(authority.issue("node"))) as acceptor:
        with pytest.raises(DeviceUnavailable):
            await echo(peer_of(acceptor))
        await echo(peer_of(acceptor, tls=authority.calling(authority.issue("scanner"))))


async def test_silent_handshakes_hold_nobody_up(authority: Authority) -> None:
    limits = Limits(handshake=0.5)
    async with (
        node(tls=authority.listening(authority.issue("node")), limits=limits) as acceptor,
        AsyncExitStack() as stack,
    ):
        silent = [await stack.enter_async_context(raw(acceptor.ports[0])) for _ in range(20)]
        async with asyncio.timeout(limits.handshake * 4):
            await echo(peer_of(acceptor, tls=authority.calling(authority.issue("scanner"))))
        for each in silent:
            assert await each.ended() == []


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
async def test_old_versions_are_not_spoken(authority: Authority, version: str) -> None:
    context = authority.stranger()
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with node(tls=authority.listening(authority.issue("node"), mutual=False)) as acceptor:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with raw(acceptor.ports[0], context):
                pass


@pytest.mark.parametrize("suite", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA"])
async def test_weak_suites_are_not_spoken(authority: Authority, suite: str) -> None:
    context = authority.stranger()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)
    async with node(tls=authority.listening(authority.issue("node"), mutual=False)) as acceptor:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with raw(acceptor.ports[0], context):
                pass


async def shown(port: int, authority: Authority) -> bytes | None:
    """The certificate that the node shows."""
    async with raw(port, authority.stranger()) as caller:
        found: ssl.SSLObject = caller.writer.get_extra_info("ssl_object")
        return found.getpeercert(binary_form=True)


async def test_a_renewed_certificate_counts_from_the_next_call_on(authority: Authority) -> None:
    mine = authority.issue("node")
    async with node(tls=authority.listening(mine, mutual=False)) as acceptor:
        first = await shown(acceptor.ports[0], authority)
        authority.issue("node")
        second = await shown(acceptor.ports[0], authority)
        mine.key.write_text("not a key")
        third = await shown(acceptor.ports[0], authority)
    assert first != second
    assert second == third


def test_files_that_cannot_be_used_are_a_configuration_error(authority: Authority) -> None:
    mine, other = authority.issue("one"), authority.issue("two")
    other.key.replace(mine.key)
    with pytest.raises(ConfigError, match=r"one\.pem"):
        authority.listening(mine)
