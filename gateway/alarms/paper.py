"""What the alarms give to be printed: what is wrong, and how the devices are."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from gateway.alarms.fact import words
from gateway.alarms.machine import Standing
from gateway.alarms.panel import AlarmPanel
from gateway.model import Kind, Localized
from gateway.profile import Priority
from gateway.room import OWNER, Paper, RoomContext
from gateway.room.paper import written

_PRIORITIES: Mapping[Priority, Localized] = {
    Priority.CRITICAL: {"en": "critical", "zh-CN": "紧急"},
    Priority.HIGH: {"en": "high", "zh-CN": "高"},
    Priority.MEDIUM: {"en": "medium", "zh-CN": "中"},
    Priority.LOW: {"en": "low", "zh-CN": "低"},
}
_STANDINGS: Mapping[Standing, Localized] = {
    Standing.NORMAL: {"en": "normal", "zh-CN": "正常"},
    Standing.UNACKNOWLEDGED: {"en": "unacknowledged", "zh-CN": "未确认"},
    Standing.ACKNOWLEDGED: {"en": "acknowledged", "zh-CN": "已确认"},
    Standing.RETURNED: {"en": "returned, unacknowledged", "zh-CN": "已恢复未确认"},
    Standing.LATCHED_UNACKNOWLEDGED: {"en": "latched, unacknowledged", "zh-CN": "锁定未确认"},
    Standing.LATCHED: {"en": "latched", "zh-CN": "锁定"},
    Standing.SHELVED: {"en": "shelved", "zh-CN": "已搁置"},
    Standing.SUPPRESSED: {"en": "suppressed", "zh-CN": "被抑制"},
    Standing.OUT_OF_SERVICE: {"en": "out of service", "zh-CN": "停用"},
}
_STATES: Mapping[str, Localized] = {
    "online": {"en": "online", "zh-CN": "在线"},
    "offline": {"en": "offline", "zh-CN": "离线"},
    "waiting": {"en": "not heard of yet", "zh-CN": "等待中"},
}
_WAITING = _STATES["waiting"]


async def alarm_paper(panel: AlarmPanel) -> Paper:
    """Every alarm that is not normal, as the page lists them."""
    zone = ZoneInfo(panel.context.site.zone)
    alarms = await panel.listed(OWNER)
    rows: list[tuple[Localized, ...]] = [
        (
            _PRIORITIES[each.priority],
            _STANDINGS[each.standing],
            written(each.since, zone),
            each.text("subject") or each.device,
            each.text("name"),
            words(each.facts, each.seen),
            each.text("advice"),
        )
        for each in alarms
    ]
    grave = {
        place
        for place, each in enumerate(alarms)
        if each.wants_acknowledgement and each.priority.rank >= Priority.HIGH.rank
    }
    head: tuple[Localized, ...] = (
        {"en": "Priority", "zh-CN": "优先级"},
        {"en": "State", "zh-CN": "状态"},
        {"en": "Since", "zh-CN": "开始时间"},
        {"en": "Device", "zh-CN": "设备"},
        {"en": "Alarm", "zh-CN": "报警"},
        {"en": "Seen", "zh-CN": "所见数值"},
        {"en": "What to do", "zh-CN": "处置建议"},
    )
    title = {"en": "Alarms", "zh-CN": "报警"}
    return Paper("alarms", title, head, rows, grave=frozenset(grave))


def device_paper(context: RoomContext) -> Paper:
    """Every device, and whether it answered."""
    zone = ZoneInfo(context.site.zone)
    said = {
        event.source.device: event
        for event in context.values.latest()
        if event.kind is Kind.AVAILABILITY and event.value is not None
    }
    rows: list[tuple[Localized, ...]] = []
    grave = set()
    for link in context.links():
        for entry in link.devices:
            event = said.get(entry.id)
            state = event.value.text if event is not None and event.value is not None else ""
            if state == "offline":
                grave.add(len(rows))
            since = written(event.received_at, zone) if event is not None else ""
            shown = _STATES.get(state, _WAITING)
            rows.append((entry.name, entry.location, shown, since, link.id, entry.id))
    head: tuple[Localized, ...] = (
        {"en": "Device", "zh-CN": "设备"},
        {"en": "Where", "zh-CN": "位置"},
        {"en": "State", "zh-CN": "状态"},
        {"en": "Since", "zh-CN": "开始时间"},
        {"en": "Link", "zh-CN": "链路"},
        {"en": "Id", "zh-CN": "编号"},
    )
    return Paper("devices", {"en": "Devices", "zh-CN": "设备"}, head, rows, grave=frozenset(grave))
