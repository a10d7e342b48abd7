"""The navigation: the console's own pages and those of the open rooms, for whoever may see them."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.room import Entry, Permission, Principal

OWN = (
    Entry("/", {"en": "Overview", "zh-CN": "总览"}, Permission.READ_SITE, 0),
    Entry("/results", {"en": "Results", "zh-CN": "检验结果"}, Permission.READ_RESULTS, 300),
    Entry("/events", {"en": "Events", "zh-CN": "事件"}, Permission.READ_EVENTS, 700),
    Entry("/messages", {"en": "Messages", "zh-CN": "报文"}, Permission.READ_WIRE, 710),
    Entry("/quarantine", {"en": "Quarantine", "zh-CN": "待处理"}, Permission.READ_QUARANTINE, 720),
)
_ELSEWHERE = {"/": ("/devices",), "/results": ("/samples",)}
"""Pages that belong to an entry and lie at another address."""


def navigation(of_rooms: Sequence[Entry], who: Principal) -> list[Entry]:
    """The entries that `who` may open, by place."""
    entries = (entry for entry in (*OWN, *of_rooms) if who.may(entry.permission))
    return sorted(entries, key=lambda entry: entry.place)


def is_current(entry: Entry, here: str) -> bool:
    """Whether the page at the address `here` belongs to an entry."""
    homes = (entry.path, *_ELSEWHERE.get(entry.path, ()))
    return any(here == home or (home != "/" and here.startswith(f"{home}/")) for home in homes)
