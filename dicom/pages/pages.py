"""All pages of the node, its part of the overview, and what the palette finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.routing import BaseRoute

from dicom.node import Node
from dicom.outward import Outward
from dicom.pages.export import ExportPages
from dicom.pages.finding import find
from dicom.pages.objects import ObjectPages
from dicom.pages.queues import QueuePages
from dicom.pages.retention import RetentionPages
from dicom.pages.state import NodePages
from dicom.pages.studies import StudyPages
from dicom.pages.worklist import WorklistPages, joined
from dicom.view import Viewer
from gateway.room import (
    Attention,
    Glance,
    Hit,
    Level,
    PageKit,
    Permission,
    Principal,
    RoomContext,
    Tile,
)

_HITS = 6
_DAY = 86_400_000_000


class Pages:
    def __init__(self, node: Node, outward: Outward, viewer: Viewer, context: RoomContext) -> None:
        self._node, self._viewer, self._context = node, viewer, context
        self._watch, self._forwarding = outward.watch, outward.forwarding
        self._sweeper = outward.sweeper
        window = node.answering.window(context.section)
        self._worklist = WorklistPages(node.answering, node.seen, window, context.clock)

    def routes(self, kit: PageKit) -> Iterable[BaseRoute]:
        node, forwarding, audit = self._node, self._forwarding, self._context.audit
        profiles = self._context.section.deid
        return [
            *StudyPages(kit, node.seen, list(forwarding.senders), list(profiles)).routes(),
            *ExportPages(kit, node, self._viewer, profiles, audit).routes(),
            *QueuePages(kit, node, forwarding, audit).routes(),
            *ObjectPages(kit, node, self._viewer, forwarding).routes(),
            *RetentionPages(kit, self._sweeper, node.seen).routes(),
            *NodePages(kit, node, self._watch, forwarding).routes(),
            *self._worklist.routes(kit),
        ]

    async def glance(self, who: Principal) -> Glance:
        """What is stored, and what was performed."""
        return joined((await self._stored(who), await self._worklist.glance(who)))

    async def _stored(self, who: Principal) -> Glance:
        """How many objects there are, and those of a day that contradict what was there."""
        if not who.may(Permission.READ_IMAGES):
            return Glance()
        totals = await self._node.index.totals()
        tile = Tile(
            {"en": "DICOM objects", "zh-CN": "DICOM 对象"},
            f"{totals.instances:,}",
            "/studies",
            place=300,
        )
        since = self._context.clock.now() - _DAY
        recent = [
            each
            for each in await self._node.seen.conflicts(
                who, await self._node.index.conflicts(_HITS)
            )
            if each.stored.received_at >= since
        ]
        attention = [
            Attention(
                Level.MEDIUM,
                {"en": "DICOM objects", "zh-CN": "DICOM 对象"},
                {
                    "en": "An object contradicts one that came before it. Both are kept.",
                    "zh-CN": "收到与已有对象矛盾的对象，两者均已保留。",
                },
                "/dicom/conflicts",
                each.stored.received_at,
            )
            for each in recent[:1]
        ]
        return Glance((tile,), attention)

    async def find(self, who: Principal, text: str) -> Sequence[Hit]:
        """Studies by number, order or name."""
        if not who.may(Permission.READ_IMAGES) or not text.strip():
            return ()
        sight, language = self._node.seen.sight(who), self._context.site.locale
        rows = await find(self._node.index, text, language, _HITS, sight)
        return [
            Hit(
                row.name or row.patient or row.uid,
                f"/studies/{row.uid}",
                " ".join((row.date, *row.modalities)),
            )
            for row in rows
        ]
