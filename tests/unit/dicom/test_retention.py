"""Studies leave the store: what is removed, what is not, and what comes again afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from dicom.coercion.coercion import Coercion
from dicom.dimse import Status
from dicom.forward.entry import Entry, State
from dicom.forward.facts import Voice
from dicom.forward.rules import Rule as SendRule
from dicom.forward.rules import RuleSet
from dicom.forward.tables import Tables
from dicom.node import Node
from dicom.options import DicomOptions
from dicom.retention.options import RetentionOptions
from dicom.retention.rules import Kept
from dicom.retention.sweeper import Sweeper
from dicom.storage.object import is_object, object_of
from dicom.storage.removal import CLEARED, REMOVED
from gateway import Instant, Kind, StoreError, Subject
from gateway.room import OWNER, Outcome, Principal
from gateway.testing import ManualClock, MemoryAuditor, room_context
from tests.dicom_objects import RT_PLAN, dataset, image
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK
from tests.unit.dicom.pages_case import FollowedPorts
from tests.unit.dicom.test_forward_queue import fresh
from tests.unit.dicom.test_storage_service import Bench, bench

DAYS = 86_400.0
STUDY, OTHER = "1.2.826.1.1", "1.2.826.1.2"
RULES = {"rules": [{"name": "ct", "days": 30, "modality": ["CT"]}]}
SUBJECT = Subject("P-100", "HIS")


class Queues:
    """Nothing is forwarded."""

    async def of_study(self, uid: str) -> Sequence[Entry]:
        del uid
        return ()


@dataclass
class Folded:
    """Queues that are folded by hand."""

    tables: Tables

    async def of_study(self, uid: str) -> Sequence[Entry]:
        return self.tables.of_study(uid)


class Auditor(MemoryAuditor):
    refuses = False

    async def record(self, action: str, who: Principal, **facts: Any) -> None:
        if self.refuses:
            raise StoreError("the disk refuses")
        await super().record(action, who, **facts)


@dataclass
class Ward:
    """A node with its rules, and a clock that is set forward."""

    it: Bench
    sweeper: Sweeper
    clock: ManualClock
    audit: Auditor

    async def store(self, *objects: Dataset) -> None:
        for made in objects:
            assert (await self.it.send(made)).status == Status.SUCCESS
        await self.it.folded()

    @property
    def node(self) -> Node:
        return self.it.node

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait while the index follows what is said."""
        moved = asyncio.Event()
        stop = self.node.index.watch(moved.set)
        async with asyncio.timeout(10):
            while not happened():
                await moved.wait()
                moved.clear()
        stop()

    def codes(self, *wanted: str) -> list[str]:
        return [each.code.code for each in self.it.ports.events if each.code.code in wanted]


@asynccontextmanager
async def ward(
    tmp_path: Path,
    rules: dict[str, Any] | None = None,
    clock: ManualClock | None = None,
    ports: FollowedPorts | None = None,
    **of: Any,
) -> AsyncIterator[Ward]:
    clock = clock or ManualClock()
    ports, audit = ports or FollowedPorts(clock), Auditor()
    async with bench(tmp_path, ports=ports, **of) as it:
        context = room_context(tmp_path, ports, audit=audit)
        options = RetentionOptions.model_validate(RULES if rules is None else rules)
        node = it.node
        sweeper = Sweeper(context, options, node.index, node.blobs, node.storage.space, Queues())
        yield Ward(it, sweeper, clock, audit)


def ct(study: str = STUDY, **facts: Any) -> Dataset:
    return image(64, StudyInstanceUID=study, SeriesInstanceUID=f"{study}.1", **facts)


async def test_a_study_past_its_days_leaves_the_index_and_the_disk(tmp_path: Path) -> None:
    async with ward(tmp_path) as it:
        await it.store(ct(), ct(), ct(OTHER, Modality="MR"))
        assert (await it.sweeper.sweep()).studies == 0
        it.clock.advance(31 * DAYS)
        outlook = await it.sweeper.outlook(10)
        assert [each.study.uid for each in outlook.first] == [STUDY]
        assert it.it.objects == 3
        swept = await it.sweeper.sweep()
        totals = await it.node.index.totals()
        (study,) = await it.node.index.studies()
        (removed,) = await it.node.index.removed()
        left = await it.node.index.leaving()
    assert (swept.studies, swept.instances) == (1, 2)
    assert (study.uid, totals.instances, it.it.objects) == (OTHER, 1, 1)
    assert (removed.study, removed.rule, removed.instances) == (STUDY, "ct", 2)
    assert (removed.patient, removed.issuer) == ("P-100", "HIS")
    assert left == {}
    assert it.codes(REMOVED, CLEARED) == [REMOVED, CLEARED]
    assert [each.action for each in it.audit.entries] == ["images.remove"]
    assert it.node.storage.space.stored == totals.bytes


async def test_what_came_while_the_clock_stood_in_the_past_is_not_old(tmp_path: Path) -> None:
    async with ward(tmp_path) as it:
        await it.store(ct(OTHER))
        it.clock.advance(-400 * DAYS)
        await it.store(ct())
        it.clock.advance(400 * DAYS)
        assert (await it.sweeper.sweep()).studies == 0
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.sweep()).studies == 2


async def test_the_same_object_sent_again_after_its_removal_is_stored_again(
    tmp_path: Path,
) -> None:
    made = ct()
    async with ward(tmp_path) as it:
        await it.store(made)
        it.clock.advance(31 * DAYS)
        await it.sweeper.sweep()
        await it.store(made, made)
        again = await it.node.index.instance(made.SOPInstanceUID)
        totals = await it.node.index.totals()
        assert again is not None
        content = await it.node.blobs.verify(again.blob, again.origin.transfer_syntax)
        assert (await it.sweeper.sweep()).studies == 0, "its days begin anew"
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.sweep()).studies == 1
        await it.store(made)
        once_more = await it.node.index.instance(made.SOPInstanceUID)
    assert (content, totals.instances, it.it.objects) == ("", 1, 1)
    assert once_more is not None
    assert len([each for each in it.it.ports.events if each.kind is Kind.OBJECT]) == 3 + 2 * 2


async def test_a_held_study_stays_until_it_is_released(tmp_path: Path) -> None:
    async with ward(tmp_path) as it:
        await it.store(ct())
        await it.sweeper.hold(OWNER, STUDY, SUBJECT, "a trial")
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.sweep()).studies == 0
        assert (await it.sweeper.outlook(1)).kept == {Kept.HELD: 1}
        hold = await it.node.index.hold(STUDY)
        assert hold is not None
        assert (hold.who, hold.why) == (OWNER.id, "a trial")
        await it.sweeper.release(OWNER, STUDY, SUBJECT, "the trial is over")
        assert (await it.sweeper.sweep()).studies == 1
    assert [each.action for each in it.audit.entries] == [
        "images.hold",
        "images.release",
        "images.remove",
    ]


async def test_a_hold_that_came_before_the_removal_wins_whoever_was_told_first(
    tmp_path: Path,
) -> None:
    async with ward(tmp_path) as it:
        await it.store(ct())
        it.clock.advance(31 * DAYS)
        (going,) = (await it.sweeper.outlook(1)).first
        await it.sweeper.hold(OWNER, STUDY, SUBJECT, "a lawsuit")
        event = going.study.removal("ct", it.it.ports.last_seq).event("site", it.clock.now())
        await it.it.ports.publish((event,))
        assert len(await it.node.index.of_study(STUDY)) == 1
        assert await it.node.index.removed() == []


async def test_a_study_that_grew_while_its_removal_was_decided_stays_whole(tmp_path: Path) -> None:
    late = ct()
    async with ward(tmp_path) as it:
        await it.store(ct())
        it.clock.advance(31 * DAYS)
        (going,) = (await it.sweeper.outlook(1)).first
        await it.store(late)
        event = going.study.removal("ct", it.it.ports.last_seq).event("site", it.clock.now())
        await it.it.ports.publish((event,))
        assert len(await it.node.index.of_study(STUDY)) == 2
        assert await it.node.index.removed() == []


async def test_a_plan_that_comes_while_studies_are_removed_keeps_its_images(
    tmp_path: Path,
) -> None:
    plan = dataset(RT_PLAN, StudyInstanceUID=OTHER, SeriesInstanceUID=f"{OTHER}.9")
    images = ct(OTHER)
    async with ward(tmp_path) as it:

        class Busy(Queues):
            async def of_study(self, uid: str) -> Sequence[Entry]:
                if uid == STUDY:
                    await it.store(plan)
                return await super().of_study(uid)

        it.sweeper.queues = Busy()
        await it.store(ct(), images)
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.sweep()).studies == 1
        left = {each.uid for each in await it.node.index.of_study(OTHER)}
    assert left == {plan.SOPInstanceUID, images.SOPInstanceUID}


@pytest.mark.parametrize("where", [{}, {"Modality": "CT", "SeriesInstanceUID": f"{STUDY}.9"}])
async def test_a_plan_keeps_its_study_whatever_its_series_says(
    tmp_path: Path, where: dict[str, str]
) -> None:
    uids = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.1"}
    plan = dataset(RT_PLAN, **{**uids, **where})
    async with ward(tmp_path) as it:
        await it.store(ct(), plan)
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.sweep()).studies == 0
        assert len(await it.node.index.of_study(STUDY)) == 2


async def test_a_series_of_two_studies_is_for_a_person(tmp_path: Path) -> None:
    other = ct(OTHER)
    other.SeriesInstanceUID = ct().SeriesInstanceUID
    async with ward(tmp_path) as it:
        await it.store(ct(), other)
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.sweep()).studies == 0
        assert (await it.sweeper.outlook(1)).kept == {Kept.CONTRADICTED: 1}


async def test_a_hold_that_overtakes_a_removal_undoes_it_and_it_goes_after_the_release(
    tmp_path: Path,
) -> None:
    async with ward(tmp_path) as it:
        await it.store(ct())
        it.clock.advance(31 * DAYS)
        record = it.audit.record

        async def held_meanwhile(action: str, *of: Any, **facts: Any) -> None:
            await record(action, *of, **facts)
            if action == "images.remove" and len(it.audit.entries) == 1:
                await it.sweeper.hold(OWNER, STUDY, SUBJECT, "a lawsuit")

        it.audit.record = held_meanwhile  # type: ignore[method-assign]
        assert (await it.sweeper.sweep()).studies == 0
        outcomes = [(each.action, each.outcome) for each in it.audit.entries]
        assert outcomes[-1] == ("images.remove", Outcome.FAILED)
        assert it.node.storage.space.stored == (await it.node.index.totals()).bytes > 0
        await it.sweeper.release(OWNER, STUDY, SUBJECT, "it is over")
        assert (await it.sweeper.sweep()).studies == 1
        assert it.node.storage.space.stored == (await it.node.index.totals()).bytes == 0


def test_a_place_that_gets_other_objects_is_no_place_that_has_them() -> None:
    with pytest.raises(ValueError, match="de-identified copies only"):
        DicomOptions.model_validate(
            {
                "titles": {OURS: {"allow": "anyone", "services": ["storage"]}},
                "peers": {"lab": {"title": "LAB", "host": LOOPBACK, "port": 104}},
                "deid": {"study": {"key": "0123456789abcdef0123"}},
                "forward": {
                    "destinations": {"research": {"peer": "lab", "deid": "study"}},
                    "rules": [{"name": "r", "to": ["research"]}],
                },
                "retention": {
                    "rules": [{"name": "x", "days": 1, "modality": ["CT"], "sent_to": ["research"]}]
                },
            }
        )


@pytest.mark.parametrize("copy", [{}, {"deid": "study"}, {"coerced": {"PatientID": "P9"}}])
async def test_a_place_that_got_a_changed_copy_does_not_have_the_object(
    tmp_path: Path, copy: dict[str, Any]
) -> None:
    """Whatever devices.yaml says of the destination by now."""
    rules = {"rules": [{**RULES["rules"][0], "sent_to": ["lab"]}]}
    queues, voice = fresh(), Voice("site", Instant(1), "lab")
    rule_set = RuleSet((SendRule("all", ("lab",)),), {"lab": "lab"})
    async with ward(tmp_path, rules) as it:
        await it.store(ct())
        events = [voice.rules(rule_set), *filter(is_object, it.it.ports.events)]
        queues.fold(events)
        (entry,) = queues.waiting("lab", 9)
        queues.fold([voice.sent(entry, 0, {"commit": False, "sent_as": entry.uid, **copy}, "")])
        it.sweeper.queues = Folded(queues)
        it.clock.advance(31 * DAYS)
        outlook = await it.sweeper.outlook(9)
        assert outlook.kept == ({Kept.UNSENT: 1} if copy else {})
        assert outlook.studies == (0 if copy else 1)


async def test_an_object_that_a_rule_changed_leaves_with_what_was_sent(tmp_path: Path) -> None:
    rule = {"name": "his", "replace": {"IssuerOfPatientID": "RIS"}}
    async with ward(tmp_path, coerce=[rule]) as it:
        await it.store(ct(), ct())
        assert it.it.objects == 4
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.outlook(1)).bytes == it.node.storage.space.stored
        await it.sweeper.sweep()
        assert it.it.objects == 0
        assert (await it.node.index.totals()).bytes == it.node.storage.space.stored == 0


async def test_a_contradicted_study_is_for_a_person(tmp_path: Path) -> None:
    first = ct()
    second = ct(PatientBirthDate="19600228")
    second.SOPInstanceUID = first.SOPInstanceUID
    async with ward(tmp_path) as it:
        await it.store(first, second)
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.sweep()).studies == 0
        assert (await it.sweeper.outlook(1)).kept == {Kept.CONTRADICTED: 1}


async def test_a_rule_for_a_full_store_removes_the_oldest_until_there_is_room(
    tmp_path: Path,
) -> None:
    rules = {"rules": [{"name": "ct", "days": 1, "modality": ["CT"], "only_when_full": True}]}
    async with ward(tmp_path, rules, storage={"quota": 10**6}) as it:
        for number in range(4):
            uids = {"StudyInstanceUID": f"1.2.{number}", "SeriesInstanceUID": f"1.9.{number}"}
            await it.store(image(300, **uids))
            it.clock.advance(DAYS)
        size = it.node.storage.space.stored // 4
        it.clock.advance(DAYS)
        assert (await it.sweeper.sweep()).studies == 0
        space = it.node.storage.space
        space.bounds = replace(space.bounds, quota=size * 4)
        assert (await it.sweeper.sweep()).studies == 1
        left = {each.uid for each in await it.node.index.studies()}
    assert left == {"1.2.1", "1.2.2", "1.2.3"}


async def test_files_that_a_crash_left_go_at_the_next_start(tmp_path: Path) -> None:
    clock = ManualClock()
    ports = FollowedPorts(clock)
    async with ward(tmp_path, clock=clock, ports=ports) as it:
        await it.store(ct())
        it.clock.advance(31 * DAYS)
        (going,) = (await it.sweeper.outlook(1)).first
        event = going.study.removal("ct", it.it.ports.last_seq).event("site", it.clock.now())
        await ports.publish((event,))
        assert it.it.objects == 1
    (tmp_path / "store" / "objects.sqlite").unlink()
    async with ward(tmp_path, clock=clock, ports=ports) as again:
        await again.it.folded()
        job = asyncio.create_task(again.sweeper.run())
        await again.until(lambda: again.codes(CLEARED) == [CLEARED])
        job.cancel()
        assert again.it.objects == 0


async def test_a_file_that_another_arrival_needs_is_spared(tmp_path: Path) -> None:
    """The object comes again between the event of its removal and the removal of its file."""
    made = ct()
    async with ward(tmp_path) as it:
        await it.store(made)
        it.clock.advance(31 * DAYS)
        (going,) = (await it.sweeper.outlook(1)).first
        event = going.study.removal("ct", it.it.ports.last_seq).event("site", it.clock.now())
        await it.it.ports.publish((event,))
        await it.store(made)
        await it.sweeper.sweep()
        stored = await it.node.index.instance(made.SOPInstanceUID)
        assert stored is not None
        assert await it.node.blobs.verify(stored.blob, stored.origin.transfer_syntax) == ""
        job = asyncio.create_task(it.sweeper.run())
        await it.until(lambda: bool(it.codes(CLEARED)))
        job.cancel()
        assert await it.node.blobs.verify(stored.blob, stored.origin.transfer_syntax) == ""


async def test_nothing_is_removed_while_a_backup_reads_the_files(tmp_path: Path) -> None:
    async with ward(tmp_path) as it:
        await it.store(ct())
        it.clock.advance(31 * DAYS)
        async with it.node.named() as sources:
            sweeping = asyncio.create_task(it.sweeper.sweep())
            await it.until(lambda: bool(it.codes(REMOVED)))
            assert it.it.objects == len(sources) == 1
        assert (await sweeping).studies == 1
        assert it.it.objects == 0


async def test_what_can_not_be_audited_is_not_removed(tmp_path: Path) -> None:
    async with ward(tmp_path) as it:
        await it.store(ct())
        it.clock.advance(31 * DAYS)
        it.audit.refuses = True
        with pytest.raises(StoreError):
            await it.sweeper.sweep()
        assert len(await it.node.index.of_study(STUDY)) == 1


async def test_a_changed_object_that_comes_again_after_its_removal_is_sent_again(
    tmp_path: Path,
) -> None:
    rule = {"name": "his", "replace": {"IssuerOfPatientID": "RIS"}}
    made = ct()
    async with ward(tmp_path, coerce=[rule]) as it:
        coercion = it.node.storage.coercion
        assert isinstance(coercion, Coercion)
        it.node.storage.coercion = replace(coercion, clock=it.clock)
        await it.store(made)
        it.clock.advance(31 * DAYS)
        assert (await it.sweeper.sweep()).studies == 1
        await it.store(made)
        first, second = (each for each in it.it.ports.events if is_object(each))
    assert object_of(first).blob != object_of(second).blob, "each says when it was changed"
    queues, voice = fresh(), Voice("site", Instant(5), "pacs")
    rules = RuleSet((SendRule("all", ("pacs",)),), {"pacs": "pacs"})
    queues.fold([voice.rules(rules).stored_as(1), first.stored_as(2)])
    (entry,) = queues.waiting("pacs", 9)
    queues.fold([voice.sent(entry, 0, {"commit": False, "sent_as": entry.uid}, "").stored_as(3)])
    queues.fold([second.stored_as(4)])
    assert [each.state for each in queues.of_object(entry.uid)] == [State.DONE, State.WAITING]
