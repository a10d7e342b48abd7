"""Decisions about work items: durable first, one at a time, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicom.content import Content, decode, tag
from dicom.services import (
    Actor,
    Ask,
    Verb,
    WorkItem,
    WorkItemKeeper,
    WorkItemRefused,
    WorkItems,
    change_of,
)
from dicom.ups.events import Receiver
from dicom.ups.subscriptions import Wish
from dicom.ups.tending import Tending
from dicom.ups.terms import FILTERED, GLOBAL, Action
from gateway import Instant, Receipt, StoreError
from gateway.model import DeviceEvent, WireRecord
from tests.dicom_objects import encoded
from tests.dicom_peers import OURS
from tests.dicom_ups import (
    PULL,
    Bench,
    FollowedPorts,
    bench,
    listening,
    performed,
    progress,
    work_item,
)
from tests.dicom_ups_clients import Asked
from tests.peers import free_port

LINAC, OTHER, TPS = Actor("LINAC1"), Actor("LINAC2"), Actor("TPS")


def content(made: object) -> Content:
    return decode(encoded(made), ExplicitVRLittleEndian)  # type: ignore[arg-type]


async def new(it: Bench, *, keeper: str = "") -> str:
    uid = generate_uid()
    if keeper:
        return await it.engine.create(content(work_item()), keeper=keeper)
    assert (await it.engine.created(uid, content(work_item()), TPS)).status == 0
    return uid


class Judge:
    """A room that keeps work items and says no as often as it is told to."""

    keeps_work_items = "bridge"

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[Ask] = []

    async def may_change(self, ask: Ask) -> str:
        self.asked.append(ask)
        return self.answers.pop(0) if self.answers else ""


async def test_of_many_claimers_exactly_one_succeeds(tmp_path: Path) -> None:
    async with bench(tmp_path, services=["ups"]) as it:
        uid = await new(it)
        claims = [
            it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), Actor(f"LINAC{number}"))
            for number in range(20)
        ]
        told = [each.status for each in await asyncio.gather(*claims)]
        item = await it.engine.item(uid)
        claimed = [event for event in it.ports.events if event.code.code == "ups.claim"]
    assert sorted(told) == [0x0000] + [0xC301] * 19
    assert item is not None
    assert [event.actor for event in claimed] == [f"ae:{item.owner}"]
    assert item.owner == f"LINAC{told.index(0)}"


async def test_a_claim_is_on_disk_before_it_is_confirmed(tmp_path: Path) -> None:
    async with bench(tmp_path, services=["ups"]) as it:
        uid = await new(it)
        it.ports.refuses = True
        with pytest.raises(StoreError):
            await it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), LINAC)
        it.ports.refuses = False
        item = await it.engine.item(uid)
        assert item is not None
        assert item.state == "SCHEDULED"
        answer = await it.scu().state(uid, "IN PROGRESS", generate_uid())
        assert answer.status == 0
        it.ports.refuses = True
        refused = await it.scu("LINAC1").set(uid, progress("1"), generate_uid())
        answer = await it.scu("TPS").create(generate_uid(), work_item())
    assert (refused.status, answer.status) == (0xC301, 0x0213)


async def test_a_decision_goes_on_when_the_association_that_asked_is_gone(tmp_path: Path) -> None:
    class SlowPorts(FollowedPorts):
        gate: asyncio.Event | None = None

        async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
            if self.gate is not None:
                await self.gate.wait()
            return await super().publish(events, *wire)

    ports = SlowPorts()
    async with bench(tmp_path, services=["ups"], ports=ports) as it:
        uid = await new(it)
        ports.gate = asyncio.Event()
        asking = asyncio.create_task(
            it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), LINAC)
        )
        for _ in range(3):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        late = asyncio.create_task(
            it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), OTHER)
        )
        ports.gate.set()
        told = await late
        item = await it.engine.item(uid)
    assert told.status == 0xC301
    assert item is not None
    assert item.owner == "LINAC1"


async def test_items_claims_and_subscriptions_are_there_after_a_restart(tmp_path: Path) -> None:
    ports, port = FollowedPorts(), free_port()
    transaction, wish = generate_uid(), Receiver("WATCHER", OURS)
    async with bench(tmp_path, {"WATCHER": port}, services=["ups"], ports=ports) as it:
        uid = await new(it)
        await it.engine.state_changed(uid, "IN PROGRESS", transaction, LINAC)
        assert it.node.keeping.ups is not None
        subscriptions = it.node.keeping.ups.subscriptions
        assert (await subscriptions.act(Action.SUBSCRIBE, Wish(uid, wish), TPS)).status == 0
    async with (
        listening("WATCHER", port=port) as watcher,
        bench(tmp_path, {"WATCHER": port}, services=["ups"], ports=ports) as it,
    ):
        stolen = await it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), OTHER)
        step = await it.engine.attributes_set(uid, content(performed()), transaction, LINAC)
        done = await it.engine.state_changed(uid, "COMPLETED", transaction, LINAC)
        heard = [await asyncio.wait_for(watcher.heard.get(), 20) for _ in range(3)]
        await it.told()
    assert (stolen.status, step.status, done.status) == (0xC301, 0, 0)
    assert [each.kind for each in heard] == [1, 4, 1]
    assert heard[0].content.ProcedureStepState == "IN PROGRESS"
    assert heard[1].uid == GLOBAL
    status = heard[1].content
    assert (status.SCPStatus, status.SubscriptionListStatus) == ("RESTARTED", "WARM START")
    assert heard[2].content.ProcedureStepState == "COMPLETED"


async def test_a_keeper_is_asked_before_its_item_is_handed_over(tmp_path: Path) -> None:
    judge = Judge("blocked: wrong plan version")
    assert isinstance(judge, WorkItemKeeper)
    async with bench(tmp_path, services=["ups"], neighbours=[judge]) as it:
        uid = await new(it, keeper="bridge")
        refused = await it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), LINAC)
        granted = await it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), LINAC)
        (seen, _) = judge.asked
    assert (refused.status, refused.words) == (0x0124, "blocked: wrong plan version")
    assert granted.status == 0
    assert (seen.verb, seen.item.uid, seen.actor) == (Verb.CLAIM, uid, LINAC)


async def test_an_item_whose_keeper_cannot_be_asked_is_not_handed_over(tmp_path: Path) -> None:
    async with bench(tmp_path, services=["ups"]) as it:
        uid = await new(it, keeper="bridge")
        refused = await it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), LINAC)
        item = await it.engine.item(uid)
    assert refused.status == 0x0110
    assert item is not None
    assert item.state == "SCHEDULED"


async def test_a_keeper_may_refuse_to_cancel_what_is_performed(tmp_path: Path) -> None:
    judge = Judge("", "beam is on")
    async with bench(tmp_path, services=["ups"], neighbours=[judge]) as it:
        uid = await new(it, keeper="bridge")
        await it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), LINAC)
        told = await it.engine.cancel_requested(uid, {}, OTHER)
    assert told.status == 0xC313


async def test_a_room_makes_changes_and_cancels_its_own_items_only(tmp_path: Path) -> None:
    async with bench(tmp_path, services=["ups"]) as it:
        engine = it.engine
        assert isinstance(engine, WorkItems)
        uid, foreign = await new(it, keeper="bridge"), await new(it)
        await engine.change(
            uid, {"00404041": {"vr": "CS", "Value": ["INCOMPLETE"]}}, keeper="bridge"
        )
        found = await engine.matching({"00404041": {"vr": "CS", "Value": ["INCOMPLETE"]}})
        await engine.cancel(uid, "re-planned", keeper="bridge")
        with pytest.raises(WorkItemRefused) as stranger:
            await engine.cancel(foreign, "mine?", keeper="bridge")
        with pytest.raises(WorkItemRefused) as twice:
            await engine.cancel(uid, "again", keeper="bridge")
        changes = [change for each in it.ports.events if (change := change_of(each))]
    assert [each.uid for each in found] == [uid]
    assert (stranger.value.status, twice.value.status) == (0xC307, 0xC300)
    told = [
        (each.verb, each.version, each.state, each.actor) for each in changes if each.uid == uid
    ]
    assert told == [
        (Verb.CREATE, 1, "SCHEDULED", "room:bridge"),
        (Verb.SET, 2, "SCHEDULED", "room:bridge"),
        (Verb.CANCEL, 3, "CANCELED", "room:bridge"),
    ]


async def test_finished_items_are_forgotten_when_nobody_holds_them(tmp_path: Path) -> None:
    class Late:
        offset = 0

        def now(self) -> Instant:
            return Instant(1_750_000_000_000_000 + self.offset)

    clock, ports = Late(), FollowedPorts()
    ports.clock = clock
    async with bench(tmp_path, {"WATCHER": free_port()}, services=["ups"], ports=ports) as it:
        held, free, going = await new(it), await new(it), await new(it)
        assert it.node.keeping.ups is not None
        act = it.node.keeping.ups.subscriptions.act
        wish = Wish(held, Receiver("WATCHER", OURS), lock=True)
        await act(Action.SUBSCRIBE, wish, TPS)
        for uid in (held, free):
            assert (await it.engine.cancel_requested(uid, {}, TPS)).status == 0
        assert await Tending(it.engine).forget() == 0
        clock.offset = 49 * 3600 * 1_000_000
        assert await Tending(it.engine).forget() == 1
        left = [await it.engine.item(uid) is not None for uid in (held, free, going)]
        await act(Action.UNSUBSCRIBE, wish, TPS)
        assert await Tending(it.engine).forget() == 1
    assert left == [True, False, True]


def lying(keyword: str, vr: str, value: str, made: Dataset | None = None) -> Dataset:
    """A dataset with one element of a VR that isn't its own."""
    found = made if made is not None else Dataset()
    number = int(tag(keyword), 16)
    if number in found:
        del found[number]
    found.add(DataElement(number, vr, value))
    return found


async def test_a_wrong_vr_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    async with bench(tmp_path, {"WATCHER": free_port()}, services=["ups"]) as it:
        uid, scu = await new(it), it.scu("ANYBODY")
        before = len(it.ports.events)
        wrong = lying("ProcedureStepLabel", "PN", "x")
        told = [
            await scu.subscribe(FILTERED, "WATCHER", keys=wrong),
            await scu.create(generate_uid(), lying("PatientName", "LO", "Zhang", work_item())),
            await scu.set(uid, lying("ProcedureStepProgressInformationSequence", "LO", "x")),
        ]
        (found,) = await scu._all(Asked("find", PULL, dataset=lying("PatientName", "LO", "Z*")))
        kept = len(it.ports.events) - before
    assert [each.status for each in told] == [0x0106] * 3
    assert (found.status, kept) == (0xA900, 0)


async def test_what_comes_as_unknown_is_kept_as_the_dictionary_says(tmp_path: Path) -> None:
    async with bench(tmp_path, services=["ups"]) as it:
        uid = generate_uid()
        label = lying("ProcedureStepLabel", "UN", "", work_item())
        label[0x00741204].value = b"Delivery"
        assert (await it.scu("TPS").create(uid, label)).status == 0
        item = await it.engine.item(uid)
    assert item is not None
    assert item.content["00741204"] == {"vr": "LO", "Value": ["Delivery"]}


async def test_keys_that_cannot_be_judged_keep_nobody_from_making_items(tmp_path: Path) -> None:
    """They are in the store of a gateway that took them."""
    bad: Content = {"00741204": {"vr": "PN", "Value": ["x"]}}
    async with bench(tmp_path, {"WATCHER": free_port()}, services=["ups"]) as it:
        assert it.node.keeping.ups is not None
        subscriptions = it.node.keeping.ups.subscriptions
        wish = Wish(FILTERED, Receiver("WATCHER", OURS), keys=bad)
        assert (await subscriptions.act(Action.SUBSCRIBE, wish, TPS)).status == 0x0106
        await subscriptions._subscribe(wish, TPS)
        await it.engine.folded()
        made = content(work_item()) | {"00741204": {"vr": "PN", "Value": [{"Alphabetic": "x"}]}}
        standing = await it.engine.items.ask(lambda tables: tables.standing())
        item = WorkItem("1.2.3", made, 0, Instant(0))
        with pytest.raises(AttributeError):
            it.engine.fits(standing[0], item)
        assert it.engine._hears(standing[0], item) is False
        assert (await it.engine.created(generate_uid(), content(work_item()), TPS)).status == 0


async def test_a_room_that_withdraws_an_offer_leaves_what_was_claimed_meanwhile(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, services=["ups"], neighbours=[Judge()]) as it:
        engine, transaction = it.engine, generate_uid()
        free, taken = await new(it, keeper="bridge"), await new(it, keeper="bridge")
        claim, withdrawn = await asyncio.gather(
            engine.state_changed(taken, "IN PROGRESS", transaction, LINAC),
            engine.cancel(taken, "blocked", keeper="bridge", only_if_scheduled=True),
            return_exceptions=True,
        )
        await engine.cancel(free, "blocked", keeper="bridge", only_if_scheduled=True)
        done = await engine.attributes_set(taken, content(performed()), transaction, LINAC)
        await engine.state_changed(taken, "COMPLETED", transaction, LINAC)
        with pytest.raises(WorkItemRefused) as late:
            await engine.cancel(taken, "blocked", keeper="bridge", only_if_scheduled=True)
        states = [item.state for uid in (free, taken) if (item := await engine.item(uid))]
    assert not isinstance(claim, BaseException)
    assert isinstance(withdrawn, WorkItemRefused)
    assert (claim.status, withdrawn.status, done.status) == (0, 0xC302, 0)
    assert late.value.status == 0xC300
    assert states == ["CANCELED", "COMPLETED"]


class FailingPorts(FollowedPorts):
    """A store that commits, or doesn't, and says for some turns that it could not."""

    def __init__(self, failures: int, *, commits: bool) -> None:
        super().__init__()
        self.failures, self.commits = failures, commits
        self.turns: asyncio.Queue[Receipt | None] = asyncio.Queue()

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        failing, self.failures = self.failures > 0, self.failures - 1
        receipt = None
        if self.commits or not failing:
            receipt = await super().publish(events, *wire)
        self.turns.put_nowait(receipt)
        if failing:
            raise StoreError("the disk is full")
        return receipt or Receipt()


@pytest.mark.parametrize("commits", [False, True])
async def test_a_store_that_refuses_ends_no_job_and_a_restart_is_told_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    commits: bool,  # noqa: FBT001 - a parameter
) -> None:
    monkeypatch.setattr("dicom.ups.tending._AGAIN", 0.0)
    monkeypatch.setattr("dicom.ups.tending._FORGET_EVERY", 0.0)
    ports = FailingPorts(3, commits=commits)
    told = {"told": ["watcher"]}
    peers = {"WATCHER": free_port()}
    async with bench(tmp_path, peers, services=["ups"], ports=ports, jobs=False, ups=told) as it:
        job = asyncio.create_task(Tending(it.engine).run())
        turns = [await asyncio.wait_for(ports.turns.get(), 20) for _ in range(4)]
        await it.engine.folded()
        finished = job.done()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        restarts = [each for each in ports.events if each.code.code == "ups.restarted"]
    assert len(turns) == 4
    assert (finished, len(restarts)) == (False, 1)


async def test_items_are_forgotten_once_the_store_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicom.ups.tending._FORGET_EVERY", 0.0)
    monkeypatch.setattr("dicom.ups.tending._HOUR", -3600 * 1_000_000)
    ports = FailingPorts(0, commits=False)
    async with bench(tmp_path, services=["ups"], ports=ports, jobs=False) as it:
        uid = await new(it)
        await it.engine.cancel_requested(uid, {}, TPS)
        ports.failures, ports.turns = 2, asyncio.Queue()
        job = asyncio.create_task(Tending(it.engine).run())
        turns = [await asyncio.wait_for(ports.turns.get(), 20) for _ in range(3)]
        while await it.engine.item(uid) is not None:
            assert not job.done()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
    assert turns[:2] == [None, None]


class OneAtATime(Judge):
    """A keeper of two items that lets one of them be performed at a time."""

    engine: WorkItems
    uids: Sequence[str] = ()

    async def may_change(self, ask: Ask) -> str:
        self.asked.append(ask)
        items = [await self.engine.item(each) for each in self.uids]
        taken = [each for each in items if each is not None and each.state == "IN PROGRESS"]
        return "another one is performed" if taken else ""


async def test_a_keeper_knows_of_each_claim_before_it_is_asked_about_the_next(
    tmp_path: Path,
) -> None:
    keeper = OneAtATime()
    async with bench(tmp_path, services=["ups"], neighbours=[keeper]) as it:
        keeper.engine = it.engine
        keeper.uids = [await new(it, keeper="bridge") for _ in range(2)]
        claims = [
            it.engine.state_changed(uid, "IN PROGRESS", generate_uid(), LINAC)
            for uid in keeper.uids
        ]
        told = await asyncio.gather(*claims)
    assert sorted(each.status for each in told) == [0, 0x0124]
