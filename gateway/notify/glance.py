"""What the overview says of the notifier: what does not get through."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.model import Localized
from gateway.notify.courier import Courier
from gateway.room import Attention, Glance, InSight, Level, Permission, Principal, RoomContext

PATH = "/notifications"
_MOST = 20


class Overview:
    """The attention that the notifier asks for; its destinations are the whole site's."""

    def __init__(self, context: RoomContext, courier: Courier) -> None:
        self._context, self._courier = context, courier

    async def glance(self, who: Principal) -> Glance:
        """What one who reads alarms is to see of it."""
        if not who.may(Permission.READ_ALARMS):
            return Glance()
        sight = InSight.of(who, self._context.links())
        return Glance(attention=[*(await self._undelivered() if sight.everything else ())])

    async def _undelivered(self) -> list[Attention]:
        dead = await self._courier.dead()
        return [*self._failing(), *(_dead(len(dead)) if dead else ())]

    def _failing(self) -> Iterator[Attention]:
        for each in self._courier.failing()[:_MOST]:
            if each.failing is not None:
                since, why = each.failing
                said: Localized = {"en": f"can't be told: {why}", "zh-CN": f"无法通知：{why}"}
                yield Attention(Level.HIGH, each.name, said, PATH, since)


def _dead(count: int) -> tuple[Attention]:
    who: Localized = {"en": "Notices", "zh-CN": "通知"}
    why: Localized = {"en": f"nobody took {count} of them", "zh-CN": f"{count} 条未送达"}
    return (Attention(Level.HIGH, who, why, PATH),)
