"""Performed procedure steps over a real association: their states, and what they are linked to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

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
from dicom.elements import Element, Elements, decode, encode, sequence, vr_of
from dicom.mpps.link import How, links_of
from dicom.mpps.said import State, changed, created, tree_of
from dicom.mpps.service import NO_LONGER, STEP
from dicom.mpps.steps import PerformedStep
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from dicom.query.question import NotAnswered
from dicom.worklist.find import WORKLIST
from dicom.worklist.tags import Tag
from gateway import Kind, Quality, StoreError
from gateway.model import from_datetime
from gateway.testing import MemoryRoomPorts, room_context
from tests.dicom_peers import OURS, peer_of
from tests.dicom_worklist import DAY, Visit, appointment_of, told, visits
from tests.unit.dicom.test_worklist import At
from tests.unit.schedule import schedule_case

UID = "1.2.840.99.1"
NAME, PATIENT_ID = 0x00100010, 0x00100020
STATUS, SCHEDULED, SERIES = 0x00400252, 0x00400270, 0x00400340
END_DATE, END_TIME = 0x00400250, 0x00400251


@dataclass(frozen=True, slots=True)
class Keeping:
    """A node that takes performed steps, beside its worklist."""

    node: Node
    ports: MemoryRoomPorts
    schedule: schedule_case.Told

    @asynccontextmanager
    async def calling(self, sop_class: str = STEP) -> AsyncIterator[Association]:
        peer = peer_of(self.node.acceptor, calling="CT1")
        async with associate(peer, [Wanted(sop_class)]) as association:
            yield association

    async def create(self, elements: Elements, uid: str = UID) -> Response:
        return await self._send(Operation.N_CREATE, elements, uid)

    async def set(self, elements: Elements, uid: str = UID) -> Response:
        return await self._send(Operation.N_SET, elements, uid)

    async def step(self, uid: str = UID) -> PerformedStep:
        found = await self.node.answering.steps.step(uid)
        assert found is not None
        return found

    async def worklist(self) -> list[tuple[str, str]]:
        """Step ID and status of each item."""
        item = {int(tag): Element(vr_of(tag)) for tag in (Tag.STEP_ID, Tag.STEP_STATUS)}
        async with self.calling(WORKLIST) as association:
            syntax = association.context_for(WORKLIST).transfer_syntax
            data = encode({int(Tag.STEPS): sequence([item])}, syntax)
            command = Command(Operation.C_FIND, sop_class=WORKLIST)
            *pending, _ = [each async for each in association.exchange(command, data)]
        steps = [decode(each.dataset or b"", syntax)[Tag.STEPS].items[0] for each in pending]
        return [(_text(step, Tag.STEP_ID), _text(step, Tag.STEP_STATUS)) for step in steps]

    async def _send(self, operation: Operation, elements: Elements, uid: str) -> Response:
        async with self.calling() as association:
            syntax = association.context_for(STEP).transfer_syntax
            command = Command(operation, sop_class=STEP, sop_instance=uid)
            answer = await association.send(command, encode(elements, syntax))
        await self.ports.feed(self.node.answering.steps)
        return answer


def _text(elements: Elements, tag: int) -> str:
    return elements[tag].value.decode().strip(" \0")


@asynccontextmanager
async def keeping(
    tmp_path: Path, made: Sequence[Visit] = (), ports: MemoryRoomPorts | None = None
) -> AsyncIterator[Keeping]:
    schedule, people = await told(made)
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone", "services": ["worklist", "mpps"]}},
            "peers": {"ct": {"title": "CT1", "host": "127.0.0.1", "port": 104}},
            "storage": {"min_free": 1_000_000},
        }
    )
    ports = ports or MemoryRoomPorts(clock=At(from_datetime(DAY)))
    context = room_context(tmp_path, ports, neighbours=(schedule.book, people.book))
    async with open_node(options, context) as node, accepting(node.acceptor, node.listeners):
        yield Keeping(node, ports, schedule)


def texts(values: dict[int, str]) -> dict[int, Element]:
    return {int(tag): Element(vr_of(tag), text.encode()) for tag, text in values.items()}


def begun(visit: Visit | None = None) -> dict[int, Element]:
    """An N-CREATE for the step of a visit, or for none."""
    scheduled = {
        0x0020000D: visit.study if visit else "1.2.3",
        0x00080050: visit.accession if visit else "",
        0x00400009: visit.step if visit else "",
        0x00401001: "",
    }
    own = texts(
        {
            0x00080005: "ISO_IR 192",
            NAME: "Wang^Wei=王^伟",
            PATIENT_ID: visit.patient if visit else "P0000",
            0x00100030: "19600229",
            0x00100040: "M",
            0x00400253: "PPS1",
            0x00400241: "CT1",
            0x00400244: "20261123",
            0x00400245: "080500",
            STATUS: "IN PROGRESS",
            0x00080060: "CT",
        }
    )
    return {**own, SCHEDULED: sequence([texts(scheduled)])}


def ended(state: str = "COMPLETED") -> dict[int, Element]:
    series = texts({0x0020000E: "1.2.3.4", 0x00181030: "Head", 0x0008103E: "头部"})
    return texts(
        {0x00080005: "ISO_IR 192", STATUS: state, END_DATE: "20261123", END_TIME: "081500"}
    ) | {SERIES: sequence([series])}


async def test_a_step_is_committed_linked_and_then_answered(tmp_path: Path) -> None:
    (visit,) = visits(1)
    async with keeping(tmp_path, [visit]) as it:
        answer = await it.create(begun(visit))
        step = await it.step()
        (event,) = it.ports.events
        assert event.raw_id is not None
        record = await it.ports.bytes_of(event.raw_id)
    assert answer == Response(sop_instance=UID)
    assert (event.kind, event.source.device, event.subject and event.subject.patient) == (
        Kind.SESSION,
        "ct",
        "P0000",
    )
    assert record is not None
    assert b"PPS1" in record.data
    assert (step.state, step.flagged) == (State.IN_PROGRESS, False)
    (link,) = step.links
    assert (link.how, link.step, link.accession) == (How.LINKED, visit.step, visit.accession)
    assert step.attributes["PatientName"] == "Wang^Wei=王^伟"


async def test_a_step_goes_on_and_ends_once(tmp_path: Path) -> None:
    async with keeping(tmp_path) as it:
        await it.create(begun())
        going = await it.set(texts({0x00400254: "Planning"}))
        done = await it.set(ended())
        late = await it.set(texts({0x00400254: "Changed"}))
        again = await it.set(ended("DISCONTINUED"))
        step = await it.step()
    assert [each.status for each in (going, done)] == [Status.SUCCESS] * 2
    assert {(each.status, each.error_id) for each in (late, again)} == {(0x0110, NO_LONGER)}
    assert (step.state, step.changes) == (State.COMPLETED, 2)
    assert step.attributes["PerformedProcedureStepDescription"] == "Planning"
    assert step.attributes["PerformedSeriesSequence"][0]["SeriesDescription"] == "头部"  # type: ignore[index]


async def test_a_second_step_of_a_uid_is_a_duplicate_and_changes_nothing(tmp_path: Path) -> None:
    async with keeping(tmp_path) as it:
        first = await it.create(begun())
        second = await it.create(begun(visits(2)[1]))
        step = await it.step()
    assert [first.status, second.status] == [Status.SUCCESS, Status.DUPLICATE_SOP_INSTANCE]
    assert step.attributes["PatientID"] == "P0000"


async def test_a_step_that_nobody_created_can_not_be_set(tmp_path: Path) -> None:
    async with keeping(tmp_path) as it:
        answer = await it.set(ended(), "1.2.3.99")
    assert answer.status == Status.NO_SUCH_SOP_INSTANCE


@pytest.mark.parametrize("tag", [SCHEDULED, 0x00400253, 0x00400241, 0x00400244, 0x00080060])
async def test_what_a_step_must_have_is_asked_for(tmp_path: Path, tag: int) -> None:
    whole = begun()
    empty = {**whole, tag: Element(whole[tag].vr)}
    without = {each: element for each, element in whole.items() if each != tag}
    async with keeping(tmp_path) as it:
        answers = [await it.create(without), await it.create(empty)]
    assert [each.status for each in answers] == [0x0120, 0x0121]
    assert {each.offending for each in answers} == {(tag,)}
    assert it.ports.events == []


async def test_a_step_begins_in_progress(tmp_path: Path) -> None:
    async with keeping(tmp_path) as it:
        done = await it.create(begun() | texts({STATUS: "COMPLETED"}))
        unknown = await it.create(begun() | texts({STATUS: "PAUSED"}))
    assert [each.status for each in (done, unknown)] == [0x0106, 0x0106]


@pytest.mark.parametrize("tag", [END_DATE, END_TIME, SERIES])
async def test_a_completed_step_has_an_end_and_a_series(tmp_path: Path, tag: int) -> None:
    less = {each: element for each, element in ended().items() if each != tag}
    async with keeping(tmp_path) as it:
        await it.create(begun())
        answer = await it.set(less)
        step = await it.step()
    assert (answer.status, answer.offending) == (Status.MISSING_ATTRIBUTE_VALUE, (tag,))
    assert step.state is State.IN_PROGRESS


async def test_a_discontinued_step_without_series_is_over_all_the_same(tmp_path: Path) -> None:
    less = {each: value for each, value in ended("DISCONTINUED").items() if each != SERIES}
    async with keeping(tmp_path) as it:
        await it.create(begun())
        answer = await it.set(less)
        step = await it.step()
        event = it.ports.events[-1]
    assert answer.status == Status.SUCCESS
    assert step.state is State.DISCONTINUED
    assert step.problems[-1] == "no PerformedSeriesSequence"
    assert event.quality is Quality.UNCERTAIN


async def test_the_patient_of_a_step_can_not_be_changed_but_said_again(tmp_path: Path) -> None:
    (visit,) = visits(1)
    async with keeping(tmp_path, [visit]) as it:
        await it.create(begun(visit))
        same = await it.set({each: begun(visit)[each] for each in (PATIENT_ID, SCHEDULED)})
        other = await it.set(texts({PATIENT_ID: "P9"}))
    assert [same.status, other.status] == [Status.SUCCESS, 0x0106]
    assert other.offending == (PATIENT_ID,)


def test_what_is_empty_is_the_same_as_what_is_not_there() -> None:
    known = created(begun()).tree
    (item,) = begun()[SCHEDULED].items
    references, other_ids, birth_date = 0x00081120, 0x00101002, 0x00100030
    nothing = {0x00081110: sequence([])}
    assert not known.keys() & {"ReferencedPatientSequence", "OtherPatientIDsSequence"}
    said = changed(
        {
            references: sequence([]),
            other_ids: sequence([]),
            birth_date: begun()[birth_date],
            SCHEDULED: sequence([{**item, **nothing}]),
        },
        known,
    )
    assert said.problems == ()
    for tag, value in ((references, sequence([item])), (NAME, Element("PN", b""))):
        with pytest.raises(NotAnswered, match="can't be changed"):
            changed({tag: value}, known)


@pytest.mark.parametrize(
    ("change", "how"),
    [
        ({}, How.LINKED),
        ({"step": ""}, How.UNSCHEDULED),
        ({"step": "S09999"}, How.UNKNOWN),
        ({"study": "1.2.3.999"}, How.CONFLICT),
        ({"patient": "P0001"}, How.CONFLICT),
        ({"accession": "A99999"}, How.CONFLICT),
        ({"accession": ""}, How.LINKED),
    ],
)
async def test_a_step_is_linked_only_to_what_it_names_wholly(
    tmp_path: Path, change: dict[str, str], how: How
) -> None:
    one, two = visits(2)
    facts = {
        "step": one.step,
        "study": one.study,
        "patient": one.patient,
        "accession": one.accession,
        **change,
    }
    named = texts(
        {0x0020000D: facts["study"], 0x00080050: facts["accession"], 0x00400009: facts["step"]}
    )
    elements = begun(one) | texts({PATIENT_ID: facts["patient"]}) | {SCHEDULED: sequence([named])}
    async with keeping(tmp_path, [one, two]) as it:
        answer = await it.create(elements)
        step = await it.step()
        flagged = await it.node.answering.steps.recent(flagged=True)
    assert answer.status == Status.SUCCESS
    assert [link.how for link in step.links] == [how]
    assert bool(step.links[0].appointment) == (how is How.LINKED)
    assert bool(flagged) == (how is not How.LINKED)


async def test_an_appointment_of_long_ago_is_found_by_the_study_that_we_gave_it(
    tmp_path: Path,
) -> None:
    (visit,) = visits(1)
    old = replace(visit, start=visit.start.replace(year=2025))
    async with keeping(tmp_path) as it:
        said = replace(appointment_of(old), order_placer="", placer="")
        await it.schedule.tell(schedule_case.event(5, said))
        (found,) = await it.schedule.book.of_patient([("P0000", "HIS")])
        study = f"2.25.{int(found.id, 16)}"
        named = texts({0x0020000D: study, 0x00080050: "", 0x00400009: "F0"})
        await it.create(begun() | {SCHEDULED: sequence([named])})
        step = await it.step()
    assert [(link.how, link.appointment) for link in step.links] == [(How.LINKED, found.id)]


async def test_the_worklist_shows_what_is_being_done_and_leaves_out_what_is(
    tmp_path: Path,
) -> None:
    one, two = visits(2)
    async with keeping(tmp_path, [one, two]) as it:
        before = await it.worklist()
        await it.create(begun(one))
        during = await it.worklist()
        await it.set(ended())
        after = await it.worklist()
    assert before == [(one.step, "SCHEDULED"), (two.step, "SCHEDULED")]
    assert during == [(one.step, "STARTED"), (two.step, "SCHEDULED")]
    assert after == [(two.step, "SCHEDULED")]


async def test_what_was_discontinued_is_to_be_done_again(tmp_path: Path) -> None:
    (visit,) = visits(1)
    async with keeping(tmp_path, [visit]) as it:
        await it.create(begun(visit))
        await it.set(ended("DISCONTINUED"))
        assert await it.worklist() == [(visit.step, "SCHEDULED")]


class Refuses(MemoryRoomPorts):
    async def publish(self, *_arguments: Any) -> Any:
        raise StoreError("the disk refuses")


async def test_what_can_not_be_committed_is_not_acknowledged(tmp_path: Path) -> None:
    async with keeping(tmp_path, ports=Refuses(clock=At(from_datetime(DAY)))) as it:
        answer = await it.create(begun())
    assert (answer.status, answer.comment) == (
        Status.RESOURCE_LIMITATION,
        "it could not be committed: send it again",
    )


async def test_the_tables_are_the_same_when_they_are_folded_again(tmp_path: Path) -> None:
    (visit,) = visits(1)
    async with keeping(tmp_path, [visit]) as it:
        await it.create(begun(visit))
        await it.set(ended())
        before = await it.step()
        ports = it.ports
    async with keeping(tmp_path / "again", ports=ports) as again:
        await ports.feed(again.node.answering.steps)
        assert await again.step() == before


def test_what_a_modality_leaves_out_is_noted_and_taken() -> None:
    said = created(begun())
    assert "no PerformedSeriesSequence" in said.problems
    assert said.state is State.IN_PROGRESS


def test_an_unknown_character_set_is_refused_and_wrong_bytes_are_left_out() -> None:
    with pytest.raises(NotAnswered, match="unknown character set"):
        tree_of(texts({0x00080005: "X"}))
    tree, problems = tree_of({NAME: Element("PN", b"\xff\xfe")})
    assert tree == {}
    assert problems[0].startswith("PatientName: bytes that are not ascii")


def test_nothing_named_links_nothing() -> None:
    assert links_of({}, ()) == ()


async def test_a_status_of_another_vr_is_refused_and_spoils_nothing(tmp_path: Path) -> None:
    async with keeping(tmp_path) as it:
        assert (await it.create(begun())).status == Status.SUCCESS
        refused = await it.set(ended() | {STATUS: Element("OB", b"COMPLETED ")})
        step = await it.step()
        taken = await it.set(ended() | {STATUS: Element("UN", b"COMPLETED ")})
        after = await it.step()
    assert (refused.status, refused.offending) == (Status.INVALID_VALUE, (STATUS,))
    assert (step.state, taken.status, after.state) == (
        State.IN_PROGRESS,
        Status.SUCCESS,
        State.COMPLETED,
    )


def test_a_step_grows_only_so_far() -> None:
    whole: dict[str, Any] = dict(created(begun()).tree)
    told = []
    for number in range(10):
        some = {0x00111000 + number: Element("UT", b"a" * 1_000_000)}
        try:
            whole |= changed(some, whole).tree
            told.append(0)
        except NotAnswered as refusal:
            told.append(refusal.status)
    assert told == [0] * 4 + [Status.RESOURCE_LIMITATION] * 6


async def test_what_a_step_lacks_is_noted_once(tmp_path: Path) -> None:
    bad = {0x00080005: Element("CS", b"ISO_IR 192")}
    bad |= {0x00111000 + number: Element("LO", b"\xff\xfe") for number in range(150)}
    async with keeping(tmp_path) as it:
        await it.create(begun())
        for _ in range(2):
            assert (await it.set(bad)).status == Status.SUCCESS
        step = await it.step()
        noted = [event.payload for event in it.ports.events]
    assert len(step.problems) == len(set(step.problems)) == 100
    assert all(len((said or {})["problems"]) <= 100 for said in noted)
