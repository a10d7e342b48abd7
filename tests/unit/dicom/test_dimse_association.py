"""Both roles of an association: pending answers, cancelling, sub-operations, streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import pytest

from dicom.dimse import (
    Association,
    AssociationLost,
    Command,
    Limits,
    Offer,
    Operation,
    Request,
    Response,
    Responses,
    Service,
    Services,
    Status,
    SubOperations,
    Wanted,
    associate,
)
from dicom.upper.negotiate import EXPLICIT, IMPLICIT
from tests.dicom_objects import CT
from tests.dicom_peers import node, peer_of

FIND = "1.2.840.10008.5.1.4.31"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
PRINT = "1.2.840.10008.5.1.1.1"


def service(name: str, operation: Operation, handle: object, *offers: Offer) -> Service:
    return Service(name, offers, frozenset((operation,)), handle)  # type: ignore[arg-type]


@asynccontextmanager
async def talking(
    *services: Service,
    wanted: Sequence[Wanted] = (),
    ours: Sequence[Service] = (),
    limits: Limits | None = None,
) -> AsyncIterator[Association]:
    contexts = wanted or [Wanted(each.offers[0].sop_class) for each in services]
    async with (
        node(*services, limits=limits) as acceptor,
        associate(
            peer_of(acceptor), contexts, services=Services(ours), limits=limits
        ) as association,
    ):
        yield association


async def test_matches_come_in_order_and_then_the_final_answer() -> None:
    async def find(request: Request) -> Responses:
        asked = await request.dataset.read(1000)
        for number in range(500):
            yield Response(Status.PENDING, dataset=asked + b"%d" % number)
        yield Response(comment="that is all")

    async with talking(service("find", Operation.C_FIND, find, Offer(FIND))) as association:
        asked = Command(Operation.C_FIND, sop_class=FIND)
        answers = [each async for each in association.exchange(asked, b"key=")]
    assert [each.dataset for each in answers[:-1]] == [b"key=%d" % n for n in range(500)]
    assert answers[-1] == Response(comment="that is all")


async def test_leaving_early_cancels_and_the_association_goes_on() -> None:
    seen: list[bool] = []

    async def find(request: Request) -> Responses:
        while not request.cancelled:
            yield Response(Status.PENDING, dataset=b"x" * 1000)
            await asyncio.sleep(0)
        seen.append(request.cancelled)
        yield Response(Status.CANCEL)

    async with talking(service("find", Operation.C_FIND, find, Offer(FIND))) as association:
        for _ in range(2):
            asked = Command(Operation.C_FIND, sop_class=FIND)
            async with aclosing(association.exchange(asked, b"")) as answers:
                async for answer in answers:
                    assert answer.status == Status.PENDING
                    break
    assert seen == [True, True]


async def test_sub_operations_travel_on_the_same_association() -> None:
    received: list[tuple[str, bytes]] = []

    async def get(request: Request) -> Responses:
        for number in range(1, 4):
            command = Command(
                Operation.C_STORE, sop_class=CT, sop_instance=f"1.2.{number}", originator="X"
            )
            answer = await request.association.send(command, b"object %d" % number)
            counts = SubOperations(remaining=3 - number, completed=number, failed=0, warning=0)
            yield Response(Status.PENDING, sub_operations=counts, comment=hex(answer.status))
        yield Response(sub_operations=SubOperations(completed=3))

    async def store(request: Request) -> Responses:
        received.append((request.command.sop_instance, await request.dataset.read(100)))
        yield Response(0xB000)

    offers = (Offer(GET), Offer(CT, peer_serves=True))
    async with talking(
        service("get", Operation.C_GET, get, *offers),
        wanted=[Wanted(GET), Wanted(CT, serve=True)],
        ours=[service("store", Operation.C_STORE, store, Offer(CT))],
    ) as association:
        asked = Command(Operation.C_GET, sop_class=GET)
        answers = [each async for each in association.exchange(asked, b"")]
    assert received == [(f"1.2.{n}", b"object %d" % n) for n in (1, 2, 3)]
    assert [each.sub_operations.completed for each in answers] == [1, 2, 3, 3]
    assert answers[0].comment == "0xb000"


async def test_events_are_reported_to_whoever_called() -> None:
    heard: list[int | None] = []

    async def print_(request: Request) -> Responses:
        report = Command(
            Operation.N_EVENT_REPORT, sop_class=PRINT, sop_instance="1.2.3", event_type=7
        )
        answer = await request.association.send(report, b"info")
        yield Response(action_type=9, comment=f"heard {answer.event_type}")

    async def event(request: Request) -> Responses:
        heard.append(request.command.event_type)
        yield Response()

    async with talking(
        service("print", Operation.N_ACTION, print_, Offer(PRINT)),
        ours=[service("hear", Operation.N_EVENT_REPORT, event, Offer(PRINT))],
    ) as association:
        command = Command(Operation.N_ACTION, sop_class=PRINT, sop_instance="1.2.3", action_type=9)
        answer = await association.send(command, b"do")
    assert heard == [7]
    assert (answer.comment, answer.action_type, answer.sop_instance) == ("heard 7", 9, "1.2.3")


@pytest.mark.parametrize("operation", [Operation.C_FIND, Operation.N_GET])
async def test_what_no_service_does_is_answered_by_the_association(operation: Operation) -> None:
    asked: list[Request] = []

    async def never(request: Request) -> Responses:
        asked.append(request)
        yield Response()

    async with talking(service("store", Operation.C_STORE, never, Offer(CT))) as association:
        answer = await association.send(Command(operation, sop_class=CT), b"x" * 100_000)
        again = await association.send(Command(operation, sop_class=CT), b"x")
    assert asked == []
    assert answer.status == again.status == Status.UNRECOGNIZED_OPERATION


async def test_a_dataset_in_parts_arrives_as_one() -> None:
    sent = [bytes([n]) * size for n, size in enumerate((1, 5, 200_000, 0, 131_066, 7))]

    async def store(request: Request) -> Responses:
        content = await request.dataset.read(1_000_000)
        yield Response(comment=str(len(content)) if content == b"".join(sent) else "different")

    async def parts() -> AsyncIterator[bytes]:
        for part in sent:
            yield part

    async with talking(service("store", Operation.C_STORE, store, Offer(CT))) as association:
        command = Command(Operation.C_STORE, sop_class=CT, sop_instance="1.2")
        answer = await association.send(command, parts())
    assert answer.comment == str(sum(map(len, sent)))


@pytest.mark.parametrize("unread", [10, 3_000_000])
async def test_what_a_service_leaves_unread_is_thrown_away(unread: int) -> None:
    async def store(_request: Request) -> Responses:
        yield Response(0xA700, comment="not now")

    async with talking(service("store", Operation.C_STORE, store, Offer(CT))) as association:
        command = Command(Operation.C_STORE, sop_class=CT, sop_instance="1.2")
        for _ in range(3):
            assert (await association.send(command, bytes(unread))).status == 0xA700


async def test_a_dataset_longer_than_a_service_reads_aborts() -> None:
    async def find(request: Request) -> Responses:
        await request.dataset.read(100)
        yield Response()

    async with talking(service("find", Operation.C_FIND, find, Offer(FIND))) as association:
        with pytest.raises(AssociationLost, match="aborted"):
            await association.send(Command(Operation.C_FIND, sop_class=FIND), bytes(5000))


async def test_an_error_in_a_service_ends_its_association_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def find(_request: Request) -> Responses:
        yield Response(1 // len(_request.command.comment))

    async with talking(service("find", Operation.C_FIND, find, Offer(FIND))) as association:
        with pytest.raises(AssociationLost):
            await association.send(Command(Operation.C_FIND, sop_class=FIND), b"")
    assert "ZeroDivisionError" in caplog.text


async def test_an_answer_that_does_not_come_aborts() -> None:
    async def find(_request: Request) -> Responses:
        await asyncio.get_running_loop().create_future()
        yield Response()

    limits = Limits(answer=0.1)
    finding = service("find", Operation.C_FIND, find, Offer(FIND))
    async with talking(finding, limits=limits) as association:
        with pytest.raises(AssociationLost, match=r"no answer within 0\.1 s"):
            await association.send(Command(Operation.C_FIND, sop_class=FIND), b"")
        with pytest.raises(AssociationLost):
            await association.send(Command(Operation.C_FIND, sop_class=FIND), b"")


async def test_a_waiting_caller_hears_that_the_association_was_lost() -> None:
    async def find(request: Request) -> Responses:
        request.association.abort("enough")
        await asyncio.get_running_loop().create_future()
        yield Response()

    async with talking(service("find", Operation.C_FIND, find, Offer(FIND))) as association:
        with pytest.raises(AssociationLost, match="aborted by the peer"):
            await association.send(Command(Operation.C_FIND, sop_class=FIND), b"")


async def test_cancelling_the_caller_aborts_what_it_waited_for() -> None:
    asked = asyncio.Event()

    async def store(_request: Request) -> Responses:
        asked.set()
        await asyncio.get_running_loop().create_future()
        yield Response()

    async with talking(service("store", Operation.C_STORE, store, Offer(CT))) as association:
        command = Command(Operation.C_STORE, sop_class=CT, sop_instance="1.2")
        sending = asyncio.create_task(association.send(command, b"x"))
        await asked.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert not association.is_open


async def test_a_context_is_chosen_by_its_encoding() -> None:
    wanted = [Wanted(CT, (IMPLICIT,)), Wanted(CT, (EXPLICIT,))]
    seen: list[str] = []

    async def store(request: Request) -> Responses:
        seen.append(request.context.transfer_syntax)
        yield Response()

    async with talking(
        service("store", Operation.C_STORE, store, Offer(CT)), wanted=wanted
    ) as association:
        for syntax in (EXPLICIT, IMPLICIT):
            context = association.context_for(CT, syntax)
            command = Command(Operation.C_STORE, sop_class=CT, sop_instance="1.2")
            await association.send(command, b"x", context=context)
    assert seen == [EXPLICIT, IMPLICIT]


def test_two_services_do_not_share_an_operation() -> None:
    async def handle(_request: Request) -> Responses:
        yield Response()

    both = [service(name, Operation.C_STORE, handle, Offer(CT)) for name in ("one", "two")]
    with pytest.raises(ValueError, match="one and two both claim"):
        Services(both)
