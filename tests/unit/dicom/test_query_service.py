"""Queries and retrievals over real associations, on a node that holds a few objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dicom.dimse import (
    EXPLICIT,
    IMPLICIT,
    Association,
    AssociationLost,
    Command,
    Offer,
    Operation,
    Peer,
    Request,
    Response,
    Responses,
    Service,
    Services,
    Status,
    Wanted,
    accepting,
    associate,
)
from dicom.elements import Element, Elements, decode, encode, sequence, vr_of
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from dicom.query.answer import element_of
from dicom.query.service import FIND, GET, MOVE
from gateway import StoreError
from gateway.room import Outcome
from gateway.testing import MemoryAuditor, MemoryRoomPorts, room_context
from tests.dicom_objects import CT, RT_PLAN, dataset, encoded, image
from tests.dicom_peers import OURS, node, peer_of
from tests.peers import LOOPBACK

PATIENT_FIND, STUDY_FIND = FIND
PATIENT_MOVE, STUDY_MOVE = MOVE
PATIENT_GET, STUDY_GET = GET
LEVEL, CHARSET, NAME, PATIENT_ID = 0x00080052, 0x00080005, 0x00100010, 0x00100020
ISSUER, STUDY, SERIES, INSTANCE = 0x00100021, 0x0020000D, 0x0020000E, 0x00080018
DATE, TIME, DESCRIPTION = 0x00080020, 0x00080030, 0x00081030


class Refuses(MemoryAuditor):
    async def record(self, *_arguments: Any, **_named: Any) -> None:
        raise StoreError("the disk is full")


@dataclass(frozen=True, slots=True)
class Asked:
    """A node that answers queries, and what its room was told."""

    node: Node
    ports: MemoryRoomPorts
    audit: MemoryAuditor

    @asynccontextmanager
    async def calling(
        self, *wanted: Wanted, services: Services | None = None, caller: str = "ASK"
    ) -> AsyncIterator[Association]:
        peer = peer_of(self.node.acceptor, calling=caller)
        async with associate(peer, wanted, services=services or Services(())) as association:
            yield association

    async def find(self, keys: Elements, sop_class: str = STUDY_FIND, caller: str = "ASK") -> Found:
        async with self.calling(Wanted(sop_class), caller=caller) as association:
            command = Command(Operation.C_FIND, sop_class=sop_class)
            return await collected(association, command, keys)


@dataclass(frozen=True, slots=True)
class Found:
    """Answers with their status, and the final response."""

    statuses: tuple[int, ...]
    answers: tuple[Elements, ...]
    final: Response

    def texts(self, tag: int, charset: str = "utf-8") -> list[str]:
        return [each[tag].value.decode(charset).strip(" \0") for each in self.answers]


def keys(level: str, charset: str = "") -> dict[int, Element]:
    found = {LEVEL: Element("CS", level.encode())}
    if charset:
        found[CHARSET] = Element("CS", charset.encode())
    return found


def query(level: str, wanted: dict[int, str], charset: str = "") -> Elements:
    codec = {"GB18030": "gb18030", "ISO_IR 192": "utf-8"}.get(charset, "ascii")
    asked = {tag: Element(vr_of(tag), text.encode(codec)) for tag, text in wanted.items()}
    return keys(level, charset) | asked


async def collected(association: Association, command: Command, identifier: Elements) -> Found:
    context = association.context_for(command.sop_class)
    syntax = context.transfer_syntax
    responses = [each async for each in association.exchange(command, encode(identifier, syntax))]
    answers = [decode(each.dataset, syntax) for each in responses[:-1] if each.dataset]
    return Found(tuple(each.status for each in responses[:-1]), tuple(answers), responses[-1])


@asynccontextmanager
async def asked(
    tmp_path: Path,
    objects: Sequence[Any] = (),
    audit: MemoryAuditor | None = None,
    peers: dict[str, Any] | None = None,
    **title: Any,
) -> AsyncIterator[Asked]:
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone", "services": ["storage", "query"], **title}},
            "peers": peers or {},
            "storage": {"min_free": 1_000_000},
        }
    )
    ports, audit = MemoryRoomPorts(), audit or MemoryAuditor()
    async with (
        open_node(options, room_context(tmp_path, ports, audit=audit)) as opened,
        accepting(opened.acceptor, opened.listeners),
    ):
        it = Asked(opened, ports, audit)
        if objects:
            await fill(it, objects)
        yield it


async def fill(it: Asked, objects: Sequence[Any]) -> None:
    classes = [Wanted(each) for each in dict.fromkeys(made.SOPClassUID for made in objects)]
    async with it.calling(*classes) as association:
        for made in objects:
            command = Command(
                Operation.C_STORE, sop_class=made.SOPClassUID, sop_instance=made.SOPInstanceUID
            )
            assert (await association.send(command, encoded(made))).status == Status.SUCCESS
    await it.ports.feed(it.node.index)


def study(number: int, **values: Any) -> Any:
    return dataset(
        CT,
        StudyInstanceUID=f"1.2.{number}",
        SeriesInstanceUID=f"1.2.{number}.1",
        SOPInstanceUID=f"1.2.{number}.1.1",
        PatientID=f"P{number}",
        **values,
    )


async def test_only_what_is_asked_for_is_returned(tmp_path: Path) -> None:
    async with asked(tmp_path, [study(1)]) as it:
        found = await it.find(query("STUDY", {STUDY: "", NAME: ""}))
    (answer,) = found.answers
    assert set(answer) == {CHARSET, LEVEL, 0x00080054, NAME, STUDY}
    assert found.texts(0x00080054) == [OURS]
    assert found.statuses == (Status.PENDING,)
    assert found.final.status == Status.SUCCESS


async def test_a_key_that_we_do_not_have_is_left_out_and_said_so(tmp_path: Path) -> None:
    async with asked(tmp_path, [study(1)]) as it:
        found = await it.find(query("STUDY", {STUDY: "", 0x00101010: ""}))
    assert found.statuses == (Status.PENDING_WARNING,)
    assert 0x00101010 not in found.answers[0]


@pytest.mark.parametrize(
    ("name", "charset", "stored"),
    [("张*", "GB18030", "ISO_IR 192"), ("张*", "ISO_IR 192", "GB18030")],
)
async def test_the_answer_is_in_the_character_set_of_the_query(
    tmp_path: Path, name: str, charset: str, stored: str
) -> None:
    objects = [study(1, SpecificCharacterSet=stored), study(2, PatientName="Li^Na=李^娜")]
    async with asked(tmp_path, objects) as it:
        found = await it.find(query("STUDY", {NAME: name}, charset))
    assert found.texts(CHARSET) == [charset]
    assert found.texts(NAME, charset.replace("ISO_IR 192", "utf-8")) == ["Zhang^Wei=张^伟"]


async def test_what_a_set_lacks_is_answered_in_unicode(tmp_path: Path) -> None:
    async with asked(tmp_path, [study(1)]) as it:
        found = await it.find(query("STUDY", {NAME: ""}, "ISO_IR 100"))
    assert found.texts(CHARSET) == ["ISO_IR 192"]
    assert found.texts(NAME) == ["Zhang^Wei=张^伟"]


async def test_a_caller_may_have_a_set_of_its_own(tmp_path: Path) -> None:
    answers = {"charsets": {"OLDCT": "\\ISO 2022 IR 58"}}
    async with asked(tmp_path, [study(1)], answers=answers) as it:
        found = await it.find(query("STUDY", {NAME: ""}, "ISO_IR 192"), caller="OLDCT")
    assert found.texts(CHARSET) == ["\\ISO 2022 IR 58"]
    assert found.answers[0][NAME].value.strip() == b"Zhang^Wei=\x1b$)A\xd5\xc5^\x1b$)A\xce\xb0"


async def test_more_matches_than_a_title_gives_end_in_a_refusal(tmp_path: Path) -> None:
    objects = [study(number) for number in range(1, 6)]
    async with asked(tmp_path, objects, answers={"most": 3}) as it:
        found = await it.find(query("STUDY", {STUDY: ""}))
    assert len(found.answers) == 3
    assert found.final.status == 0xA700
    assert found.final.comment.startswith("more than 3 matches")


async def test_a_level_below_names_one_of_each_above_unless_relational(tmp_path: Path) -> None:
    async with asked(tmp_path, [study(1), study(2)]) as it:
        refused = await it.find(query("IMAGE", {INSTANCE: ""}))
        peer = peer_of(it.node.acceptor)
        relational = await related(peer, query("IMAGE", {INSTANCE: "", STUDY: ""}))
    assert refused.final.status == Status.DATASET_DOES_NOT_MATCH
    assert refused.final.offending == (STUDY,)
    assert sorted(relational.texts(INSTANCE)) == ["1.2.1.1.1", "1.2.2.1.1"]


async def related(peer: Peer, identifier: Elements) -> Found:
    async with associate(peer, [Wanted(STUDY_FIND, extended=b"\1\1\1")]) as association:
        assert association.context_for(STUDY_FIND).extended == b"\1\1\0"
        return await collected(
            association, Command(Operation.C_FIND, sop_class=STUDY_FIND), identifier
        )


async def test_date_and_time_are_one_range_where_that_was_negotiated(tmp_path: Path) -> None:
    objects = [
        study(1, StudyDate="20250601", StudyTime="230000"),
        study(2, StudyDate="20250602", StudyTime="010000"),
        study(3, StudyDate="20250602", StudyTime="120000"),
    ]
    wanted = query("STUDY", {STUDY: "", DATE: "20250601-20250602", TIME: "2200-0200"})
    async with asked(tmp_path, objects) as it:
        apart = await it.find(wanted)
        together = await related(peer_of(it.node.acceptor), wanted)
    assert apart.answers == ()
    assert sorted(together.texts(STUDY)) == ["1.2.1", "1.2.2"]


@pytest.mark.parametrize(
    ("identifier", "tag"),
    [
        ({}, LEVEL),
        (query("PATIENT", {PATIENT_ID: ""}), LEVEL),
        (query("STUDY", {DATE: "yesterday"}), DATE),
        (query("STUDY", {STUDY: ""}, "ISO_IR 999"), CHARSET),
    ],
)
async def test_what_can_not_be_asked_is_refused_with_the_element(
    tmp_path: Path, identifier: Elements, tag: int
) -> None:
    async with asked(tmp_path, [study(1)]) as it:
        found = await it.find(identifier)
    assert found.answers == ()
    assert (found.final.status, found.final.offending) == (0xA900, (tag,))


async def test_what_is_no_dataset_is_refused_and_the_association_goes_on(tmp_path: Path) -> None:
    async with asked(tmp_path, [study(1)]) as it, it.calling(Wanted(STUDY_FIND)) as association:
        command = Command(Operation.C_FIND, sop_class=STUDY_FIND)
        bad = await association.send(command, b"\x08\0\x52\0CS\xff\0ST")
        good = await collected(association, command, query("STUDY", {STUDY: ""}))
    assert bad.status == Status.CANNOT_UNDERSTAND
    assert len(good.answers) == 1


async def test_a_cancelled_query_ends_as_cancelled(tmp_path: Path) -> None:
    objects = [study(number) for number in range(1, 30)]
    async with asked(tmp_path, objects) as it, it.calling(Wanted(STUDY_FIND)) as association:
        command = Command(Operation.C_FIND, sop_class=STUDY_FIND)
        syntax = association.context_for(STUDY_FIND).transfer_syntax
        answers = association.exchange(command, encode(query("STUDY", {STUDY: ""}), syntax))
        assert (await anext(answers)).status == Status.PENDING
        await answers.aclose()
        again = await collected(association, command, query("STUDY", {STUDY: "1.2.1"}))
    assert len(again.answers) == 1


async def test_modalities_availability_and_numbers_of_a_study(tmp_path: Path) -> None:
    plan = dataset(RT_PLAN, StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.2")
    wanted = {STUDY: "", 0x00080061: "RT*", 0x00080056: "", 0x00080062: "", 0x00201208: ""}
    async with asked(tmp_path, [study(1), study(2), plan]) as it:
        found = await it.find(query("STUDY", wanted))
        exactly = await it.find(query("STUDY", {**wanted, 0x00080061: "RTPLAN\\MR"}))
    assert found.texts(STUDY) == exactly.texts(STUDY) == ["1.2.1"]
    assert found.texts(0x00080056) == ["ONLINE"]
    assert found.texts(0x00201208) == ["2"]
    assert set(found.texts(0x00080062)[0].split("\\")) == {CT, RT_PLAN}


async def test_a_name_without_letters_stands_where_its_set_lets_it(tmp_path: Path) -> None:
    answers = {"charsets": {"OLDCT": "\\ISO 2022 IR 58"}}
    async with asked(tmp_path, [study(1, PatientName="张^伟")], answers=answers) as it:
        extended = await it.find(query("STUDY", {NAME: ""}), caller="OLDCT")
        whole = await it.find(query("STUDY", {NAME: ""}, "GB18030"))
    assert extended.answers[0][NAME].value.strip() == b"=\x1b$)A\xd5\xc5^\x1b$)A\xce\xb0"
    assert whole.texts(NAME, "gb18030") == ["张^伟"]


def test_a_value_that_an_answer_can_not_hold_is_left_empty() -> None:
    assert element_of("CS", "X" * 70_000, "") == Element("CS")
    assert element_of("CS", "é", "") == Element("CS")
    assert element_of("US", "70000", "") == Element("US")


async def test_a_list_of_patients_is_refused(tmp_path: Path) -> None:
    async with asked(tmp_path, [study(1)]) as it:
        found = await it.find(query("STUDY", {PATIENT_ID: "P1\\P2"}))
    assert (found.final.status, found.final.offending) == (0xA900, (PATIENT_ID,))


async def test_who_asked_for_what_is_written_down(tmp_path: Path) -> None:
    async with asked(tmp_path, [study(1)]) as it:
        await it.find(query("STUDY", {PATIENT_ID: "P1", NAME: "zhang*"}))
    (entry,) = it.audit.entries
    assert (entry.action, entry.who.id, entry.address) == ("dicom.find", "ae:ASK", LOOPBACK)
    assert entry.subject is not None
    assert entry.subject.patient == "P1"
    assert entry.objects == {"title": OURS, "level": "STUDY"}
    assert entry.detail == "PatientName=zhang*; PatientID=P1"


async def test_what_can_not_be_audited_is_not_told(tmp_path: Path) -> None:
    async with asked(tmp_path, [study(1)], Refuses()) as it:
        found = await it.find(query("STUDY", {STUDY: ""}))
    assert (found.answers, found.final.status) == ((), Status.OUT_OF_RESOURCES)
    assert "disk" not in found.final.comment


async def test_queries_are_answered_only_where_a_title_says_so(tmp_path: Path) -> None:
    async with (
        asked(tmp_path, services=["verification", "storage"]) as it,
        it.calling(Wanted(STUDY_FIND), Wanted(CT)) as association,
    ):
        assert {each.abstract_syntax for each in association.contexts.values()} == {CT}


# Retrievals.


class Archive:
    """A receiver that takes classes, answers with statuses of its own, and keeps what came."""

    def __init__(self, *classes: str, statuses: Sequence[int] = ()) -> None:
        self.statuses = list(statuses)
        self.got: list[tuple[str, str, str, int | None]] = []
        offers = tuple(Offer(each) for each in classes)
        self.service = Service("archive", offers, frozenset((Operation.C_STORE,)), self._take)

    async def _take(self, request: Request) -> Responses:
        await request.dataset.skip()
        command = request.command
        syntax = request.context.transfer_syntax
        self.got.append((command.sop_instance, syntax, command.originator, command.originator_id))
        yield Response(self.statuses.pop(0) if self.statuses else Status.SUCCESS)


def three() -> list[Any]:
    return [
        dataset(CT, StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.1", SOPInstanceUID=uid)
        for uid in ("1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3")
    ]


async def move(it: Asked, identifier: Elements, to: str = "ARCHIVE") -> list[Response]:
    async with it.calling(Wanted(STUDY_MOVE)) as association:
        command = Command(Operation.C_MOVE, sop_class=STUDY_MOVE, move_destination=to)
        syntax = association.context_for(STUDY_MOVE).transfer_syntax
        return [each async for each in association.exchange(command, encode(identifier, syntax))]


def counts(response: Response) -> tuple[int | None, ...]:
    told = response.sub_operations
    return told.remaining, told.completed, told.failed, told.warning


@asynccontextmanager
async def moving(tmp_path: Path, archive: Archive, objects: Sequence[Any]) -> AsyncIterator[Asked]:
    async with node(archive.service) as acceptor:
        peers = {"archive": {"title": OURS, "host": LOOPBACK, "port": acceptor.ports[0]}}
        async with asked(tmp_path, objects, peers=peers) as it:
            yield it


async def test_sub_operations_are_counted_and_what_failed_is_listed(tmp_path: Path) -> None:
    archive = Archive(CT, statuses=[Status.SUCCESS, 0xA700, 0xB000])
    async with moving(tmp_path, archive, three()) as it:
        *pending, final = await move(it, query("STUDY", {STUDY: "1.2.1"}), OURS)
    assert [counts(each) for each in pending] == [(2, 1, 0, 0), (1, 1, 1, 0), (0, 1, 1, 1)]
    assert (final.status, counts(final)) == (0xB000, (None, 1, 1, 1))
    assert final.dataset is not None
    assert b"1.2.1.1.2" in final.dataset
    assert [each[0] for each in archive.got] == ["1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3"]
    assert {each[2:] for each in archive.got} == {("ASK", 1)}
    assert [(each.action, each.outcome) for each in it.audit.entries] == [
        ("dicom.move", Outcome.SUCCESS),
        ("dicom.move-ended", Outcome.FAILED),
    ]
    assert it.audit.entries[1].detail.startswith("1 sent, 1 failed, 1 with a warning")


async def test_an_object_is_sent_as_it_came_or_not_at_all(tmp_path: Path) -> None:
    archive = Archive(CT)
    implicit = dataset(CT, StudyInstanceUID="1.2.1", SOPInstanceUID="1.2.1.9")
    async with moving(tmp_path, archive, [*three(), dataset(RT_PLAN)]) as it:
        async with it.calling(Wanted(CT, (IMPLICIT,))) as association:
            command = Command(Operation.C_STORE, sop_class=CT, sop_instance="1.2.1.9")
            await association.send(command, encoded(implicit, IMPLICIT))
        await it.ports.feed(it.node.index)
        done = (await move(it, query("STUDY", {STUDY: "1.2.1"}), OURS))[-1]
        other = (await move(it, query("STUDY", {STUDY: dataset().StudyInstanceUID}), OURS))[-1]
    assert done.status == Status.SUCCESS
    assert {syntax for uid, syntax, *_ in archive.got if uid == "1.2.1.9"} == {IMPLICIT}
    assert len({syntax for _, syntax, *_ in archive.got}) == 2
    assert (other.status, counts(other)) == (0xA702, (None, 0, 1, 0))
    assert "does not take" in other.comment


async def test_a_destination_that_is_gone_fails_every_sub_operation(tmp_path: Path) -> None:
    peers = {"archive": {"title": "ARCHIVE", "host": LOOPBACK, "port": 1}}
    async with asked(tmp_path, three(), peers=peers) as it:
        (final,) = await move(it, query("STUDY", {STUDY: "1.2.1"}))
    assert (final.status, counts(final)) == (0xA702, (None, 0, 3, 0))


async def test_an_unknown_destination_and_one_of_two_are_refused(tmp_path: Path) -> None:
    peers = {
        name: {"title": "TWICE", "host": LOOPBACK, "port": port}
        for name, port in (("one", 1), ("two", 2))
    }
    async with asked(tmp_path, three(), peers=peers) as it:
        unknown = await move(it, query("STUDY", {STUDY: "1.2.1"}), "NOBODY")
        twice = await move(it, query("STUDY", {STUDY: "1.2.1"}), "TWICE")
    assert [each.status for each in (*unknown, *twice)] == [0xA801, 0xA801]
    assert it.audit.entries == []


async def test_a_patient_id_of_two_issuers_is_never_taken_for_one_patient(tmp_path: Path) -> None:
    objects = [study(1, IssuerOfPatientID="HIS"), study(2, IssuerOfPatientID="RIS")]
    for made in objects:
        made.PatientID = "7"
    archive = Archive(CT)
    async with moving(tmp_path, archive, objects) as it, it.calling(Wanted(PATIENT_GET)) as on:
        command = Command(Operation.C_GET, sop_class=PATIENT_GET)
        found = await collected(on, command, query("PATIENT", {PATIENT_ID: "7"}))
    assert (found.final.status, found.final.offending) == (0xC001, (ISSUER,))


async def test_get_sends_on_the_same_association_what_the_peer_serves(tmp_path: Path) -> None:
    archive = Archive(CT)
    objects = [*three(), dataset(RT_PLAN, StudyInstanceUID="1.2.1")]
    async with (
        asked(tmp_path, objects) as it,
        it.calling(
            Wanted(STUDY_GET),
            Wanted(CT, serve=True),
            Wanted(RT_PLAN),
            services=Services((archive.service,)),
        ) as association,
    ):
        command = Command(Operation.C_GET, sop_class=STUDY_GET)
        syntax = association.context_for(STUDY_GET).transfer_syntax
        identifier = encode(query("STUDY", {STUDY: "1.2.1"}), syntax)
        *pending, final = [each async for each in association.exchange(command, identifier)]
    assert len(pending) == 4
    assert (final.status, counts(final)) == (0xB000, (None, 3, 1, 0))
    assert len(archive.got) == 3
    assert {each[2] for each in archive.got} == {""}


async def test_a_cancelled_move_says_what_is_left(tmp_path: Path) -> None:
    archive = Archive(CT)
    async with moving(tmp_path, archive, three()) as it, it.calling(Wanted(STUDY_MOVE)) as on:
        command = Command(Operation.C_MOVE, sop_class=STUDY_MOVE, move_destination=OURS)
        syntax = on.context_for(STUDY_MOVE).transfer_syntax
        answers = on.exchange(command, encode(query("STUDY", {STUDY: "1.2.1"}), syntax))
        assert (await anext(answers)).status == Status.PENDING
        await answers.aclose()
    ended = it.audit.entries[-1]
    assert ended.action == "dicom.move-ended"
    assert ended.detail.startswith(f"{len(archive.got)} sent, 0 failed")


async def test_a_file_that_is_gone_fails_alone(tmp_path: Path) -> None:
    archive = Archive(CT)
    async with moving(tmp_path, archive, three()) as it:
        stored = await it.node.index.instance("1.2.1.1.2")
        assert stored is not None
        it.node.blobs.place(stored.blob).unlink()
        final = (await move(it, query("STUDY", {STUDY: "1.2.1"}), OURS))[-1]
    assert (final.status, counts(final)) == (0xB000, (None, 2, 1, 0))
    assert [each[0] for each in archive.got] == ["1.2.1.1.1", "1.2.1.1.3"]


def damage(file: Path) -> None:
    """Change its last byte: what comes before it can still be read."""
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def large() -> list[Any]:
    return [
        image(512, StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.1", SOPInstanceUID=uid)
        for uid in ("1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3")
    ]


async def test_a_file_that_can_not_be_read_to_its_end_costs_its_association_and_no_other_object(
    tmp_path: Path,
) -> None:
    archive = Archive(CT)
    async with moving(tmp_path, archive, large()) as it:
        stored = await it.node.index.instance("1.2.1.1.2")
        assert stored is not None
        damage(it.node.blobs.place(stored.blob))
        *pending, final = await move(it, query("STUDY", {STUDY: "1.2.1"}), OURS)
    assert [counts(each) for each in pending] == [(2, 1, 0, 0), (1, 1, 1, 0), (0, 2, 1, 0)]
    assert (final.status, counts(final)) == (0xB000, (None, 2, 1, 0))
    assert final.comment == "our file of 1.2.1.1.2 can't be read to its end"
    assert [each[0] for each in archive.got] == ["1.2.1.1.1", "1.2.1.1.3"]


async def get(it: Asked, archive: Archive, identifier: Elements) -> Response:
    async with it.calling(
        Wanted(STUDY_GET), Wanted(CT, serve=True), services=Services((archive.service,))
    ) as association:
        command = Command(Operation.C_GET, sop_class=STUDY_GET)
        syntax = association.context_for(STUDY_GET).transfer_syntax
        return await association.send(command, encode(identifier, syntax))


async def test_get_agrees_on_the_syntax_in_which_most_objects_came(tmp_path: Path) -> None:
    archive = Archive(CT)
    implicit = dataset(CT, StudyInstanceUID="1.2.9", SOPInstanceUID="1.2.9.1")
    async with asked(tmp_path, three()) as it:
        async with it.calling(Wanted(CT, (IMPLICIT,))) as association:
            command = Command(Operation.C_STORE, sop_class=CT, sop_instance="1.2.9.1")
            await association.send(command, encoded(implicit, IMPLICIT))
        await it.ports.feed(it.node.index)
        both = Wanted(CT, (IMPLICIT, EXPLICIT), serve=True)
        async with it.calling(
            Wanted(STUDY_GET), both, services=Services((archive.service,))
        ) as association:
            command = Command(Operation.C_GET, sop_class=STUDY_GET)
            syntax = association.context_for(STUDY_GET).transfer_syntax
            many = await association.send(command, encode(query("STUDY", {STUDY: "1.2.1"}), syntax))
            one = await association.send(command, encode(query("STUDY", {STUDY: "1.2.9"}), syntax))
        async with it.calling(Wanted(CT, (IMPLICIT, EXPLICIT))) as association:
            sending = association.context_for(CT).transfer_syntax
    assert (many.status, counts(many)) == (Status.SUCCESS, (None, 3, 0, 0))
    assert (one.status, counts(one)) == (0xA702, (None, 0, 1, 0))
    assert sending == IMPLICIT


async def test_half_an_object_is_never_followed_by_an_answer(tmp_path: Path) -> None:
    archive = Archive(CT)
    async with asked(tmp_path, large()) as it:
        stored = await it.node.index.instance("1.2.1.1.1")
        assert stored is not None
        damage(it.node.blobs.place(stored.blob))
        with pytest.raises(AssociationLost):
            await get(it, archive, query("STUDY", {STUDY: "1.2.1"}))
    assert archive.got == []


async def test_a_retrieval_names_what_it_wants(tmp_path: Path) -> None:
    async with moving(tmp_path, Archive(CT), three()) as it:
        (nothing,) = await move(it, query("STUDY", {STUDY: ""}), OURS)
        (image,) = await move(it, query("IMAGE", {INSTANCE: "1.2.1.1.1"}), OURS)
        (none,) = await move(it, query("STUDY", {STUDY: "9.9"}), OURS)
    assert (nothing.status, nothing.offending) == (0xA900, (STUDY,))
    assert (image.status, image.offending) == (0xA900, (STUDY,))
    assert (none.status, counts(none)) == (Status.SUCCESS, (None, 0, 0, 0))


async def test_a_key_of_another_vr_is_refused_rather_than_widened(tmp_path: Path) -> None:
    wrong: list[Elements] = [
        keys("STUDY") | {NAME: Element("LO", b"Nobody")},
        keys("STUDY") | {STUDY: sequence([])},
    ]
    async with asked(tmp_path, [study(1)]) as it:
        found = [await it.find(each) for each in wrong]
        unknown = await it.find(keys("STUDY") | {STUDY: Element("UN", b"1.2.1\0")})
    assert [(each.final.status, each.answers) for each in found] == [(0xA900, ())] * 2
    assert [each.final.offending for each in found] == [(NAME,), (STUDY,)]
    assert unknown.texts(STUDY) == ["1.2.1"]
