"""Keeps the ends of the chain, here and elsewhere, and says where they speak against it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from gateway.audit.anchors import Anchor
from gateway.audit.options import AuditOptions, anchors_elsewhere
from gateway.audit.trail import AuditTrail
from gateway.errors import StoreError
from gateway.model import Localized
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

AUDIT, CUT, NOTED = "audit", "cut", "anchor"
FAILED, KEPT = "anchors-failed", "anchors-kept"

_LOOK = 10.0


class Keeper:
    """What is known about the ends of the chain; `failing` says why one is not kept, or is empty.

    `unlike` is an anchor kept elsewhere whose entry the chain lacks or has otherwise.
    """

    def __init__(self, options: AuditOptions, trail: AuditTrail, ports: RoomPorts) -> None:
        self._trail, self._ports = trail, ports
        self._copy = anchors_elsewhere(options)
        self._every = options.anchor_minutes * 60
        self._not_copied = ""
        self._told = False
        self.unlike: Anchor | None = None

    @property
    def failing(self) -> str:
        return self._trail.unanchored or self._not_copied

    def say_doubts(self) -> None:
        """Note as events of the gateway what spoke against the audit at the start."""
        for doubt in _at_start(self._trail):
            self._ports.system(AUDIT, CUT, doubt["en"])

    def doubts(self) -> list[Localized]:
        """What speaks against the audit being whole, in words for people."""
        return [*_at_start(self._trail), *self._elsewhere()]

    async def run(self) -> None:
        """Until cancelled: note the end now and then, and soon again where that failed."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._every
        await self._compare()
        while True:
            await asyncio.sleep(_LOOK)
            if loop.time() >= due:
                due = loop.time() + self._every
                await self.note()
            elif self.failing:
                await self.note_again()
            self._tell()

    async def note(self) -> None:
        """Note the end of the chain, also elsewhere and among the events."""
        try:
            anchor = await self._trail.anchor()
        except StoreError as error:
            log.warning("The audit's anchor could not be noted: %s", error)
        else:
            self._ports.system(AUDIT, NOTED, anchor.line().strip())
        await self._compare()
        self._tell()

    async def note_again(self) -> None:
        """Try again what failed."""
        try:
            if self._trail.unanchored:
                await self._trail.anchor()
        except StoreError:
            return
        await self._compare()
        self._tell()

    async def _compare(self) -> None:
        """Add what the copy lacks; where it speaks against the chain it stays as it is."""
        if self._copy is None:
            return
        try:
            found = await self._trail.copy_to(self._copy)
        except StoreError as error:
            if not self._not_copied:
                log.warning("The audit's anchors are not kept elsewhere: %s", error)
            self._not_copied = str(error)
            return
        self._not_copied = ""
        if found is not None and self.unlike is None:
            log.error("%s knows of entry %d, which the audit lacks.", self._copy, found.seq)
            self._ports.system(AUDIT, CUT, f"{self._copy}: {found.line().strip()}")
        self.unlike = found

    def _tell(self) -> None:
        """Note that the ends are no longer kept, and that they are again."""
        if self._told != bool(self.failing):
            self._told = bool(self.failing)
            self._ports.system(AUDIT, FAILED if self._told else KEPT, self.failing)

    def _elsewhere(self) -> Iterator[Localized]:
        if self.unlike is not None:
            seq, at = self.unlike.seq, self._copy
            yield {
                "en": f"{at} knows of entry {seq}, which is gone or was another. Run `isogate audit"
                f" verify --against {at}`.",
                "zh-CN": f"{at} 记有第 {seq} 条记录，而审计中缺失或内容不同，请运行 isogate audit"
                f" verify --against {at}。",
            }


def _at_start(trail: AuditTrail) -> Iterator[dict[str, str]]:
    if trail.lost:
        yield {
            "en": f"Entries gone at its end: {trail.lost}. Run `isogate audit verify`.",
            "zh-CN": f"末尾缺失 {trail.lost} 条记录，请运行 isogate audit verify。",
        }
    if trail.headless:
        yield {
            "en": "The head of its chain was gone at the start: somebody removed it, or an older"
            " audit was put back. Run `isogate audit verify`.",
            "zh-CN": "启动时审计链的链首文件缺失：可能被人删除，或恢复了旧的审计数据。"
            "请运行 isogate audit verify。",
        }
    if trail.changed:
        yield {
            "en": "Its last entry was changed. Run `isogate audit verify`.",
            "zh-CN": "最后一条记录被改动，请运行 isogate audit verify。",
        }
