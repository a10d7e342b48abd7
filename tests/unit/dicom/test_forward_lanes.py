"""Who sends what where several associations empty one queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dicom.dimse import EXPLICIT, Limits, Peer
from dicom.forward.content import Contents
from dicom.forward.entry import Entry, State
from dicom.forward.line import by_association
from dicom.forward.options import DestinationOptions
from dicom.forward.sender import Sender
from dicom.storage.blobs import Blobs
from dicom.storage.object import Blob
from gateway import Instant
from gateway.testing import MemoryRoomPorts
from gateway.testing.room import known_ring
from tests.dicom_objects import CT


class Queue:
    """A queue in memory; `read` happens between the reading of it and its answer."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = list(entries)
        self.read: Callable[[], None] = lambda: None

    async def waiting(self, destination: str, limit: int) -> Sequence[Entry]:
        found = [each for each in self.entries if each.destination == destination][:limit]
        self.read()
        return found

    async def reached(self, seq: int) -> None:
        assert seq >= 0


def entry(seq: int, study: str, *, syntax: str = EXPLICIT, sop_class: str = CT) -> Entry:
    return Entry(
        destination="pacs",
        seq=seq,
        place=seq,
        uid=f"1.{seq}",
        sop_class=sop_class,
        transfer_syntax=syntax,
        study=study,
        modality="CT",
        blob=Blob("0" * 64, 1),
        rule="all",
        coerce={},
        queued_at=Instant(1),
        changed_at=Instant(1),
        state=State.WAITING,
    )


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Sender]:
    ports = MemoryRoomPorts()

    def sender(queue: Queue, associations: int) -> Sender:
        with Blobs.open(tmp_path / "dicom", known_ring()) as blobs:
            contents = Contents(blobs, {}, ports.clock, ThreadPoolExecutor(1))
        return Sender(
            name="pacs",
            options=DestinationOptions(associations=associations),
            peer_name="pacs",
            way=by_association(Peer("PACS", "127.0.0.1", 104, "TEST"), Limits()),
            site="site",
            clock=ports.clock,
            ports=ports,
            queue=queue,
            contents=contents,
            changed=lambda: None,
        )

    return sender


def seqs(batch: Sequence[Entry]) -> list[int]:
    return [each.seq for each in batch]


async def test_one_association_takes_all_in_order(make: Callable[..., Sender]) -> None:
    queue = Queue(entry(1, "a"), entry(2, "b"), entry(3, "a"))
    assert seqs(await make(queue, 1)._next()) == [1, 2, 3]


async def test_each_of_several_takes_a_study_that_no_other_sends(
    make: Callable[..., Sender],
) -> None:
    sender = make(Queue(entry(1, "a"), entry(2, "b"), entry(3, "a"), entry(4, "c")), 3)
    taken = [seqs(await sender._take(wake)) for wake in sender._wakes]
    assert taken == [[1, 3], [2], [4]]
    assert await sender._next() == []


async def test_what_another_one_sent_while_the_queue_was_read_is_not_taken_again(
    make: Callable[..., Sender],
) -> None:
    queue = Queue(entry(1, "a"))
    sender = make(queue, 2)
    await sender._take(sender._wakes[0])
    queue.read = sender._studies.clear  # the other one is done with its study just now
    assert await sender._next() == []


async def test_a_batch_has_no_more_kinds_than_an_association_has_contexts(
    make: Callable[..., Sender],
) -> None:
    kinds = [entry(number, "a", sop_class=f"1.2.{number}") for number in range(99)]
    kinds += [entry(100 + number, "a", syntax=f"1.3.{number}") for number in range(99)]
    sender = make(Queue(*kinds), 2)
    assert len(await sender._next()) <= 120
