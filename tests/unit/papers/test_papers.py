"""Downtime papers: whole pages, when they are due, readable by their owner alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.model import from_datetime
from gateway.papers.options import PapersOptions
from gateway.papers.room import Press
from gateway.papers.sheet import Printing, sheet
from gateway.room import Paper, last_due, next_due
from gateway.testing import ManualClock, MemoryAuditor, MemoryRoomPorts, room_context

RESULTS = Paper(
    "results",
    {"en": "Results", "zh-CN": "检验结果"},
    ({"en": "Sample", "zh-CN": "样本"}, {"en": "Result", "zh-CN": "结果"}),
    [(f"S{number}", "<5") for number in range(65)],
    grave=frozenset({2}),
)
PRINTING = Printing({"en": "Hospital", "zh-CN": "医院"}, "2026-11-23 12:00", "2026-11-23 18:00")
TIMES = (time(6), time(12), time(18))


def test_a_sheet_is_whole_in_itself_and_its_pages_are_numbered() -> None:
    page = sheet(RESULTS, PRINTING, "en")
    assert re.findall(r"Page \d of \d", page) == ["Page 1 of 3", "Page 2 of 3", "Page 3 of 3"]
    assert page.count("valid until 2026-11-23 18:00") == 3
    assert page.count("<tr>") + page.count('<tr class="grave">') == 65 + 3
    assert re.findall(r"(?:src|href|url)\s*[=(]", page) == []
    assert "&lt;5" in page
    assert "第 1 页 共 3 页" in sheet(RESULTS, PRINTING, "zh-CN")


def test_a_list_without_rows_says_so_on_a_page_of_its_own() -> None:
    page = sheet(replace(RESULTS, rows=[], grave=frozenset()), PRINTING, "en")
    assert "Nothing stands here." in page
    assert "Page 1 of 1" in page


@pytest.mark.parametrize(
    ("now", "last", "next_"),
    [("2026-11-23T12:00", "23 12", "23 18"), ("2026-11-23T05:59", "22 18", "23 06")],
)
def test_when_papers_are_due(now: str, last: str, next_: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert last_due(moment, TIMES).strftime("%d %H") == last
    assert next_due(moment, TIMES).strftime("%d %H") == next_


class Desk:
    """A press over ports in memory; the clock stands at noon in Shanghai."""

    def __init__(self, data: Path, **options: object) -> None:
        self.clock = ManualClock(from_datetime(datetime(2026, 11, 23, 4, 0, tzinfo=UTC)))
        self.ports, self.audit = MemoryRoomPorts("site", self.clock), MemoryAuditor()
        self.folder = data / "papers"
        context = room_context(data, self.ports, audit=self.audit)
        said = {"folder": self.folder, "keep": 2, **options}
        self.press = Press(replace(context, papers=self.papers), PapersOptions.model_validate(said))

    async def papers(self) -> Sequence[Paper]:
        return (RESULTS, replace(RESULTS, name="queue"))

    def printings(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir() if each.name[0].isdigit())


async def test_a_printing_has_each_list_in_each_language_with_checksums(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.press.look()
    latest = desk.folder / "latest"
    names = {each.name for each in latest.iterdir()}
    lists = {f"{name}.{tag}.html" for name in ("results", "queue") for tag in ("en", "zh-CN")}
    assert names == {*lists, "SHA256SUMS"}
    for line in (latest / "SHA256SUMS").read_text().splitlines():
        digest, _, name = line.partition("  ")
        assert sha256((latest / name).read_bytes()).hexdigest() == digest
    assert [entry.action for entry in desk.audit.entries] == ["export.papers"]


async def test_only_the_owner_can_read_the_folder(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.press.look()
    for each in [desk.folder, *desk.folder.rglob("*")]:
        assert each.is_symlink() or each.stat().st_mode & 0o077 == 0, each


async def test_it_prints_when_due_once_and_keeps_the_newest(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lists=["queue"], languages=["en"])
    for _ in range(4):
        await desk.press.look()
        await desk.press.look()
        desk.clock.advance(6 * 3600)
    assert desk.printings() == ["2026-11-23-1800", "2026-11-24-0600"]
    assert [each.name for each in (desk.folder / "latest").glob("*.html")] == ["queue.en.html"]


async def test_what_cannot_be_written_is_said_once_and_leaves_the_printing_before(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    await desk.press.look()
    before = (desk.folder / "latest").resolve()
    desk.clock.advance(6 * 3600)
    (desk.folder / ".2026-11-23-1800.new").write_text("in the way")
    for _ in range(2):
        await desk.press.look()
    assert (desk.folder / "latest").resolve() == before
    (desk.folder / ".2026-11-23-1800.new").unlink()
    await desk.press.look()
    assert [text for _, text, _ in desk.ports.said] == ["written", "failed", "written"]
