"""Whoever is limited to a department sees its queues and nobody's, and does nothing to others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.room import Principal
from gateway.testing import Recognizing
from tests.unit.queue.desk_case import WANG, Department, department

LI = Principal("person:li", "Li", WANG.permissions, frozenset({"radiotherapy"}))
"""Of the department of linac-1; that of the CT is another, linac-2 is of none."""


@dataclass(slots=True)
class Shared:
    """Both departments, and whoever asks."""

    office: Department
    gate: Recognizing
    theirs: str
    """The ticket at the CT."""

    async def get(self, who: Principal, path: str) -> str:
        self.gate.who = who
        return (await self.office.http.get(path)).text

    async def status(self, who: Principal, path: str) -> int:
        self.gate.who = who
        return (await self.office.http.get(path)).status_code

    async def post(self, who: Principal, path: str, **form: str) -> int:
        self.gate.who = who
        return (await self.office.http.post(path, data=form)).status_code


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Shared]:
    gate = Recognizing()
    async with department(tmp_path, gate=gate) as office:
        await office.books("1001", "08:00")
        await office.books("1002", "08:15", "CT1")
        await office.books("1003", "08:30", "LA2")
        for number in ("1001", "1002", "1003"):
            await office.arrives(number)
        ticket = (await office.lane("ct")).waiting[0].ticket
        yield Shared(office, gate, ticket.id)


@pytest.mark.parametrize(
    "path", ["/queue", "/queue?queue=ct", "/queue/figures", "/queue/figures?csv=1", "/display"]
)
async def test_pages_show_ones_own_queues_and_nobodys(shared: Shared, path: str) -> None:
    limited, whole = await shared.get(LI, path), await shared.get(WANG, path)
    for secret in ("李小娜", "C001", ">CT<", "\r\nCT,", "hall-2"):
        assert secret not in limited
    assert limited != whole
    assert "王美国" in limited or "LA2" in limited or "hall-1" in limited


async def test_the_api_answers_with_ones_own_queues_and_nobodys(shared: Shared) -> None:
    limited, whole = [await shared.get(who, "/api/v1/queue") for who in (LI, WANG)]
    assert shared.theirs not in limited
    assert '"queue":"linac-2"' in limited
    assert shared.theirs in whole


@pytest.mark.parametrize("path", ["/queue/tickets/{}", "/display/hall-2", "/display/hall-2/board"])
async def test_what_is_of_others_is_not_there_by_its_address(shared: Shared, path: str) -> None:
    assert await shared.status(LI, path.format(shared.theirs)) == 404
    assert await shared.status(WANG, path.format(shared.theirs)) == 200


async def test_the_stream_of_anothers_display_is_refused(shared: Shared) -> None:
    assert await shared.status(LI, "/display/hall-2/stream") == 404


async def test_nothing_is_done_to_what_is_of_others(shared: Shared) -> None:
    before = shared.office.ports.last_seq
    for path, form in (
        ("/queue/of/ct/next", {}),
        ("/queue/of/ct/walk-in", {"reason": "urgent"}),
        ("/queue/of/ct/stand", {"what": "stop", "reason": "smoke"}),
        ("/queue/of/ct/stand", {"what": "cleaned"}),
        (f"/queue/tickets/{shared.theirs}/hold", {"reason": "unwell"}),
        ("/queue/check-in", {"number": "MRN1002"}),
        ("/api/v1/queue/of/ct/next", {}),
        (f"/api/v1/queue/tickets/{shared.theirs}/call", {}),
    ):
        assert await shared.post(LI, path, **form) in {409, 422}, path
    assert shared.office.ports.last_seq == before


async def test_who_comes_for_both_is_checked_in_at_ones_own(shared: Shared) -> None:
    await shared.office.books("1004", "09:00")
    await shared.office.books("1004", "09:30", "CT1")
    assert await shared.post(LI, "/queue/check-in", number="MRN1004") == 200
    assert len((await shared.office.lane()).waiting) == 2
    assert len((await shared.office.lane("ct")).waiting) == 1
