"""What the overview says of the notifier: what does not get through, and what is silenced."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from gateway.model import Localized, to_datetime
from gateway.notify.courier import Courier
from gateway.notify.notifier import Notifier
from gateway.notify.sight import NoticeSight
from gateway.notify.tables import EVERYTHING, Silence, Tables
from gateway.room import Attention, Glance, InSight, Level, Permission, Principal, RoomContext

PATH = "/notifications"
_MOST = 20
_NOTICES: Localized = {"en": "Notices", "zh-CN": "通知"}


class Overview:
    """The attention that the notifier asks for; its destinations are the whole site's."""

    def __init__(self, context: RoomContext, notifier: Notifier, courier: Courier) -> None:
        self._context, self._notifier, self._courier = context, notifier, courier
        self._zone = ZoneInfo(context.site.zone)

    async def glance(self, who: Principal) -> Glance:
        """What one who reads alarms is to see of it."""
        if not who.may(Permission.READ_ALARMS):
            return Glance()
        sight = NoticeSight(who, InSight.of(who, self._context.links()))
        silences = [
            self._silenced(each)
            for each in await self._notifier.ask(Tables.silences)
            if sight.silence(each)
        ]
        return Glance(
            attention=[*(await self._undelivered() if sight.everything else ()), *silences]
        )

    async def _undelivered(self) -> list[Attention]:
        dead = await self._courier.dead()
        return [*self._untold(), *self._failing(), *(_dead(len(dead)) if dead else ())]

    def _untold(self) -> Iterator[Attention]:
        """That nobody is told of anything, where somebody could be."""
        section = self._notifier.section
        untold = section.untold()
        if untold and len(untold) == len(section.people) + len(section.webhooks):
            why: Localized = {
                "en": "no route tells anybody of anything",
                "zh-CN": "没有任何路由，不会通知任何人",
            }
            yield Attention(Level.HIGH, _NOTICES, why, PATH)

    def _failing(self) -> Iterator[Attention]:
        for each in self._courier.failing()[:_MOST]:
            if each.failing is not None:
                since, why = each.failing
                said: Localized = {"en": f"can't be told: {why}", "zh-CN": f"无法通知：{why}"}
                yield Attention(Level.HIGH, each.name, said, PATH, since)

    def _silenced(self, silence: Silence) -> Attention:
        everything: Localized = {"en": "Everything", "zh-CN": "全部"}
        until = to_datetime(silence.until).astimezone(self._zone).strftime("%Y-%m-%d %H:%M")
        return Attention(
            Level.MEDIUM,
            everything if silence.scope == EVERYTHING else silence.scope,
            {
                "en": f"nobody is told of it until {until}: {silence.reason}",
                "zh-CN": f"静音至 {until}，不通知任何人：{silence.reason}",
            },
            PATH,
            silence.since,
        )


def _dead(count: int) -> tuple[Attention]:
    why: Localized = {"en": f"nobody took {count} of them", "zh-CN": f"{count} 条未送达"}
    return (Attention(Level.HIGH, _NOTICES, why, PATH),)
