"""`/display`: what hall and door screens show, live. They are sent what `board` gives, no more."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.model import localize
from gateway.room import PageKit, Permission, Principal, access, principal
from gateway.web import Refusal, json_response
from gateway.web.sse import respond
from queue_display.air import MOST_SCREENS, Air
from queue_display.options import DisplayOptions, QueueRoomOptions
from queue_display.seen import SeenQueues
from queue_display.terms import Words, words
from queue_display.told import no_sound, unknown_zone

if TYPE_CHECKING:
    from queue_display.voice.announcer import Announcer

ZONE = "zone:"

WORDS: dict[str, Words] = {
    "calling": words("正在呼叫", "Now calling"),
    "before": words("刚才呼叫", "Called before"),
    "waiting": words("候诊", "Waiting"),
    "nobody": words("暂无呼叫", "Nobody is being called"),
    "none-waits": words("无人候诊", "Nobody waits"),
    "inside": words("室内", "Inside"),
    "next": words("下一位", "Next"),
    "please": words("请到", "Please go to"),
    "about": words("约 {low}–{high} 分钟", "about {low}–{high} min"),
    "soon": words("即将", "soon"),
    "more": words("另有 {count} 人", "{count} more"),
    "down": words("设备维护，请稍候", "Machine down, please wait"),
    "offline": words("离线，最后更新 {time}", "offline, last update {time}"),
    "connecting": words("正在连接", "connecting"),
    "mute": words("本屏无声", "no sound on this screen"),
    "quiet": words("静音时段", "quiet hours"),
}


@dataclass(frozen=True, slots=True)
class Zones:
    """Whose screens one may watch."""

    options: QueueRoomOptions
    queues: SeenQueues

    def seen(self, who: Principal) -> dict[str, DisplayOptions]:
        """The zones that somebody sees, whatever their token is for."""
        displays = self.options.displays.items()
        return {zone: each for zone, each in displays if self.queues.display(who, each)}

    def asked(self, request: Request) -> str:
        """The zone in an address; Refusal if it is not the caller's, or none."""
        zone = str(request.path_params["zone"])
        who = principal(request)
        if zone not in self.seen(who) or (who.scope and who.scope != f"{ZONE}{zone}"):
            raise unknown_zone(zone)
        return zone

    def of(self, who: Principal) -> str:
        """The zone that a token is for; Refusal if devices.yaml has none such."""
        zone = who.scope.removeprefix(ZONE)
        if not who.scope.startswith(ZONE) or zone not in self.options.displays:
            raise unknown_zone(zone)
        return zone


class Screens:
    """A token sees its own zone; persons who may watch displays those with a queue of theirs."""

    def __init__(
        self,
        kit: PageKit,
        air: Air,
        zones: Zones,
        announcers: Mapping[str, Announcer],
    ) -> None:
        self._kit, self._air, self._zones = kit, air, zones
        self._announcers = announcers

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/display", self.mine, methods=["GET"]),
            Route("/display/{zone}", self.screen, methods=["GET"]),
            Route("/display/{zone}/board", self.board, methods=["GET"]),
            Route("/display/{zone}/sound/{sound}", self.sound, methods=["GET"]),
            Route(
                "/display/{zone}/stream",
                ScreenStream(self._air, self._zones),
                methods=["GET"],
            ),
        ]

    @access(Permission.WATCH_DISPLAYS)
    async def mine(self, request: Request) -> Response:
        """To the zone of a display's token; persons choose one."""
        who = principal(request)
        if who.scope:
            return RedirectResponse(f"/display/{self._zones.of(who)}", 303)
        language = self._kit.reader(request).language
        mute = {
            name: localize(e.lacks, language) for name, e in self._announcers.items() if e.lacks
        }
        return self._kit.page(
            request, "queue/displays.html", displays=self._zones.seen(who), mute=mute
        )

    @access(Permission.WATCH_DISPLAYS)
    async def screen(self, request: Request) -> Response:
        zone = self._zones.asked(request)
        options = self._zones.options.displays[zone]
        return self._kit.page(
            request, "queue/screen.html", zone=zone, options=options, screen_words=WORDS
        )

    @access(Permission.WATCH_DISPLAYS)
    async def board(self, request: Request) -> Response:
        """The board once, for a screen that has missed something."""
        return json_response(await self._air.snapshot(self._zones.asked(request)))

    @access(Permission.WATCH_DISPLAYS)
    async def sound(self, request: Request) -> Response:
        """What a screen was told to play; its address names nobody, and it is gone soon."""
        zone = self._zones.asked(request)
        found = self._air.sound(zone, str(request.path_params["sound"]))
        if found is None:
            raise no_sound()
        headers = {"cache-control": "private, max-age=60"}
        return Response(found, media_type="audio/wav", headers=headers)


@access(Permission.WATCH_DISPLAYS, endless=True)
class ScreenStream:
    """The board, and what changes of it."""

    def __init__(self, air: Air, zones: Zones) -> None:
        self._air, self._zones = air, zones

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        zone = self._zones.asked(Request(scope))
        if self._air.screens >= MOST_SCREENS:
            raise too_many()
        return respond(receive, send, self._air.stream(zone))


@access(Permission.CALL_PATIENTS, endless=True)
class DeskStream:
    """Says to a desk's page that something changed; it holds nothing of anybody."""

    def __init__(self, air: Air) -> None:
        self._air = air

    def __call__(self, _scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._air.screens >= MOST_SCREENS:
            raise too_many()
        return respond(receive, send, self._air.stream(""))


def too_many() -> Refusal:
    return Refusal(
        503,
        "Too many live clients",
        "The queue serves {most} screens at once.",
        "Close pages that nobody watches.",
        most=MOST_SCREENS,
    )
