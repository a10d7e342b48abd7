"""What the laboratory gives to be printed: critical values, and the newest results by sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from gateway.lab.desk import LabDesk
from gateway.lab.flag import FlagLevel
from gateway.lab.result import Result, ResultFilter
from gateway.model import DeviceEvent, Localized
from gateway.room import Paper, RoomContext
from gateway.room.paper import written

_MOST = 500
_HEAD: tuple[Localized, ...] = (
    {"en": "Sample", "zh-CN": "样本"},
    {"en": "Test", "zh-CN": "项目"},
    {"en": "Result", "zh-CN": "结果"},
    {"en": "Unit", "zh-CN": "单位"},
    {"en": "Flag", "zh-CN": "标记"},
    {"en": "Reference", "zh-CN": "参考范围"},
    {"en": "Status", "zh-CN": "状态"},
    {"en": "Received", "zh-CN": "接收时间"},
    {"en": "Device", "zh-CN": "设备"},
)
_NEWEST = {
    "en": f"the newest {_MOST} at most; older ones are not listed",
    "zh-CN": f"最多 {_MOST} 条最新结果，更早的未列出",
}


async def lab_papers(context: RoomContext, desk: LabDesk) -> Sequence[Paper]:
    """Critical values first as a list of their own; results of one sample stand together.

    A critical value stays in its list after another version came, unless it was withdrawn.
    """
    critical = await desk.results(ResultFilter(level=FlagLevel.CRITICAL), limit=_MOST)
    latest = await desk.results(ResultFilter(), limit=_MOST)
    by_sample = sorted(
        (each for each in latest if each.specimen and not each.is_control),
        key=lambda each: (each.specimen, each.event.source.device, each.event.seq),
    )
    return (
        _paper(context, "critical", {"en": "Critical values", "zh-CN": "危急值"}, critical),
        _paper(context, "results", {"en": "Results by sample", "zh-CN": "样本检验结果"}, by_sample),
    )


def _paper(context: RoomContext, name: str, title: Localized, results: Sequence[Result]) -> Paper:
    zone, names = ZoneInfo(context.site.zone), names_of(context)
    rows = [_row(each, zone, names) for each in results]
    grave = {place for place, each in enumerate(results) if each.level is FlagLevel.CRITICAL}
    return Paper(name, title, _HEAD, rows, note=_NEWEST, grave=frozenset(grave))


def _row(
    result: Result, zone: ZoneInfo, names: Mapping[tuple[str, str], Localized]
) -> tuple[Localized, ...]:
    event = result.event
    return (
        result.specimen,
        names.get((event.source.device, event.code.code), event.code.code),
        _value(event),
        event.unit,
        " ".join(event.flags),
        event.range_text,
        event.status if result.current else _superseded(event.status),
        written(event.received_at, zone),
        event.source.device,
    )


def _superseded(status: str) -> Localized:
    return {"en": f"{status}, superseded", "zh-CN": f"{status}，已被取代"}


def _value(event: DeviceEvent) -> str:
    value = event.value
    return "—" if value is None else (value.operator or "") + value.text


def names_of(context: RoomContext) -> dict[tuple[str, str], Localized]:
    """What the tests of each device are called."""
    return {
        (entry.id, point.code or key): point.name or key
        for link in context.links()
        for entry in link.devices
        for key, point in entry.profile.points.items()
    }
