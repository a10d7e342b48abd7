"""The navigation: the console's own pages and those of the open rooms, for whoever may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.room import Area, Entry, Permission, Principal

OWN = (
    Entry(
        "/", {"en": "Overview", "zh-CN": "总览"}, Permission.READ_SITE, 0, Area.OVERVIEW, "overview"
    ),
    Entry(
        "/devices",
        {"en": "Devices", "zh-CN": "设备"},
        Permission.READ_SITE,
        200,
        Area.DEVICES,
        "device",
    ),
    Entry(
        "/results",
        {"en": "Results", "zh-CN": "检验结果"},
        Permission.READ_RESULTS,
        300,
        Area.LAB,
        "lab",
        ("/samples",),
    ),
    Entry(
        "/events", {"en": "Events", "zh-CN": "事件"}, Permission.READ_EVENTS, 700, Area.WIRE, "list"
    ),
    Entry(
        "/messages",
        {"en": "Messages", "zh-CN": "报文"},
        Permission.READ_WIRE,
        710,
        Area.WIRE,
        "message",
    ),
    Entry(
        "/quarantine",
        {"en": "Quarantine", "zh-CN": "待处理"},
        Permission.READ_QUARANTINE,
        720,
        Area.WIRE,
        "tray",
    ),
    Entry(
        "/mappings",
        {"en": "Mappings", "zh-CN": "映射"},
        Permission.READ_QUARANTINE,
        730,
        Area.WIRE,
        "mapping",
    ),
    Entry(
        "/settings/configuration",
        {"en": "Configuration", "zh-CN": "配置"},
        Permission.READ_SETTINGS,
        920,
        Area.SETTINGS,
        "config",
    ),
    Entry(
        "/settings",
        {"en": "About", "zh-CN": "关于"},
        Permission.READ_SETTINGS,
        990,
        Area.SETTINGS,
        "info",
    ),
)


def navigation(of_rooms: Sequence[Entry], who: Principal) -> Mapping[Area, Sequence[Entry]]:
    """The entries that `who` may open, by area and place; areas without any are left out."""
    entries = sorted(
        (entry for entry in (*OWN, *of_rooms) if who.may(entry.permission)),
        key=lambda entry: entry.place,
    )
    by_area = {area: [entry for entry in entries if entry.area is area] for area in Area}
    return {area: found for area, found in by_area.items() if found}


def current(areas: Mapping[Area, Sequence[Entry]], here: str) -> Entry | None:
    """The entry that the page at the address `here` belongs to: the one with the longest path."""
    fitting = [
        (len(home), entry)
        for entries in areas.values()
        for entry in entries
        for home in (entry.path, *entry.also)
        if here == home or (home != "/" and here.startswith(f"{home}/"))
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None
