from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.driver import AnalyzerOptions, DeviceEntry, LinkEntry, LinkOptions, identify
from gateway.errors import StoreError
from gateway.mapping import (
    CodeMapping,
    Kept,
    Mappings,
    Overlay,
    SenderMapping,
    SiteMapping,
    UnitMapping,
    fragments,
    of_payload,
)
from gateway.mapping.mapping import payload_of
from gateway.model import Instant
from gateway.profile import LOINC, NO_UNIT, AnalyzerProfile, is_loinc
from gateway.room import OWNER
from gateway.testing.room import MemoryAuditor, MemoryRoomPorts, known_ring
from tests.unit.api.memory_site import CHEMISTRY

ALT = CodeMapping(
    "profile:chemistry-analyzer",
    "ALT",
    {
        "name": {"zh-CN": "丙氨酸氨基转移酶", "en": "Alanine aminotransferase"},
        "unit": "U/L",
        "kind": "result",
        "system": LOINC,
        "code": "1742-6",
    },
)
MG_DL = UnitMapping("device:chem", "mg/dl", "mg/dL", {"GLU": Decimal("0.0555")})
SENDER = SenderMapping("link:lab", "BS-480", "chem")
EVERY: tuple[SiteMapping, ...] = (ALT, MG_DL, SENDER)


def _device(id_: str = "chem", sender: str = "") -> DeviceEntry:
    return DeviceEntry(id_, id_, "lab", CHEMISTRY, AnalyzerOptions(sender=sender), 1.0)


def _kept(*mappings: SiteMapping) -> list[Kept]:
    return [Kept(each, "person:wang", Instant(seq), seq) for seq, each in enumerate(mappings, 1)]


def _profile(entry: DeviceEntry) -> AnalyzerProfile:
    assert isinstance(entry.profile, AnalyzerProfile)
    return entry.profile


@pytest.mark.parametrize("mapping", EVERY, ids=lambda each: type(each).__name__)
def test_a_mapping_survives_its_event(mapping: SiteMapping) -> None:
    assert of_payload(payload_of(mapping)) == mapping


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scope": "everywhere"}, "can't hold"),
        ({"scope": "link:lab"}, "can't hold"),
        ({"key": ""}, "nothing is named"),
        ({"kind": "colour"}, "no mapping of kind"),
        ({"point": {"name": "x", "unit": "furlong"}}, "furlong"),
        ({"point": {"unit": "U/L"}}, "needs a name"),
        ({"point": {"name": "x", "wavelength": 3}}, "Extra"),
        ({"kind": "unit", "ucum": "mgdl"}, "mgdl"),
        ({"kind": "unit", "ucum": "mg/dL", "convert": {"GLU": "-1"}}, "above zero"),
        ({"kind": "unit", "ucum": "mg/dL", "convert": {"GLU": "NaN"}}, "above zero"),
        ({"kind": "unit", "ucum": "mg/dL", "convert": {"GLU": "five"}}, "not a number"),
        ({"kind": "sender", "scope": "link:lab"}, "no mapping of kind"),
    ],
)
def test_what_can_not_hold_is_refused_and_said(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        of_payload({**payload_of(ALT), **change})


def test_a_code_that_the_profile_does_not_know_is_added() -> None:
    points = _profile(Overlay(_kept(ALT)).device(_device())).points
    assert set(points) == {*CHEMISTRY.points, "ALT"}
    assert (points["ALT"].code, points["ALT"].unit) == ("1742-6", "U/L")


def test_what_the_profile_says_itself_goes_before() -> None:
    other = replace(ALT, code="GLU")
    assert _profile(Overlay(_kept(other)).device(_device())).points == CHEMISTRY.points
    own = CHEMISTRY.model_copy(update={"units": {"mg/dl": "mmol/L"}})
    entry = replace(_device(), profile=own)
    assert _profile(Overlay(_kept(MG_DL)).device(entry)).units == {"mg/dl": "mmol/L"}


def test_a_mapping_of_the_device_goes_before_one_of_its_profile() -> None:
    special = CodeMapping("device:chem", "ALT", {**ALT.point, "unit": "nkat/L"})
    overlay = Overlay(_kept(ALT, special))
    assert _profile(overlay.device(_device())).points["ALT"].unit == "nkat/L"
    assert _profile(overlay.device(_device("other"))).points["ALT"].unit == "U/L"


def test_a_unit_and_its_factor_are_added() -> None:
    profile = _profile(Overlay(_kept(MG_DL)).device(_device()))
    assert profile.units == {"mg/dl": "mg/dL"}
    assert profile.points["GLU"].convert == {"mg/dL": Decimal("0.0555")}
    assert _profile(Overlay(_kept(MG_DL)).device(_device("other"))).units == {}


def test_numbers_without_a_unit_can_be_said_to_be_in_the_tests_own() -> None:
    mapping = UnitMapping("device:chem", NO_UNIT, "")
    assert of_payload(payload_of(mapping)) == mapping
    profile = _profile(Overlay(_kept(mapping)).device(_device()))
    assert profile.unit_missing == "profile"
    assert NO_UNIT not in profile.units


def test_a_sender_is_told_to_its_device_besides_the_names_it_has() -> None:
    link = LinkEntry("lab", "astm", LinkOptions(), None, (_device(sender="OLD"), _device("b", "B")))
    shown = Overlay(_kept(SENDER)).running(link)
    for name, device in (("BS-480", "chem"), ("OLD", "chem"), ("B", "b")):
        assert [entry.id for entry in identify(shown.devices, name)] == [device]
    assert identify(shown.devices, "BS-4801") == ()
    assert shown.devices[1] == link.devices[1]


def test_only_a_sender_changes_the_link_that_runs() -> None:
    link = LinkEntry("lab", "astm", LinkOptions(), None, (_device(),))
    assert Overlay(_kept(ALT, MG_DL)).running(link) == link
    assert Overlay().link(link) is link


def test_mappings_are_written_as_a_profile_would_say_them() -> None:
    missing = UnitMapping("device:chem", NO_UNIT, "")
    assert fragments(_kept(*EVERY, missing)) == {
        "profile:chemistry-analyzer": {"points": {"ALT": dict(ALT.point)}},
        "device:chem": {
            "units": {"mg/dl": "mg/dL"},
            "points": {"GLU": {"convert": {"mg/dL": "0.0555"}}},
            "unit_missing": "profile",
        },
        "link:lab": {"senders": {"chem": "BS-480"}},
    }


@pytest.mark.parametrize("code", ["2345-7", "718-7", "6690-2", "34543-9", "21000-5"])
def test_a_loinc_code_has_its_check_digit(code: str) -> None:
    assert is_loinc(code)
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    assert not is_loinc(wrong)


@pytest.mark.parametrize("code", ["", "-1", "2345", "2345-", "x-1", "2345-77", "12345678-1"])
def test_what_is_not_written_like_a_loinc_code_is_none(code: str) -> None:
    assert not is_loinc(code)


class Desk:
    """Mappings that are fed as the gateway feeds them."""

    def __init__(self, mappings: Mappings, ports: MemoryRoomPorts, audit: MemoryAuditor) -> None:
        self.mappings, self.ports, self.audit = mappings, ports, audit
        self.changes = 0

    async def act(self, what: str, mapping: SiteMapping) -> None:
        acting = asyncio.create_task(getattr(self.mappings, what)(OWNER, mapping))
        while not acting.done():
            await self.ports.feed(self.mappings)
            await asyncio.sleep(0)
        await acting

    async def changed(self) -> None:
        self.changes += 1


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    ports, audit = MemoryRoomPorts(), MemoryAuditor()
    async with Mappings.open(tmp_path, known_ring(), ports, audit) as mappings:
        desk = Desk(mappings, ports, audit)
        mappings.watch(desk.changed)
        yield desk


async def test_a_mapping_holds_when_set_returns_and_is_an_event_and_audited(desk: Desk) -> None:
    await desk.act("set", ALT)
    (kept,) = desk.mappings.overlay.kept
    assert (kept.mapping, kept.actor) == (ALT, "owner")
    assert [event.code.code for event in desk.ports.events] == ["mapping.set"]
    assert desk.changes == 1
    assert [entry.action for entry in desk.audit.entries] == ["mapping.set"]
    assert desk.mappings.find("code", ALT.scope, "ALT") == kept


async def test_a_mapping_of_the_same_key_is_replaced_and_a_withdrawn_one_gone(desk: Desk) -> None:
    await desk.act("set", ALT)
    changed = replace(ALT, point={**ALT.point, "unit": "nkat/L"})
    await desk.act("set", changed)
    assert [each.mapping for each in desk.mappings.overlay.kept] == [changed]
    await desk.act("withdraw", changed)
    assert desk.mappings.overlay.kept == ()
    assert desk.changes == 3


async def test_what_can_not_hold_changes_nothing(desk: Desk) -> None:
    with pytest.raises(ValueError, match="name"):
        await desk.mappings.set(OWNER, replace(ALT, point={}))
    assert desk.ports.events == []
    desk.ports.refuses = True
    with pytest.raises(StoreError):
        await desk.mappings.set(OWNER, ALT)
    assert desk.mappings.overlay.kept == ()


def _lose_tables(folder: Path) -> None:
    for file in folder.glob("mapping.sqlite*"):
        file.unlink()


async def test_mappings_outlive_a_restart_and_the_loss_of_their_tables(tmp_path: Path) -> None:
    ports = MemoryRoomPorts()
    async with Mappings.open(tmp_path, known_ring(), ports, MemoryAuditor()) as mappings:
        desk = Desk(mappings, ports, MemoryAuditor())
        for mapping in EVERY:
            await desk.act("set", mapping)
    async with Mappings.open(tmp_path, known_ring(), ports, MemoryAuditor()) as again:
        assert [each.mapping for each in again.overlay.kept] == list(EVERY)
    _lose_tables(tmp_path)
    async with Mappings.open(tmp_path, known_ring(), ports, MemoryAuditor()) as anew:
        assert not anew.overlay.kept
        await ports.feed(anew)
        assert [each.mapping for each in anew.overlay.kept] == list(EVERY)
