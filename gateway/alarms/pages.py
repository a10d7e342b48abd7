"""The list of alarms, all alarms there can be, what happened, and the part of the overview."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.alarms.detail import Detail
from gateway.alarms.machine import HIDDEN
from gateway.alarms.panel import AlarmPanel
from gateway.alarms.refusals import why
from gateway.alarms.row import ALARMS, DEFINED, LEVELS, Row, limit_of, path_of
from gateway.room import (
    Attention,
    Glance,
    Level,
    PageKit,
    Permission,
    Principal,
    Tile,
    access,
    principal,
)
from gateway.web.number import number

_PAGE = 100
_MOST = 20


class Pages:
    def __init__(self, panel: AlarmPanel) -> None:
        self._panel = panel
        self._zone = ZoneInfo(panel.context.site.zone)

    def routes(self, kit: PageKit) -> Iterable[BaseRoute]:
        panel = self._panel

        @access(Permission.READ_ALARMS)
        async def listed(request: Request) -> Response:
            reader = kit.reader(request)
            alarms = await panel.listed(principal(request))
            rows = [Row.of(alarm, reader.text, self._zone) for alarm in alarms]
            everything = ALARMS.asked(request).filtered or ALARMS.asked(request).csv
            hidden = [] if everything else [row for row in rows if row.alarm.standing in HIDDEN]
            return kit.table(
                request,
                "alarms/list.html",
                ALARMS,
                [row for row in rows if row not in hidden],
                hidden=hidden,
                may_acknowledge=principal(request).may(Permission.ACKNOWLEDGE_ALARMS),
            )

        @access(Permission.READ_ALARMS)
        async def defined(request: Request) -> Response:
            facts = {"limit_of": limit_of, "level_of": LEVELS, "path_of": path_of}
            rows = panel.defined(principal(request))
            return kit.table(request, "alarms/defined.html", DEFINED, rows, **facts)

        @access(Permission.READ_ALARMS)
        async def history(request: Request) -> Response:
            before = number(request.query_params.get("before", ""))
            steps = await panel.history(principal(request), before=before, limit=_PAGE)
            return kit.page(
                request,
                "alarms/history.html",
                steps=steps,
                before=before,
                older=steps[-1].seq if len(steps) == _PAGE else None,
                path_of=path_of,
                why=why,
            )

        return [
            Route("/alarms", listed, methods=["GET"]),
            Route("/alarms/history", history, methods=["GET"]),
            Route("/alarms/defined", defined, methods=["GET"]),
            *Detail(panel, kit, self._zone).routes(),
        ]

    async def glance(self, who: Principal) -> Glance:
        """How many want a person, and the gravest of them."""
        if not who.may(Permission.READ_ALARMS):
            return Glance()
        alarms = [each for each in await self._panel.listed(who) if each.wants_acknowledgement]
        tile = Tile(
            {"en": "Unacknowledged alarms", "zh-CN": "未确认报警"},
            str(len(alarms)),
            "/alarms",
            LEVELS[alarms[0].priority] if alarms else Level.CALM,
            place=100,
        )
        attention = [
            Attention(
                LEVELS[each.priority],
                each.text("subject") or each.device,
                each.text("name"),
                path_of(each.id),
                each.since,
            )
            for each in alarms[:_MOST]
        ]
        return Glance((tile,), attention)
