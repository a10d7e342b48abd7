"""Archived only when the peer commits: by Orthanc, and by peers that do it otherwise."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association

from dicom.forward.entry import State
from dicom.scu.commitment import PUSH
from gateway.room import OWNER
from tests.dicom_forwarding import Forwarder, forwarder
from tests.dicom_objects import CT, image
from tests.dicom_peers import OURS, orthanc
from tests.peers import LOOPBACK, free_port


def section(ours: int, port: int, title: str, **more: Any) -> dict[str, Any]:
    return {
        "listeners": [{"port": ours}],
        "peers": {"archive": {"title": title, "host": LOOPBACK, "port": port}},
        "forward": {
            "destinations": {"archive": {"commit": True, "longest_pause": 1, **more}},
            "rules": [{"name": "all", "to": ["archive"]}],
        },
    }


def states(it: Forwarder, code: str) -> list[str]:
    return [(event.payload or {})["sop_instance"] for event in it.said(code)]


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Storage Commitment", ours="SCU", peer="Orthanc")
async def test_orthanc_commits_to_what_it_was_sent(tmp_path: Path) -> None:
    ours = free_port()
    objects = [image(16) for _ in range(5)]
    async with (
        orthanc(tmp_path / "orthanc", {OURS: (LOOPBACK, ours)}) as pacs,
        forwarder(tmp_path / "ours", section(ours, pacs.port, pacs.title)) as it,
    ):
        await it.take(*objects)
        await it.until("archive", lambda queue: queue.counts.done == 5)
        assert sorted(states(it, "forward.archived")) == sorted(
            str(each.SOPInstanceUID) for each in objects
        )


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Storage Commitment", ours="SCU", peer="Orthanc")
async def test_what_orthanc_lost_is_a_dead_letter_and_can_be_sent_again(tmp_path: Path) -> None:
    ours, port = free_port(), free_port()
    made = image(16)
    async with (
        orthanc(tmp_path / "orthanc", {OURS: (LOOPBACK, ours)}, port=port) as pacs,
        forwarder(tmp_path / "ours", section(ours, port, "ORTHANC")) as it,
    ):
        await it.take(made)
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{pacs.http}") as http:
            await it.until("archive", lambda queue: queue.counts.committing == 1)
            (instance,) = (await http.get("/instances")).json()
            await http.delete(f"/instances/{instance}")
        await it.until("archive", lambda queue: queue.counts.dead == 1)
        (letter,) = await it.outward.forwarding.entries("archive", State.DEAD)
        assert "does not keep it: it has no such object (0112H)" in letter.error
        await it.outward.forwarding.retry(OWNER, "archive", [letter.seq])
        await it.until("archive", lambda queue: queue.counts.done == 1)


@dataclass
class Archive:
    """pynetdicom as SCP of storage commitment. `says` decides how it reports."""

    says: str
    port: int = 0
    asked: list[Dataset] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    ours: int = 0
    _threads: list[threading.Thread] = field(default_factory=list)

    def act(self, event: evt.Event) -> tuple[int, None]:
        asked = event.action_information
        self.asked.append(asked)
        if self.says == "refuse" and len(self.asked) == 1:
            return 0x0110, None
        if self.says == "nothing" and len(self.asked) == 1:
            return 0x0000, None
        work = self._on_same if self.says == "same" else self._on_new
        thread = threading.Thread(target=work, args=(event.assoc, asked))
        thread.start()
        self._threads.append(thread)
        return 0x0000, None

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _on_same(self, association: Association, asked: Dataset) -> None:
        self._report(association, asked)

    def _on_new(self, _association: Association, asked: Dataset) -> None:
        entity = AE("ARCHIVE")
        entity.add_requested_context(PUSH)
        role = build_role(PUSH, scp_role=True)
        association = entity.associate(LOOPBACK, self.ours, ae_title=OURS, ext_neg=[role])
        for _ in range(2 if self.says == "twice" else 1):
            self._report(association, asked)
        stray = Dataset()
        stray.TransactionUID = "2.25.1"
        stray.ReferencedSOPSequence = []
        self._report(association, stray)
        association.release()

    def _report(self, association: Association, asked: Dataset) -> None:
        report = Dataset()
        report.TransactionUID = asked.TransactionUID
        report.ReferencedSOPSequence = asked.ReferencedSOPSequence
        status, _ = association.send_n_event_report(report, 1, PUSH, "1.2.840.10008.1.20.1.1")
        self.answers.append(int(status.Status))


@contextmanager
def archive(says: str, ours: int) -> Iterator[Archive]:
    it = Archive(says, ours=ours)
    entity = AE("ARCHIVE")
    entity.add_supported_context(CT)
    entity.add_supported_context(PUSH)
    server = entity.start_server(
        (LOOPBACK, 0),
        block=False,
        evt_handlers=[(evt.EVT_C_STORE, lambda _event: 0), (evt.EVT_N_ACTION, it.act)],
    )
    assert server is not None
    it.port = server.server_address[1]
    try:
        yield it
    finally:
        it.join()
        server.shutdown()


@pytest.mark.dicom_peer(service="Storage Commitment", ours="SCU", peer="pynetdicom")
@pytest.mark.parametrize("says", ["same", "new", "twice"])
async def test_a_report_is_taken_on_either_association_once_or_twice(
    tmp_path: Path, says: str
) -> None:
    ours = free_port()
    with archive(says, ours) as peer:
        async with forwarder(tmp_path / "ours", section(ours, peer.port, "ARCHIVE")) as it:
            await it.take(image(16), image(16))
            await it.until("archive", lambda queue: queue.counts.done == 2)
            assert len(states(it, "forward.archived")) == 2
            await asyncio.to_thread(peer.join)
    expected = {"same": [0], "new": [0, 0x0115], "twice": [0, 0, 0x0115]}
    assert peer.answers[: len(expected[says])] == expected[says]
    asked = [
        str(item.ReferencedSOPInstanceUID)
        for each in peer.asked
        for item in each.ReferencedSOPSequence
    ]
    assert len(asked) == len(set(asked)) == 2


@pytest.mark.dicom_peer(service="Storage Commitment", ours="SCU", peer="pynetdicom")
@pytest.mark.parametrize("says", ["refuse", "nothing"])
async def test_a_commitment_that_does_not_come_is_asked_for_again(
    tmp_path: Path, says: str
) -> None:
    ours = free_port()
    with archive(says, ours) as peer:
        rules = section(ours, peer.port, "ARCHIVE", commit_within=1)
        async with forwarder(tmp_path / "ours", rules) as it:
            await it.take(image(16))
            await it.until("archive", lambda queue: queue.counts.done == 1)
            await asyncio.to_thread(peer.join)
    assert len({each.TransactionUID for each in peer.asked}) == len(peer.asked) >= 2
