"""The audit as a room: its page, its collector, its anchors."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from gateway.audit.atna import Origin
from gateway.audit.collector import Collector
from gateway.audit.keeper import Keeper
from gateway.audit.options import AuditOptions
from gateway.audit.pages import Pages
from gateway.audit.trail import AuditTrail
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
    Running,
    joined,
    tells,
)


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    trail = context.neighbours(AuditTrail)
    options: AuditOptions = context.section
    origin = Origin(context.site.id, socket.gethostname())
    to = options.collector
    collector = None if to is None else Collector(to, trail, origin)
    keeper = Keeper(options, trail, context.ports)
    jobs: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {"anchors": keeper.run}
    if collector:
        jobs["collector"] = collector.run

    async def glance(who: Principal) -> Glance:
        return _glance(keeper, collector, who)

    pages = Pages(trail, context.site, keeper.doubts)
    keeper.say_doubts()
    await trail.record("gateway.start", OWNER)
    yield Running(jobs=jobs, routes=pages.routes, glance=glance)
    await trail.record("gateway.stop", OWNER)


def _glance(keeper: Keeper, collector: Collector | None, who: Principal) -> Glance:
    if not who.may(Permission.READ_AUDIT):
        return Glance()
    audit = {"en": "Audit", "zh-CN": "审计"}
    found = [Attention(Level.HIGH, audit, why, "/audit") for why in keeper.doubts()]
    if keeper.failing:
        why = {
            "en": f"The end of its chain can't be noted: a cut may stay unseen. {keeper.failing}",
            "zh-CN": f"审计链末端无法保存，若被截断可能无法发现。{keeper.failing}",
        }
        found.append(Attention(Level.HIGH, audit, why, "/audit"))
    if collector and collector.failing:
        why = {
            "en": "Its collector is away; entries wait on disk.",
            "zh-CN": "审计收集服务器不可达，记录暂存于磁盘。",
        }
        found.append(Attention(Level.MEDIUM, audit, why, "/audit"))
    return Glance(attention=found)


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
                "audit anchors-failed": ("Anchors of the audit not kept", "审计锚点无法保存"),
                "audit anchors-kept": ("Anchors of the audit kept again", "审计锚点恢复保存"),
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
