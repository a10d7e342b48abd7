"""De-identified forwarding: nothing planted arrives, what belongs together stays together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom.forward.entry import State
from tests.dicom_forwarding import forwarder
from tests.dicom_peers import storescp
from tests.dicom_tls import Authority
from tests.peers import LOOPBACK
from tests.unit.deid.objects import ROOT, ct_image, rt_plan

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

NAMES = (
    *("Zhang", "San", "张", "三", "H4711", "19610203", "A99", "李", "王", "XIEHE", "肺癌"),
    *("13800138000", "北京", "330106196102030011", "ZHANGSAN_AE", "PLANTED", f"{ROOT}.1"),
)


def planted() -> Dataset:
    """A plan that names its patient in every place that a hospital's systems put a name."""
    plan = rt_plan()
    plan.PatientTelephoneNumbers = "13800138000"
    plan.PatientAddress = "北京市海淀区"
    plan.PatientComments = "身份证 330106196102030011"
    private = plan.BeamSequence[0].private_block(0x0019, "MAKER 张三", create=True)
    private.add_new(0x01, "LT", "PLANTED 张三")
    private.add_new(0x02, "UN", "张三".encode("gb18030"))
    nested = Dataset()
    nested.PersonName = "Zhang^San"
    private.add_new(0x03, "SQ", Sequence([nested]))
    plan.ManufacturerModelName = "张三 special"
    return plan


def section(port: int, *, deid: dict[str, Any] | None = None, **peer: Any) -> dict[str, Any]:
    known = {"title": "STORESCP", "host": LOOPBACK, "port": port, **peer}
    return {
        "peers": {"university": known},
        "deid": {"trial": {"key": "sixteen letters!", **(deid or {})}},
        "forward": {
            "destinations": {"research": {"peer": "university", "deid": "trial"}},
            "rules": [{"name": "all", "to": ["research"]}],
        },
    }


def leaks(folder: Path) -> list[str]:
    """Planted names in any file, in the character sets of Chinese systems."""
    data = b"".join(path.read_bytes() for path in folder.iterdir())
    assert data
    return [
        name for name in NAMES for encoding in ("gb18030", "utf-8") if name.encode(encoding) in data
    ]


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_no_planted_identifier_arrives_and_a_study_stays_together(tmp_path: Path) -> None:
    image = ct_image()
    image.BurnedInAnnotation = "NO"
    async with (
        storescp(tmp_path / "in") as archive,
        forwarder(tmp_path / "ours", section(archive.port)) as it,
    ):
        await it.take(planted(), image)
        await it.until("research", lambda queue: queue.counts.done == 2)
        assert leaks(archive.folder) == []
        arrived = [dcmread(path) for path in archive.folder.iterdir()]
        sent = [event.payload or {} for event in it.said("forward.sent")]
        stored = await it.node.index.instance(f"{ROOT}.3")
    assert len({each.StudyInstanceUID for each in arrived}) == 1
    assert {each.PatientID for each in arrived} == {each["pseudonym"] for each in sent}
    assert {each.SOPInstanceUID for each in arrived} == {each["sent_as"] for each in sent}
    assert len({each.PatientID for each in arrived}) == 1
    assert any("ManufacturerModelName" in each["caught"] for each in sent)
    assert stored is not None
    assert stored.attributes.text("PatientID") == "H4711", "ours stays"


async def test_options_of_a_profile_count(tmp_path: Path) -> None:
    deid = {"keep_uids": True, "dates": "shift"}
    async with (
        storescp(tmp_path / "in") as archive,
        forwarder(tmp_path / "ours", section(archive.port, deid=deid)) as it,
    ):
        await it.take(planted())
        await it.until("research", lambda queue: queue.counts.done == 1)
        (arrived,) = [dcmread(path) for path in archive.folder.iterdir()]
    assert arrived.SOPInstanceUID == f"{ROOT}.3"
    assert arrived.StudyDate not in ("", "20261123")
    assert arrived.PatientID != "H4711"


async def test_what_a_person_must_look_at_is_a_dead_letter(tmp_path: Path) -> None:
    image = ct_image()
    image.BurnedInAnnotation = "YES"
    async with (
        storescp(tmp_path / "in") as archive,
        forwarder(tmp_path / "ours", section(archive.port)) as it,
    ):
        await it.take(image, planted())
        await it.until("research", lambda queue: queue.counts.done == 1)
        (letter,) = await it.outward.forwarding.entries("research", State.DEAD)
        assert len(list(archive.folder.iterdir())) == 1
    assert "Burned In Annotation is YES" in letter.error


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x0a\x30\xb0\x00SQ\0\0\xff\xff\xff\xffgarbage",
        b"\xff\xff\xff\xff\xff",
    ],
)
async def test_an_object_that_ends_in_garbage_stops_only_itself(
    tmp_path: Path, garbage: bytes
) -> None:
    async with (
        storescp(tmp_path / "in") as archive,
        forwarder(tmp_path / "ours", section(archive.port)) as it,
    ):
        await it.take(planted(), garbage=garbage)
        other = planted()
        other.SOPInstanceUID = f"{ROOT}.33"
        await it.take(other)
        await it.until("research", lambda queue: queue.counts.done + queue.counts.dead == 2)
        assert leaks(archive.folder) == []
        sent = [(event.payload or {})["sop_instance"] for event in it.said("forward.sent")]
    assert sent[-1] == f"{ROOT}.33"


@pytest.mark.dicom_peer(service="Secure transport (TLS)", ours="SCU", peer="DCMTK storescp")
async def test_objects_are_forwarded_over_tls_with_our_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    theirs, mine = authority.issue("archive"), authority.issue("node")
    tls = {
        "ca": str(authority.ca),
        "certificate": str(mine.certificate),
        "key": str(mine.key),
        "server_name": "localhost",
    }
    options = ("+tls", str(theirs.key), str(theirs.certificate), "+cf", str(authority.ca))
    async with (
        storescp(tmp_path / "in", *options) as archive,
        forwarder(tmp_path / "ours", section(archive.port, tls=tls)) as it,
    ):
        await it.take(planted())
        await it.until("research", lambda queue: queue.counts.done == 1)
        assert leaks(archive.folder) == []
