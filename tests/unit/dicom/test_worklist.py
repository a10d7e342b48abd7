"""The worklist over a real association, from the real books of appointments and patients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dicom.dimse import Command, Operation, Status, Wanted, accepting, associate
from dicom.elements import Element, Elements, decode, encode, sequence, vr_of
from dicom.node import open_node
from dicom.options import DicomOptions
from dicom.worklist.board import Board
from dicom.worklist.find import WORKLIST
from dicom.worklist.options import WorklistOptions
from dicom.worklist.step import Lack, name_of, study_of
from dicom.worklist.step import appointment_of as appointment_named
from dicom.worklist.tags import SUPPORTED, Tag
from gateway import StoreError
from gateway.model import (
    Instant,
    OrderStatement,
    PersonName,
    ResourceKind,
    ResourceUse,
    Script,
    from_datetime,
)
from gateway.room import RoomContext
from gateway.schedule.options import ScheduleOptions
from gateway.testing import MemoryAuditor, MemoryRoomPorts, room_context
from tests.dicom_peers import OURS, peer_of
from tests.dicom_worklist import (
    DAY,
    Visit,
    appointment_of,
    events,
    order_of,
    told,
    visits,
)
from tests.unit.patients import people_case
from tests.unit.schedule import schedule_case

WHOLE = WorklistOptions(back=1, ahead=30)


class At:
    """A clock that stands still."""

    def __init__(self, instant: Instant) -> None:
        self._instant = instant

    def now(self) -> Instant:
        return self._instant

    def monotonic(self) -> float:
        return 0.0


class Nothing:
    """Nothing was performed yet."""

    revision = 0

    async def standing(self, _appointments: Collection[str]) -> Mapping[str, str]:
        return {}


def board_of(tmp_path: Path, schedule: schedule_case.Told, people: people_case.Told) -> Board:
    return Board(context_of(tmp_path, schedule, people, MemoryAuditor()), Nothing())


@dataclass(frozen=True, slots=True)
class Desk:
    """A node with a worklist, and the books behind it."""

    port_of: Any
    schedule: schedule_case.Told
    people: people_case.Told
    audit: MemoryAuditor

    async def find(self, identifier: Elements, caller: str = "CT1") -> Answered:
        peer = peer_of(self.port_of, calling=caller)
        async with associate(peer, [Wanted(WORKLIST)]) as association:
            syntax = association.context_for(WORKLIST).transfer_syntax
            command = Command(Operation.C_FIND, sop_class=WORKLIST)
            data = encode(identifier, syntax)
            *pending, final = [each async for each in association.exchange(command, data)]
        answers = [decode(each.dataset or b"", syntax) for each in pending]
        return Answered([each.status for each in pending], answers, final.status, final.comment)


@dataclass(frozen=True, slots=True)
class Answered:
    statuses: Sequence[int]
    answers: Sequence[Elements]
    final: int
    comment: str

    def texts(self, tag: int) -> list[str]:
        return [each[tag].value.decode().strip(" \0") for each in self.answers]

    def steps(self, tag: int) -> list[str]:
        items = [each[Tag.STEPS].items[0] for each in self.answers]
        return [each[tag].value.decode().strip(" \0") for each in items]


def context_of(
    tmp_path: Path, schedule: schedule_case.Told, people: people_case.Told, audit: MemoryAuditor
) -> RoomContext:
    ports = MemoryRoomPorts(clock=At(from_datetime(DAY)))
    neighbours = (schedule.book, people.book)
    return room_context(tmp_path, ports, audit=audit, neighbours=neighbours)


@asynccontextmanager
async def desk(tmp_path: Path, made: Sequence[Visit], **title: Any) -> AsyncIterator[Desk]:
    schedule, people = await told(made)
    audit = MemoryAuditor()
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone", "services": ["worklist"], **title}},
            "storage": {"min_free": 1_000_000},
        }
    )
    context = context_of(tmp_path, schedule, people, audit)
    async with (
        open_node(options, context) as node,
        accepting(node.acceptor, node.listeners) as acceptor,
    ):
        yield Desk(acceptor, schedule, people, audit)


def query(step: dict[int, str] | None = None) -> dict[int, Element]:
    return asks({Tag.NAME: "", Tag.PATIENT_ID: ""}, step)


def asks(own: dict[int, str], step: dict[int, str] | None = None) -> dict[int, Element]:
    inner = {Tag.STEP_ID: "", **(step or {})}
    return {
        **{int(tag): Element(vr_of(tag), text.encode()) for tag, text in own.items()},
        int(Tag.STEPS): sequence(
            [{int(tag): Element(vr_of(tag), text.encode()) for tag, text in inner.items()}]
        ),
    }


@pytest.mark.parametrize(
    ("own", "step", "expected"),
    [
        ({}, {}, {0, 1, 2, 3, 4, 5}),
        ({}, {Tag.STATION_TITLE: "CT1"}, {0, 2, 4}),
        ({}, {Tag.MODALITY: "RTIMAGE"}, {1, 3, 5}),
        ({}, {Tag.START_DATE: "20261123"}, {0, 1, 2}),
        ({}, {Tag.START_DATE: "20261124-"}, {3, 4, 5}),
        ({}, {Tag.START_DATE: "20261123-20261124", Tag.START_TIME: "0805-0800"}, {1, 2, 3}),
        ({Tag.NAME: "zhang*"}, {}, {1, 5}),
        ({Tag.NAME: "张*"}, {Tag.STATION_TITLE: "LINAC1"}, {1, 5}),
        ({Tag.PATIENT_ID: "P0003"}, {}, {3}),
        ({Tag.ACCESSION: "A0000?"}, {Tag.MODALITY: "CT"}, {0, 2, 4}),
        ({Tag.STUDY_UID: "1.2.826.0.1.3680043.8.498.9.4"}, {}, {4}),
        ({Tag.PATIENT_ID: "p0003"}, {}, set()),
    ],
)
async def test_steps_are_matched_by_patient_station_and_time(
    tmp_path: Path, own: dict[int, str], step: dict[int, str], expected: set[int]
) -> None:
    made = visits(6, days=2)
    charset = {0x00080005: Element("CS", b"ISO_IR 192")}
    async with desk(tmp_path, made) as it:
        found = await it.find(asks({Tag.PATIENT_ID: "", **own}, step) | charset)
    assert set(found.steps(Tag.STEP_ID)) == {made[number].step for number in expected}
    assert found.final == Status.SUCCESS


async def test_an_answer_says_all_that_is_known_of_a_step(tmp_path: Path) -> None:
    everything = {tag: "" for tag in SUPPORTED if vr_of(tag) != "SQ"}
    (visit,) = visits(1)
    async with desk(tmp_path, [visit]) as it:
        found = await it.find(asks(everything, everything))
    assert found.statuses == [Status.PENDING]
    assert found.texts(Tag.NAME) == ["Wang^Wei=王^伟"]
    assert found.texts(Tag.PATIENT_ID) == ["P0000"]
    assert found.texts(Tag.ISSUER) == ["HIS"]
    assert found.texts(Tag.BIRTH_DATE) == ["19600229"]
    assert found.texts(Tag.SEX) == ["M"]
    assert found.texts(Tag.ACCESSION) == ["A00000"]
    assert found.texts(Tag.STUDY_UID) == [visit.study]
    assert found.texts(Tag.PROCEDURE_ID) == ["R0"]
    assert found.steps(Tag.STATION_TITLE) == ["CT1"]
    assert found.steps(Tag.MODALITY) == ["CT"]
    assert found.steps(Tag.START_DATE) == ["20261123"]
    assert found.steps(Tag.START_TIME) == ["080000"]
    assert found.steps(Tag.END_TIME) == ["081000"]
    assert found.steps(Tag.STEP_STATUS) == ["SCHEDULED"]
    assert found.steps(Tag.DESCRIPTION) == ["定位CT"]
    assert found.texts(Tag.WEIGHT) == [""]


async def test_an_empty_sequence_asks_for_all_of_it(tmp_path: Path) -> None:
    async with desk(tmp_path, visits(1)) as it:
        found = await it.find({int(Tag.STEPS): sequence([])})
    (item,) = found.answers[0][Tag.STEPS].items
    assert item[Tag.STATION_TITLE].value.strip() == b"CT1"
    assert Tag.NAME not in found.answers[0]


async def test_what_happens_to_the_schedule_is_in_the_next_answer(tmp_path: Path) -> None:
    first, second = visits(2)
    async with desk(tmp_path, [first, second]) as it:
        before = await it.find(query())
        gone = appointment_of(first, "cancelled")
        await it.schedule.tell(schedule_case.event(100, gone))
        arrived = appointment_of(second, "arrived")
        await it.schedule.tell(schedule_case.event(101, arrived))
        renamed = replace(second.person, names=(PersonName(Script.ALPHABETIC, "New", "Name"),))
        await it.people.tell(people_case.event(102, renamed))
        after = await it.find(query({Tag.STEP_STATUS: ""}))
    assert len(before.answers) == 2
    assert after.steps(Tag.STEP_ID) == [second.step]
    assert after.steps(Tag.STEP_STATUS) == ["ARRIVED"]


async def test_a_merged_patient_comes_with_the_number_that_stands(tmp_path: Path) -> None:
    first, second = visits(2)
    async with desk(tmp_path, [first, second]) as it:
        merged = people_case.said(second.patient, verb="merged", others=[first.patient])
        await it.people.tell(people_case.event(100, merged))
        found = await it.find(query())
    assert found.texts(Tag.PATIENT_ID) == [second.patient, second.patient]


@pytest.mark.parametrize(
    ("charset", "caller", "expected"),
    [
        (b"GB18030", "CT1", "Wang^Wei=王^伟".encode("gb18030")),
        (b"", "CT1", "Wang^Wei=王^伟".encode()),
        (b"GB18030", "OLD", b"Wang^Wei=\x1b$)A\xcd\xf5^\x1b$)A\xce\xb0"),
    ],
)
async def test_answers_come_in_the_character_set_of_the_caller(
    tmp_path: Path, charset: bytes, caller: str, expected: bytes
) -> None:
    answers = {"charsets": {"OLD": "\\ISO 2022 IR 58"}}
    identifier = query() | ({0x00080005: Element("CS", charset)} if charset else {})
    async with desk(tmp_path, visits(1), answers=answers) as it:
        found = await it.find(identifier, caller)
    assert found.answers[0][Tag.NAME].value.strip() == expected


async def test_more_than_a_title_gives_and_what_can_not_be_asked(tmp_path: Path) -> None:
    async with desk(tmp_path, visits(3), answers={"most": 2}) as it:
        many = await it.find(query())
        wrong = await it.find(query({Tag.START_DATE: "today"}))
        unknown = await it.find(query() | {0x00101010 + 0x50: Element("PN")})
    assert (len(many.answers), many.final) == (2, 0xA700)
    assert (wrong.final, wrong.comment[:28]) == (0xA900, "ScheduledProcedureStepStartD")
    assert set(unknown.statuses) == {Status.PENDING_WARNING}


async def test_each_query_is_in_the_audit_with_what_it_asked(tmp_path: Path) -> None:
    async with desk(tmp_path, visits(1)) as it:
        await it.find(asks({Tag.PATIENT_ID: "P0000"}, {Tag.MODALITY: "CT"}))
    (entry,) = it.audit.entries
    assert (entry.action, entry.who.id) == ("dicom.worklist", "ae:CT1")
    assert entry.detail == "PatientID=P0000; Modality=CT"
    assert entry.subject is not None
    assert entry.subject.patient == "P0000"


async def test_the_window_bounds_what_a_query_without_dates_sees(tmp_path: Path) -> None:
    made = visits(6, days=6)
    async with desk(tmp_path, made, worklist={"back": 0, "ahead": 2}) as it:
        found = await it.find(query())
        outside = await it.find(query({Tag.START_DATE: "20261128"}))
    assert set(found.steps(Tag.STEP_ID)) == {each.step for each in made[:3]}
    assert outside.answers == []


async def test_without_a_schedule_there_is_no_worklist_rather_than_an_empty_one(
    tmp_path: Path,
) -> None:
    board = Board(room_context(tmp_path), Nothing())
    with pytest.raises(StoreError, match="the schedule is closed"):
        await board.steps(WHOLE)


async def test_what_can_not_be_on_a_worklist_is_left_out_with_the_reason(tmp_path: Path) -> None:
    first, second, third = visits(3)
    schedule, people = await told([first])
    nobody = replace(appointment_of(second), patient=None, order_placer="")
    elsewhere = replace(
        appointment_of(third), resources=(ResourceUse(ResourceKind.LOCATION, "room"),)
    )
    await schedule.tell(schedule_case.event(50, nobody), schedule_case.event(51, elsewhere))
    board = board_of(tmp_path, schedule, people)
    assert [step.id for step in await board.steps(WHOLE)] == [first.step]
    assert [each.why for each in await board.left_out(WHOLE)] == [Lack.PATIENT]


async def test_an_order_gives_its_code_and_its_modality(tmp_path: Path) -> None:
    (visit,) = visits(1)
    schedule, people = await told([visit])
    coded = replace(order_of(visit), code="CTP", code_system="99HIS", priority="STAT")
    await schedule.tell(schedule_case.event(50, coded))
    board = board_of(tmp_path, schedule, people)
    (step,) = await board.steps(WHOLE)
    assert step.values[Tag.PROCEDURE_CODE] == (
        {Tag.CODE: "CTP", Tag.SCHEME: "99HIS", Tag.MEANING: "Planning CT"},
    )
    assert step.values[Tag.PRIORITY] == "STAT"


async def test_a_station_without_a_modality_shows_nothing(tmp_path: Path) -> None:
    (visit,) = visits(1)
    people = people_case.Told()
    bare = ScheduleOptions.model_validate({"resources": {"ct": {"name": "CT", "ae_title": "CT1"}}})
    schedule = schedule_case.Told(bare, (people.book,))
    await schedule.tell(*events([visit]))
    board = board_of(tmp_path, schedule, people)
    assert await board.steps(WHOLE) == []
    assert [(each.station, each.why) for each in await board.left_out(WHOLE)] == [
        ("CT1", Lack.MODALITY)
    ]


@pytest.mark.parametrize("charset", ["ISO_IR 999", "GB18030"])
async def test_a_query_that_can_not_be_read_is_refused(tmp_path: Path, charset: str) -> None:
    broken = {0x00080005: Element("CS", charset.encode()), int(Tag.NAME): Element("PN", b"\xff")}
    async with desk(tmp_path, visits(1)) as it:
        found = await it.find(broken)
    assert (found.final, found.answers) == (0xA900, [])


async def test_two_orders_of_one_number_are_no_order(tmp_path: Path) -> None:
    (visit,) = visits(1)
    schedule, people = await told([visit])
    other = OrderStatement(book="HIS", placer="OTHER", filler="FILL", accession="A2")
    both = replace(appointment_of(visit), order_filler="FILL")
    await schedule.tell(schedule_case.event(50, other), schedule_case.event(51, both))
    board = board_of(tmp_path, schedule, people)
    (step,) = await board.steps(WHOLE)
    assert step.values[Tag.ACCESSION] == ""
    assert step.study == study_of(step.appointment, OrderStatement(book=""))
    assert appointment_named(step.study) == step.appointment


async def test_an_unchanged_day_is_not_made_again(tmp_path: Path) -> None:
    schedule, people = await told(visits(2))
    board = board_of(tmp_path, schedule, people)
    first = await board.steps(WHOLE)
    again = await board.steps(WHOLE)
    await schedule.tell(*list(events(visits(3)))[-2:])
    later = await board.steps(WHOLE)
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert len(later) == 3


@pytest.mark.parametrize(
    ("scripts", "expected"),
    [
        ({Script.ALPHABETIC: "Wang", Script.IDEOGRAPHIC: "王"}, "Wang=王"),
        ({Script.IDEOGRAPHIC: "王"}, "王"),
        ({Script.IDEOGRAPHIC: "王", Script.PHONETIC: "ワン"}, "王==ワン"),
        ({}, ""),
    ],
)
def test_a_name_has_its_scripts_in_their_groups(scripts: dict[Script, str], expected: str) -> None:
    assert name_of([PersonName(script, family) for script, family in scripts.items()]) == expected


def test_a_uid_of_somebody_else_names_no_appointment() -> None:
    assert appointment_named("1.2.3") == ""
    assert appointment_named(f"2.25.{2**128}") == ""
