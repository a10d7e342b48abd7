"""Values that a rule of the site puts into objects when they come; what was sent is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from dicom.coercion.options import CoercionOptions
from dicom.dimse import Status
from dicom.options import DicomOptions
from dicom.services import Objects
from dicom.storage.object import StoredObject
from dicom.storage.verify import orphans, verify
from gateway.testing import ManualClock
from tests.dicom_objects import CT, encoded, image
from tests.dicom_peers import OURS
from tests.unit.dicom.pages_case import FollowedPorts, desk
from tests.unit.dicom.test_storage_service import Bench, bench, store

FILL = {"name": "his-numbers", "match": {"sender": ["TEST"]}, "fill": {"IssuerOfPatientID": "HIS"}}


def bare(**facts: Any) -> Dataset:
    """An object that doesn't say who gave its patient's number out."""
    made = image(64, **facts)
    made.IssuerOfPatientID = ""
    return made


async def kept(it: Bench, made: Dataset) -> StoredObject:
    await it.folded()
    found = await it.node.index.instance(str(made.SOPInstanceUID))
    assert found is not None
    return found


async def read(it: Bench, stored: StoredObject) -> Dataset:
    async with it.node.blobs.in_memory(stored.blob) as file:
        return dcmread(file)


async def test_a_value_is_filled_in_and_what_was_sent_is_kept(tmp_path: Path) -> None:
    made = bare()
    async with bench(tmp_path, coerce=[FILL]) as it:
        assert (await it.send(made)).status == Status.SUCCESS
        stored = await kept(it, made)
        now, before = await read(it, stored), await read(it, stored.as_sent)
        damage = await verify(it.node.index, it.node.blobs)
        left = await orphans(it.node.index, it.node.blobs)
        totals = await it.node.index.totals()
    assert stored.attributes.text("IssuerOfPatientID") == now.IssuerOfPatientID == "HIS"
    assert before.IssuerOfPatientID == ""
    assert stored.as_sent.attributes.text("IssuerOfPatientID") == ""
    assert now.PatientID == before.PatientID
    assert now.OriginalAttributesSequence[0].ReasonForTheAttributeModification == "COERCE"
    assert stored.coerced is not None
    assert stored.coerced.change.before == {"IssuerOfPatientID": ""}
    assert it.ports.events[0].subject is not None
    assert it.ports.events[0].subject.issuer == "HIS"
    assert (damage.damaged, left) == ([], [])
    assert totals.bytes == sum(each.size for each in stored.blobs)
    assert it.node.storage.space.stored == totals.bytes


async def test_what_says_it_already_or_comes_from_others_stays_as_it_is(tmp_path: Path) -> None:
    says, other = image(64), bare(Modality="MR")
    only_ct = {**FILL, "match": {"modality": ["CT"]}}
    async with bench(tmp_path, coerce=[only_ct]) as it:
        for made in (says, other):
            await it.send(made)
            assert (await kept(it, made)).coerced is None
        assert it.objects == 2


async def test_what_a_room_of_ours_made_stays_as_it_made_it(tmp_path: Path) -> None:
    made = {
        "00080016": {"vr": "UI", "Value": [CT]},
        "00080018": {"vr": "UI", "Value": ["1.2.3.4"]},
        "00100020": {"vr": "LO", "Value": ["P-1"]},
        "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
        "0020000E": {"vr": "UI", "Value": ["1.2.3.1"]},
    }
    async with bench(tmp_path, coerce=[{**FILL, "match": {}}]) as it:
        objects = Objects(it.node.index, it.node.blobs, it.node.storage, OURS)
        stored = await objects.keep(made, room="tps")
    assert stored.coerced is None
    assert stored.attributes.text("IssuerOfPatientID") == ""


async def test_a_damaged_original_is_found(tmp_path: Path) -> None:
    made = bare()
    async with bench(tmp_path, coerce=[FILL]) as it:
        await it.send(made)
        stored = await kept(it, made)
        file = it.node.blobs.place(stored.as_sent.blob)
        file.write_bytes(file.read_bytes()[:-1])
        (damage,) = (await verify(it.node.index, it.node.blobs)).damaged
    assert damage.blob == stored.as_sent.blob


async def test_the_same_object_again_is_one_object_and_no_contradiction(tmp_path: Path) -> None:
    made, clock = bare(), ManualClock()
    async with bench(tmp_path, ports=FollowedPorts(clock), coerce=[FILL]) as it:
        for _ in range(3):
            assert (await it.send(made)).status == Status.SUCCESS
            clock.advance(60)
        await it.folded()
        totals = await it.node.index.totals()
        assert await it.node.index.conflicts() == []
        assert await orphans(it.node.index, it.node.blobs) == []
    assert (len(it.ports.events), totals.instances, it.objects) == (1, 1, 2)


async def test_other_values_for_a_known_object_are_a_contradiction(tmp_path: Path) -> None:
    made = bare()
    ports = FollowedPorts()
    async with bench(tmp_path, ports=ports, coerce=[FILL]) as it:
        await it.send(made)
    other = {**FILL, "fill": {"IssuerOfPatientID": "RIS"}}
    async with bench(tmp_path, ports=ports, coerce=[other]) as it:
        assert (await it.send(made)).status == Status.SUCCESS
        stored = await kept(it, made)
        (conflict,) = await it.node.index.conflicts()
    assert stored.attributes.text("IssuerOfPatientID") == "HIS"
    assert conflict.stored.attributes.text("IssuerOfPatientID") == "RIS"


async def test_a_value_is_replaced_by_the_first_rule_alone(tmp_path: Path) -> None:
    made = image(64)
    rules = [
        {
            "name": "phantom",
            "match": {"tags": {"PatientID": ["P-1*"]}},
            "replace": {"PatientID": "QA"},
        },
        {"name": "all", "replace": {"PatientID": "X", "InstitutionName": "Y"}},
    ]
    async with bench(tmp_path, coerce=rules) as it:
        await it.send(made)
        stored = await kept(it, made)
        original = (await read(it, stored)).OriginalAttributesSequence[0]
    assert stored.attributes.text("PatientID") == "QA"
    assert stored.attributes.text("InstitutionName") == made.get("InstitutionName", "")
    assert original.ModifiedAttributesSequence[0].PatientID == made.PatientID


async def test_a_value_that_its_character_set_has_not_is_refused_and_said(tmp_path: Path) -> None:
    made = bare(PatientName="Wang^Fang")
    made.SpecificCharacterSet = "ISO_IR 100"
    rule = {"name": "name", "replace": {"PatientName": "王^芳"}}
    async with bench(tmp_path, coerce=[rule]) as it:
        answer = await it.send(made)
        await it.folded()
        assert (await it.node.index.totals()).instances == 0
    assert answer.status == Status.CANNOT_UNDERSTAND
    assert answer.comment.startswith("rule name: PatientName")


async def test_a_page_shows_what_was_changed_and_the_object_as_it_was_sent(
    tmp_path: Path,
) -> None:
    made = bare()
    rule = {**FILL, "match": {}}
    async with desk(tmp_path, FollowedPorts(), more={"coerce": [rule]}) as it:
        await it.store(made)
        path = f"/objects/{made.SOPInstanceUID}"
        page = await it.text(f"{path}?lang=en")
        assert "Changed when it came, by the rule his-numbers:" in page
        stored = await it.node.index.instance(str(made.SOPInstanceUID))
        assert stored is not None
        assert stored.coerced is not None
        sent = await it.text(f"{path}?version={stored.coerced.sent.digest}&lang=en")
        assert "This is the object as it was sent." in sent


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"fill": {}}, "needs `fill` or `replace`"),
        ({"fill": {"SeriesNumber": "1"}}, "SeriesNumber is not changed by rule"),
        ({"replace": {"IssuerOfPatientID": "X"}}, "is filled and replaced"),
        ({"match": {"called": ["OTHERS"]}}, "OTHERS is none of our titles"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        DicomOptions.model_validate(
            {"titles": {"OURS": {"allow": "anyone"}}, "coerce": [{**FILL, **rule}]}
        )


async def sent_raw(it: Bench, made: Dataset, data: bytes) -> Any:
    async with it.sender(made.SOPClassUID, syntax=ExplicitVRLittleEndian) as association:
        return await store(association, made, ExplicitVRLittleEndian, data)


async def test_nothing_is_filled_in_where_an_object_says_what_nobody_can_read(
    tmp_path: Path,
) -> None:
    made = image(64)
    made.PatientName, made.SpecificCharacterSet = "XXXX", "ISO_IR 192"
    data = encoded(made).replace(b"XXXX", "张伟".encode("gb18030"))
    rule = {"name": "n", "fill": {"PatientName": "Unknown"}}
    async with bench(tmp_path, coerce=[rule]) as it:
        await sent_raw(it, made, data)
        stored = await kept(it, made)
    assert stored.coerced is None
    assert stored.attributes.problems


async def test_a_value_that_would_come_out_otherwise_is_refused(tmp_path: Path) -> None:
    made = bare(PatientName="Wang^Fang")
    made.SpecificCharacterSet = ["", "ISO 2022 IR 58"]
    rule = {"name": "name", "replace": {"PatientName": "Zhang^Dong=张^东"}}
    async with bench(tmp_path, coerce=[rule]) as it:
        answer = await it.send(made)
        assert answer.status == Status.CANNOT_UNDERSTAND
        assert await it.node.index.instance(made.SOPInstanceUID) is None


@pytest.mark.parametrize("cut", [2000, 8195])
async def test_an_object_that_was_cut_off_is_not_made_whole(tmp_path: Path, cut: int) -> None:
    made, step = bare(), Dataset()
    step.ScheduledProcedureStepID = "S"
    step.is_undefined_length_sequence_item = True
    made.RequestAttributesSequence = Sequence([step])
    made["RequestAttributesSequence"].is_undefined_length = True
    async with bench(tmp_path, coerce=[FILL]) as it:
        answer = await sent_raw(it, made, encoded(made)[:-cut])
        assert answer.status == Status.CANNOT_UNDERSTAND
        assert await it.node.index.instance(made.SOPInstanceUID) is None


@pytest.mark.parametrize(
    ("keyword", "value", "words"),
    [
        ("PatientSex", "male", "none of M, F, O"),
        ("PatientBirthDate", "29.02.1960", "no date"),
        ("PatientBirthDate", "19610229", "no date"),
        ("PatientID", "A\\B", "no single value"),
        ("PatientName", "Li\tFang", "no single value"),
        ("PatientID", "4711 ", "blanks at its ends"),
        ("AccessionNumber", "1" * 17, "longer than 16"),
        ("PatientName", "王" * 65, "longer than 64"),
    ],
)
def test_a_value_that_its_attribute_can_t_have_is_refused(
    keyword: str, value: str, words: str
) -> None:
    for section in ("fill", "replace"):
        with pytest.raises(ValidationError, match=words):
            CoercionOptions.model_validate({"name": "r", section: {keyword: value}})


def test_values_that_attributes_can_have_are_taken() -> None:
    values = {"PatientSex": "O", "PatientBirthDate": "19600229", "PatientName": "Li^Fang=李^芳"}
    taken = CoercionOptions.model_validate({"name": "r", "fill": {**values, "StudyID": ""}})
    assert taken.rule().fill == {**values, "StudyID": ""}
