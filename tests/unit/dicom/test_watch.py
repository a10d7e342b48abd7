"""Peers that are watched: what is known of them, and what is said once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dicom.dimse import Caller, Limits, Peer
from dicom.watch.options import WatchOptions
from dicom.watch.watch import PeerState, Watch
from gateway.alarms.builtin import system_alarms
from gateway.alarms.definition import System
from gateway.testing import MemoryRoomPorts
from tests.dicom_forwarding import forwarder
from tests.dicom_objects import image
from tests.dicom_peers import OURS, node, peer_of
from tests.peers import LOOPBACK, free_port

STRANGER = Peer(OURS, LOOPBACK, free_port(), "TEST")


def watch(
    peers: dict[str, Peer],
    ports: MemoryRoomPorts,
    back: Callable[[str], None] = lambda _name: None,
    timeout: float = 10,
) -> Watch:
    return Watch(
        WatchOptions(timeout=timeout, skip=()),
        peers,
        Limits(),
        site="site",
        clock=ports.clock,
        ports=ports,
        back=back,
    )


def said(ports: MemoryRoomPorts) -> list[tuple[str, str]]:
    return [
        (event.source.device, event.value.text if event.value else "") for event in ports.events
    ]


async def test_a_peer_is_unknown_then_up_with_its_latency() -> None:
    ports = MemoryRoomPorts()
    async with node() as acceptor:
        it = watch({"pacs": peer_of(acceptor)}, ports)
        assert it.peer("pacs").state is PeerState.UNKNOWN
        seen = await it.look("pacs")
        again = await it.look("pacs")
    assert seen.state is PeerState.UP
    assert seen.seconds is not None
    assert 0 < seen.seconds < 5
    assert (again.since, said(ports)) == (seen.since, [("pacs", "up")])
    assert ports.said == [("dicom-peers", "answer", "")]


async def test_the_first_failure_and_the_recovery_are_said_once_each() -> None:
    ports, back = MemoryRoomPorts(), list[str]()
    async with node() as acceptor:
        peers = {"pacs": peer_of(acceptor), "gone": STRANGER}
        it = watch(peers, ports, back.append)
        for _ in range(3):
            await it.look("gone")
        lost = it.peer("gone")
        it._peers = {**peers, "gone": peer_of(acceptor)}
        for _ in range(2):
            await it.look("gone")
        found = await it.look("gone")
    assert lost.state is PeerState.DOWN
    assert "check host, port and network" in lost.error
    assert (found.state, found.error) == (PeerState.UP, "")
    assert said(ports) == [("gone", "down"), ("gone", "up")]
    assert [each[:2] for each in ports.said] == [("dicom-peers", "away"), ("dicom-peers", "answer")]
    assert back == ["gone"]


async def test_a_peer_that_lets_us_not_in_is_down_and_says_why() -> None:
    async with node(callers=(Caller("OTHER"),)) as acceptor:
        seen = await watch({"pacs": peer_of(acceptor)}, MemoryRoomPorts()).look("pacs")
    assert seen.state is PeerState.DOWN
    assert "does not know our AE title" in seen.error


async def test_a_disk_that_refuses_does_not_end_the_watch() -> None:
    ports = MemoryRoomPorts()
    ports.refuses = True
    async with node() as acceptor:
        seen = await watch({"pacs": peer_of(acceptor)}, ports).look("pacs")
    assert seen.state is PeerState.UP


async def test_the_alarms_of_every_gateway_know_what_is_said(tmp_path: Path) -> None:
    alarms = system_alarms()
    gone = {"peers": {"gone": {"title": "GONE", "host": LOOPBACK, "port": free_port()}}}
    rules = {"destinations": {"gone": {}}, "rules": [{"name": "all", "to": ["gone"]}]}
    async with forwarder(tmp_path, {**gone, "forward": rules}) as it:
        await it.take(image(16))
        await it.until("gone", lambda queue: queue.failing is not None)
        await it.outward.watch.look("gone")
        said = {(code, word) for code, word, _ in it.ports.said}
    assert {("dicom-peers", "away"), ("dicom-forward", "stuck")} <= said
    assert ("dicom-dead-letters", "none") in said
    for code, word in said:
        condition = alarms[code].condition
        assert isinstance(condition, System)
        assert condition.code == code
        assert word in {*condition.raises, *condition.clears}


async def test_a_host_that_can_be_no_name_is_a_peer_that_is_down() -> None:
    peer = Peer("PACS", "pacs..hospital", 104, "TEST")
    seen = await watch({"pacs": peer}, MemoryRoomPorts()).look("pacs")
    assert seen.state is PeerState.DOWN
    assert "check host, port and network" in seen.error
