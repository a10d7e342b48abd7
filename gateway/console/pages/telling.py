"""What an event is called, in every language: by the gateway itself, else by its room."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import DeviceEvent, Localized
from gateway.profile import POINT_SYSTEM
from gateway.room import Telling, tells

OWN = tells(
    POINT_SYSTEM,
    {
        "gateway started": ("Gateway started", "网关启动"),
        "configuration reloaded": ("Configuration reloaded", "重新加载配置"),
        "store ok": ("Storing works", "存储正常"),
        "store nearly-full": ("Disk nearly full", "磁盘将满"),
        "store failed": ("Nothing can be stored", "无法存储"),
        "clock-jump": ("The clock jumped (s)", "时钟跳变（秒）"),
        "certificate valid": ("Certificates are valid", "证书有效"),
        "certificate expires-soon": ("A certificate expires soon", "证书即将到期"),
        "certificate expired": ("A certificate has expired", "证书已过期"),
        "link/* up": ("Link up", "链路接通"),
        "link/* down": ("Link down", "链路中断"),
        "link/* failed": ("Link wrongly configured", "链路配置有误"),
    },
)
"""Of the gateway itself, which is no room."""

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Called:
    """`what` is how an event is called, `rest` what remains to be said of it."""

    what: Localized
    rest: str


def called(event: DeviceEvent, rooms: Telling) -> Called | None:
    """None for an event that has no words: those of devices are called by their profile."""
    own, others = (each.get(event.code.system, {}) for each in (OWN, rooms))
    text = event.value.text if event.value is not None else ""
    code = event.code.code
    family, _, member = code.partition("/")
    for key, rest in (
        (f"{code} {text}", _detail(event)),
        (f"{family}/{_ANY} {text}", member),
        (code, text),
        (f"{_ANY} {text}", code),
        (_ANY, text),
    ):
        words = own.get(key) or others.get(key)
        if words:
            return Called(words, rest)
    return None


def _detail(event: DeviceEvent) -> str:
    found = (event.payload or {}).get("detail", "")
    return found if isinstance(found, str) else ""
