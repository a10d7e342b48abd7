"""The audit as a room: its page, its collector, its anchors."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.audit.atna import Origin
from gateway.audit.collector import Collector
from gateway.audit.options import AuditOptions
from gateway.audit.pages import Pages
from gateway.audit.trail import AuditTrail
from gateway.errors import StoreError
from gateway.room import (
    AUDIT_SYSTEM,
    NOTED_SYSTEM,
    OWNER,
    Area,
    Attention,
    Entry,
    Glance,
    Level,
    Outcome,
    Permission,
    Principal,
    Room,
    RoomContext,
    RoomPorts,
    Running,
    joined,
    tells,
)
from gateway.sqlite import write_durably

log = logging.getLogger(__name__)


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    trail = context.neighbours(AuditTrail)
    options: AuditOptions = context.section
    origin = Origin(context.site.id, socket.gethostname())
    to = options.collector
    collector = None if to is None else Collector(to, trail, origin)
    jobs: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "anchors": lambda: _note_anchors(options, trail, context.ports)
    }
    if collector:
        jobs["collector"] = collector.run

    async def glance(who: Principal) -> Glance:
        return _glance(trail, collector, who)

    pages = Pages(trail, context.site)
    if trail.lost:
        context.ports.system("audit", "cut", f"{trail.lost} entries at its end are gone")
    await trail.record("gateway.start", OWNER)
    yield Running(jobs=jobs, routes=pages.routes, glance=glance)
    await trail.record("gateway.stop", OWNER)


def _glance(trail: AuditTrail, collector: Collector | None, who: Principal) -> Glance:
    if not who.may(Permission.READ_AUDIT):
        return Glance()
    audit = {"en": "Audit", "zh-CN": "审计"}
    found = []
    if trail.lost:
        why = {
            "en": f"{trail.lost} entries at its end are gone. Run `isogate audit verify`.",
            "zh-CN": f"末尾缺失 {trail.lost} 条记录，请运行 isogate audit verify。",
        }
        found.append(Attention(Level.HIGH, audit, why, "/audit"))
    if collector and collector.failing:
        why = {
            "en": "Its collector is away; entries wait on disk.",
            "zh-CN": "审计收集服务器不可达，记录暂存于磁盘。",
        }
        found.append(Attention(Level.MEDIUM, audit, why, "/audit"))
    return Glance(attention=found)


async def _note_anchors(options: AuditOptions, trail: AuditTrail, ports: RoomPorts) -> None:
    """Note the end of the chain where it is hard to reach for whoever could change the chain."""
    while True:
        await asyncio.sleep(options.anchor_minutes * 60)
        try:
            anchor = await trail.anchor()
            ports.system("audit", "anchor", anchor.line().strip())
            if options.copy_anchors_to is not None:
                await asyncio.to_thread(_copy, trail.anchor_file, options.copy_anchors_to)
        except (StoreError, OSError) as error:
            log.warning("The audit's anchor could not be noted everywhere: %s", error)


def _copy(source: Path, folder: Path) -> None:
    write_durably(folder / "anchors", source.read_bytes())


room = Room(
    name="audit",
    open=_open,
    section=AuditOptions,
    package="gateway.audit",
    tells=joined(
        tells(
            NOTED_SYSTEM,
            {
                "audit cut": ("The audit was cut", "审计记录被截断"),
                "audit anchor": ("Anchor of the audit", "审计锚点"),
            },
        ),
        tells(
            AUDIT_SYSTEM,
            {
                "gateway.start": ("Gateway started", "网关启动"),
                "gateway.stop": ("Gateway stopped", "网关停止"),
                "audit.read": ("Audit read", "查看审计"),
                "export.audit": ("Audit exported", "导出审计"),
            },
        ),
    ),
    navigation=(
        Entry(
            "/audit",
            {"en": "Audit", "zh-CN": "审计"},
            Permission.READ_AUDIT,
            930,
            Area.SETTINGS,
            "shield",
        ),
    ),
    words={"outcome": tuple(Outcome)},
)
