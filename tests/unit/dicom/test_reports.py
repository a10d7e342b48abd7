"""Event reports: in order for each peer, tried again, given up only when refused for good."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dicom.content import decode, tag, text
from dicom.dimse import Limits, Offer, Operation, Peer, Request, Response, Responses, Service
from dicom.reports import Report, Reporter, destination
from gateway import Instant
from gateway.testing import MemoryRoomPorts
from tests.dicom_peers import OURS, node
from tests.dicom_ups import PatientOutbox
from tests.peers import LOOPBACK, free_port

EVENT = "1.2.840.10008.5.1.4.34.6.4"
PUSH = "1.2.840.10008.5.1.4.34.6.1"


class Still:
    """A clock that a test sets."""

    at = Instant(0)

    def now(self) -> Instant:
        return self.at


@dataclass
class Receiver:
    """A peer of our own making that takes reports, and answers them as it is told."""

    statuses: list[int] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)

    async def handle(self, request: Request) -> Responses:
        data = await request.dataset.read(65_536)
        said = text(decode(data, request.context.transfer_syntax), tag("ProcedureStepLabel"))
        status = self.statuses.pop(0) if self.statuses else 0
        if status == 0:
            self.heard.append(said)
        self.callers.append(request.association.parties.calling)
        yield Response(status)

    def service(self, sop_class: str = EVENT) -> Service:
        offer = Offer(sop_class, peer_serves=True)
        return Service("reports", (offer,), frozenset((Operation.N_EVENT_REPORT,)), self.handle)


def report(label: str, calling: str = "ISOGATE") -> Report:
    content = {tag("ProcedureStepLabel"): {"vr": "LO", "Value": [label]}}
    return Report(calling, (EVENT,), PUSH, "1.2.3", 1, content)


@dataclass
class Bench:
    reporter: Reporter
    ports: MemoryRoomPorts
    outbox: PatientOutbox
    clock: Still

    async def owe(self, peer: str, *labels: str) -> None:
        await self.reporter.owe([(peer, label, report(label)) for label in labels])

    async def deliver(self, peer: str) -> float:
        return await self.reporter.deliver(self.reporter.lines[peer])


@asynccontextmanager
async def bench(
    receiver: Receiver, make: Callable[[Receiver], Service] | None = None
) -> AsyncIterator[Bench]:
    clock = Still()
    ports = MemoryRoomPorts(clock=clock)
    ports.outbox = outbox = PatientOutbox(clock)
    service = make(receiver) if make is not None else receiver.service()
    async with node(service) as acceptor:
        peers = {
            "here": Peer(OURS, LOOPBACK, acceptor.ports[0], "NOBODY"),
            "away": Peer("AWAY", LOOPBACK, free_port(), "NOBODY"),
        }
        reporter = Reporter(ports, clock, peers, Limits(connect=2.0))
        yield Bench(reporter, ports, outbox, clock)


async def test_reports_come_in_order_under_the_title_that_the_peer_knows() -> None:
    receiver = Receiver()
    async with bench(receiver) as it:
        await it.owe("here", "a", "b", "c")
        await it.deliver("here")
    assert receiver.heard == ["a", "b", "c"]
    assert set(receiver.callers) == {"ISOGATE"}
    assert it.outbox.waiting == []


async def test_titles_of_ours_take_turns_and_keep_their_order() -> None:
    receiver = Receiver()
    async with bench(receiver) as it:
        titles = ["ONE", "ONE", "TWO", "ONE"]
        owed = [("here", str(n), report(str(n), title)) for n, title in enumerate(titles)]
        await it.reporter.owe(owed)
        while it.outbox.waiting:
            await it.deliver("here")
    assert receiver.heard == ["0", "1", "2", "3"]
    assert receiver.callers == titles


async def test_a_peer_that_is_away_holds_nobody_up() -> None:
    receiver = Receiver()
    async with bench(receiver) as it:
        await it.owe("away", "lost")
        await it.owe("here", "a")
        await it.deliver("away")
        await it.deliver("here")
        failing = it.reporter.lines["away"].failing
    assert receiver.heard == ["a"]
    assert failing is not None
    assert [each.attempts for each in it.outbox.waiting] == [1]


async def test_what_is_refused_for_now_comes_first_again_and_later() -> None:
    receiver = Receiver(statuses=[0, 0x0110])
    async with bench(receiver) as it:
        await it.owe("here", "a", "b", "c")
        await it.deliver("here")
        assert receiver.heard == ["a"]
        assert await it.deliver("here") > 0
        assert receiver.heard == ["a"]
        it.clock.at = Instant(1_000_000)
        await it.deliver("here")
        failing = it.reporter.lines["here"].failing
    assert receiver.heard == ["a", "b", "c"]
    assert failing is None


async def test_a_peer_that_answers_again_need_not_wait() -> None:
    receiver = Receiver(statuses=[0x0110])
    async with bench(receiver) as it:
        await it.owe("here", "a")
        await it.deliver("here")
        assert await it.deliver("here") > 0
        it.reporter.hurry("here")
        await it.deliver("here")
    assert receiver.heard == ["a"]


async def test_what_is_refused_for_good_is_buried_and_the_rest_goes_on() -> None:
    receiver = Receiver(statuses=[0x0112])
    async with bench(receiver) as it:
        await it.owe("here", "a", "b")
        await it.deliver("here")
    (dead,) = it.outbox.gone
    assert (dead.key, receiver.heard) == ("a", ["b"])
    assert "0x0112" in dead.error


async def test_a_peer_that_takes_no_reports_of_the_class_is_told_of_in_words() -> None:
    receiver = Receiver()
    async with bench(receiver, lambda it: it.service(PUSH)) as it:
        await it.owe("here", "a")
        await it.deliver("here")
    (waiting,) = it.outbox.waiting
    assert "let it accept us as SCP" in waiting.error


async def test_news_are_not_taken_without_end_for_a_peer_that_is_away() -> None:
    receiver = Receiver()
    async with bench(receiver) as it:
        for label in "abcd":
            await it.reporter.tell([("here", label, report(label))], 2)
        full = it.reporter.lines["here"].full
        await it.deliver("here")
        await it.reporter.tell([("here", "e", report("e"))], 2)
        await it.deliver("here")
    assert receiver.heard == ["a", "b", "e"]
    assert (full, it.reporter.lines["here"].full) == (True, False)


async def test_an_alarm_can_follow_a_peer_that_cannot_be_told() -> None:
    receiver = Receiver(statuses=[0x0110, 0, 0x0112])
    async with bench(receiver) as it:
        await it.reporter.say()
        await it.owe("here", "a")
        await it.deliver("here")
        await it.reporter.say()
        await it.reporter.say()
        it.reporter.hurry("here")
        await it.deliver("here")
        await it.reporter.say()
        await it.owe("here", "b")
        await it.deliver("here")
        await it.reporter.say()
    said = [(code, text, detail) for code, text, detail in it.ports.said]
    assert said == [
        ("dicom-reports", "flowing", ""),
        ("dicom-reports", "stuck", "here"),
        ("dicom-reports", "flowing", ""),
        ("dicom-reports", "stuck", "here"),
    ]


async def test_what_is_no_report_is_buried() -> None:
    receiver = Receiver()
    async with bench(receiver) as it:
        await it.outbox.enqueue(destination("here"), "odd", b"[1]")
        await it.owe("here", "a")
        await it.deliver("here")
    assert receiver.heard == ["a"]
    assert [each.key for each in it.outbox.gone] == ["odd"]
