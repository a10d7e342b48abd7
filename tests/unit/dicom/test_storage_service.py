"""Objects over a real association: what is acknowledged, what is refused, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from dicom.dimse import (
    Association,
    Command,
    Operation,
    Response,
    Status,
    Wanted,
    accepting,
    associate,
)
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from dicom.storage import index as index_of
from dicom.storage.index import Clash
from gateway import Kind, Quality
from gateway.testing import MemoryRoomPorts, room_context
from tests.dicom_objects import CT, RT_PLAN, dataset, encoded, image
from tests.dicom_peers import OURS, peer_of
from tests.unit.dicom.pages_case import FollowedPorts

PRIVATE = "1.3.12.2.1107.5.9.1"


@dataclass
class Bench:
    node: Node
    ports: MemoryRoomPorts

    @asynccontextmanager
    async def sender(
        self, *classes: str, syntax: str = ExplicitVRLittleEndian
    ) -> AsyncIterator[Association]:
        wanted = [Wanted(each, (syntax,)) for each in classes or (CT,)]
        async with associate(peer_of(self.node.acceptor), wanted) as association:
            yield association

    async def send(self, made: Dataset, **command: Any) -> Response:
        async with self.sender(made.SOPClassUID) as association:
            return await store(association, made, **command)

    async def folded(self) -> None:
        await self.ports.feed(self.node.index)

    @property
    def objects(self) -> int:
        return len(list(self.node.blobs.objects.rglob("*.sealed")))

    @property
    def drafts(self) -> int:
        return len(list(self.node.blobs.drafts.iterdir()))


async def store(
    association: Association,
    made: Dataset,
    syntax: str = ExplicitVRLittleEndian,
    data: bytes | None = None,
    **command: Any,
) -> Response:
    facts = {"sop_class": made.SOPClassUID, "sop_instance": made.SOPInstanceUID, **command}
    context = association.context_for(made.SOPClassUID)
    content = encoded(made, syntax) if data is None else data
    return await association.send(Command(Operation.C_STORE, **facts), content, context=context)


@asynccontextmanager
async def bench(
    tmp_path: Path,
    storage: dict[str, Any] | None = None,
    ports: MemoryRoomPorts | None = None,
    coerce: Sequence[dict[str, Any]] = (),
    **title: Any,
) -> AsyncIterator[Bench]:
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone", **title}},
            "peers": {"scanner": {"title": "TEST", "host": "127.0.0.1", "port": 104}},
            "storage": {"min_free": 1_000_000, **(storage or {})},
            "coerce": coerce,
        }
    )
    ports = ports or FollowedPorts()
    async with (
        open_node(options, room_context(tmp_path, ports)) as node,
        accepting(node.acceptor, node.listeners),
    ):
        if isinstance(ports, FollowedPorts):
            ports.followers = [node.index]
        yield Bench(node, ports)


async def test_an_object_is_a_file_an_event_and_a_row(tmp_path: Path) -> None:
    made = image(64)
    async with bench(tmp_path) as it:
        assert await it.send(made) == Response(sop_instance=made.SOPInstanceUID)
        await it.folded()
        stored = await it.node.index.instance(made.SOPInstanceUID)
        (event,) = it.ports.events
        content = (
            b"".join([piece async for piece in it.node.blobs.read(stored.blob)]) if stored else b""
        )
        (study,) = await it.node.index.studies()
    assert stored is not None
    assert content == encoded(made)
    assert stored.attributes.text("PatientName") == "Zhang^Wei=张^伟"
    assert (stored.origin.calling, stored.origin.called) == ("TEST", OURS)
    assert stored.origin.transfer_syntax == ExplicitVRLittleEndian
    assert (event.kind, event.source.device) == (Kind.OBJECT, "scanner")
    assert event.subject is not None
    assert (event.subject.patient, event.subject.issuer, event.subject.order) == (
        "P-100",
        "HIS",
        "A17",
    )
    assert (study.patient, study.modalities, study.instances) == ("P-100", "CT", 1)


async def test_the_same_object_again_is_one_object(tmp_path: Path) -> None:
    made = dataset()
    async with bench(tmp_path) as it:
        answers = [await it.send(made) for _ in range(3)]
        await it.folded()
        totals = await it.node.index.totals()
        objects = it.objects
    assert {answer.status for answer in answers} == {Status.SUCCESS}
    assert (len(it.ports.events), totals.instances, objects) == (1, 1, 1)


async def test_the_same_object_again_is_refused_for_now_while_the_index_is_far_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was removed since is not known then."""
    made = dataset()
    monkeypatch.setattr(index_of, "_PATIENCE", 0.01)
    async with bench(tmp_path, ports=MemoryRoomPorts()) as it:
        answers = [await it.send(made) for _ in range(2)]
        await it.folded()
        answers.append(await it.send(made))
    assert [each.status for each in answers] == [
        Status.SUCCESS,
        Status.OUT_OF_RESOURCES,
        Status.SUCCESS,
    ]


async def test_other_content_with_the_same_uid_is_kept_and_flagged_never_overwritten(
    tmp_path: Path,
) -> None:
    first, second = dataset(), dataset(PatientBirthDate="19600228")
    second.SOPInstanceUID = first.SOPInstanceUID
    async with bench(tmp_path) as it:
        for made in (first, second, second, first):
            assert (await it.send(made)).status == Status.SUCCESS
        await it.folded()
        counting = await it.node.index.instance(first.SOPInstanceUID)
        (conflict,) = await it.node.index.conflicts()
        everything = await it.node.index.everything(0, 10)
        wrong = [
            await it.node.blobs.verify(each.blob, each.origin.transfer_syntax)
            for each in everything
        ]
    assert counting is not None
    assert counting.attributes.text("PatientBirthDate") == "19600229"
    assert (conflict.clash, conflict.stored.uid) == (Clash.CONTENT, first.SOPInstanceUID)
    assert wrong == ["", ""]
    system = [event for event in it.ports.events if event.kind is Kind.SYSTEM]
    assert [event.code.code for event in system] == ["object.conflict"]
    assert system[0].caused_by == it.ports.events[1].id


@pytest.mark.parametrize(
    ("values", "clash"),
    [
        ({"PatientID": "P-200"}, Clash.PATIENT),
        ({"IssuerOfPatientID": "OTHER"}, Clash.PATIENT),
        ({"PatientBirthDate": "19700101"}, Clash.PATIENT),
        ({"StudyInstanceUID": "1.2.3.4.5"}, Clash.SERIES),
    ],
)
async def test_an_object_that_contradicts_its_study_is_kept_and_flagged(
    tmp_path: Path, values: dict[str, str], clash: Clash
) -> None:
    async with bench(tmp_path) as it:
        await it.send(dataset())
        assert (await it.send(dataset(CT, **values))).status == Status.SUCCESS
        await it.folded()
        conflicts = await it.node.index.conflicts()
        totals = await it.node.index.totals()
    assert [each.clash for each in conflicts] == [clash]
    assert totals.instances == 2


async def test_patients_without_an_id_are_not_merged(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        for study, name in (("1.2.1", "One"), ("1.2.2", "Two")):
            made = dataset(PatientID="", IssuerOfPatientID="", PatientName=name)
            made.StudyInstanceUID, made.SeriesInstanceUID = study, f"{study}.1"
            await it.send(made)
        await it.folded()
        names = {study.uid: study.name for study in await it.node.index.studies()}
    assert names == {"1.2.1": "One", "1.2.2": "Two"}


@pytest.mark.parametrize(
    ("values", "command", "status", "told"),
    [
        ({}, {"sop_instance": "1.2.9"}, Status.DATASET_DOES_NOT_MATCH, "not what the command says"),
        ({}, {"sop_instance": "no-uid"}, Status.INVALID_SOP_INSTANCE, "is no UID"),
        ({}, {"sop_class": RT_PLAN}, Status.SOP_CLASS_NOT_SUPPORTED, "in a context of"),
        ({"StudyInstanceUID": ""}, {}, Status.DATASET_DOES_NOT_MATCH, "no Study or Series"),
        ({"SeriesInstanceUID": None}, {}, Status.DATASET_DOES_NOT_MATCH, "no Study or Series"),
    ],
)
async def test_what_does_not_match_is_refused_with_a_reason(
    tmp_path: Path, values: dict[str, Any], command: dict[str, str], status: int, told: str
) -> None:
    async with bench(tmp_path) as it:
        answer = await it.send(dataset(CT, **values), **command)
        objects, drafts = it.objects, it.drafts
    assert answer.status == status
    assert told in answer.comment
    assert (it.ports.events, objects, drafts) == ([], 0, 0)


async def test_a_dataset_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    made = image(600)
    whole = encoded(made)
    async with bench(tmp_path) as it, it.sender() as association:
        for length in (len(whole) - 2, len(whole) // 2, 300, 10, 0):
            answer = await store(association, made, data=whole[:length])
            assert answer.status in (Status.CANNOT_UNDERSTAND, Status.DATASET_DOES_NOT_MATCH)
        assert (await store(association, made)).status == Status.SUCCESS
        assert (it.objects, it.drafts) == (1, 0)


async def test_a_dataset_in_another_encoding_than_agreed_is_refused(tmp_path: Path) -> None:
    made = dataset()
    async with bench(tmp_path) as it, it.sender() as association:
        answer = await store(association, made, syntax=ImplicitVRLittleEndian)
    assert answer.status == Status.CANNOT_UNDERSTAND
    assert "value representation" in answer.comment


async def test_nothing_is_acknowledged_when_the_event_store_refuses(tmp_path: Path) -> None:
    made = dataset()
    async with bench(tmp_path) as it:
        it.ports.refuses = True
        assert (await it.send(made)).status == Status.OUT_OF_RESOURCES
        it.ports.refuses = False
        assert (await it.send(made)).status == Status.SUCCESS
    assert len(it.ports.events) == 1


async def test_nothing_is_acknowledged_when_the_folder_is_gone(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.node.blobs.drafts.rmdir()
        assert (await it.send(dataset())).status == Status.OUT_OF_RESOURCES
        it.node.blobs.drafts.mkdir()
        assert (await it.send(dataset())).status == Status.SUCCESS


@pytest.mark.parametrize(
    ("storage", "told"),
    [
        ({"min_free": 10**15}, "would stay free"),
        ({"quota": 1_000_000}, "quota"),
        ({"largest": 1_000_000}, "larger than"),
    ],
)
async def test_without_room_an_object_is_refused_and_smaller_ones_go_on(
    tmp_path: Path, storage: dict[str, int], told: str
) -> None:
    async with bench(tmp_path, storage) as it:
        answer = await it.send(image(1024))
        drafts = it.drafts
        small = await it.send(dataset())
    assert answer.status == Status.OUT_OF_RESOURCES
    assert told in answer.comment
    assert drafts == 0
    assert (small.status == Status.SUCCESS) is ("min_free" not in storage)


@pytest.mark.parametrize("private", ["none", "all", [PRIVATE]])
async def test_private_classes_are_taken_where_allowed(tmp_path: Path, private: Any) -> None:
    made = dataset(PRIVATE)
    async with bench(tmp_path, private_classes=private) as it, it.sender(PRIVATE, CT) as found:
        taken = {context.abstract_syntax for context in found.contexts.values()}
        if private == "none":
            assert taken == {CT}
            return
        assert (await store(found, made)).status == Status.SUCCESS


async def test_a_name_that_cannot_be_decoded_is_flagged_and_not_guessed(tmp_path: Path) -> None:
    made = dataset(PatientName="X")
    garbled = encoded(made).replace(b"PN\x02\0X ", b"PN\x02\0\xcd\xf5")
    async with bench(tmp_path) as it, it.sender() as association:
        assert (await store(association, made, data=garbled)).status == Status.SUCCESS
        await it.folded()
        stored = await it.node.index.instance(made.SOPInstanceUID)
    assert stored is not None
    assert stored.attributes.text("PatientName") == ""
    assert stored.attributes.text("PatientID") == "P-100"
    assert "PatientName: bytes that are not utf_8" in stored.attributes.problems[0]
    assert it.ports.events[0].quality is Quality.UNCERTAIN


@pytest.mark.parametrize("undeclared", ["", "GB18030"])
async def test_an_undeclared_character_set_counts_only_by_explicit_rule(
    tmp_path: Path, undeclared: str
) -> None:
    made = dataset(PatientName="X")
    del made.SpecificCharacterSet
    data = encoded(made).replace(b"PN\x02\0X ", b"PN\x02\0\xcd\xf5")
    async with bench(tmp_path, undeclared_charset=undeclared) as it, it.sender() as association:
        assert (await store(association, made, data=data)).status == Status.SUCCESS
        await it.folded()
        stored = await it.node.index.instance(made.SOPInstanceUID)
    assert stored is not None
    assert stored.attributes.text("PatientName") == ("王" if undeclared else "")


async def test_a_connection_lost_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield encoded(image(600))[:500_000]
        raise ConnectionError("the sender dies")

    async def send_half() -> None:
        async with it.sender() as association:
            command = Command(Operation.C_STORE, sop_class=CT, sop_instance=made.SOPInstanceUID)
            await association.send(command, half())

    made = image(600)
    async with bench(tmp_path) as it:
        with pytest.raises(ConnectionError, match="dies"):
            await send_half()
        assert (await it.send(made)).status == Status.SUCCESS
        assert it.drafts == 0


async def test_the_tables_are_the_same_when_they_are_folded_again(tmp_path: Path) -> None:
    first, second = dataset(), dataset(PatientSex="F")
    second.SOPInstanceUID = first.SOPInstanceUID
    async with bench(tmp_path) as it:
        for made in (
            first,
            second,
            dataset(PatientID="P-2"),
            image(32, StudyInstanceUID=generate_uid()),
        ):
            await it.send(made)
        await it.folded()
        before = [
            await it.node.index.everything(0, 99),
            await it.node.index.conflicts(),
            await it.node.index.totals(),
        ]
        count = len(it.ports.events)
    (tmp_path / "store" / "objects.sqlite").unlink()
    async with bench(tmp_path, ports=it.ports) as again:
        await again.folded()
        after = [
            await again.node.index.everything(0, 99),
            await again.node.index.conflicts(),
            await again.node.index.totals(),
        ]
    assert after == before
    assert len(it.ports.events) == count
