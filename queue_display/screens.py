"""`/display`: what hall and door screens show, live. They are sent what `board` gives, no more."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.room import PageKit, Permission, Principal, access, principal
from gateway.web import Refusal, json_response
from gateway.web.sse import respond
from queue_display.air import MOST_SCREENS, Air
from queue_display.options import QueueRoomOptions
from queue_display.terms import Words, text, words
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


class Screens:
    """A token sees its own zone; persons who may watch displays see all."""

    def __init__(
        self,
        kit: PageKit,
        air: Air,
        options: QueueRoomOptions,
        announcers: Mapping[str, Announcer],
    ) -> None:
        self._kit, self._air, self._options = kit, air, options
        self._announcers = announcers

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/display", self.mine, methods=["GET"]),
            Route("/display/{zone}", self.screen, methods=["GET"]),
            Route("/display/{zone}/board", self.board, methods=["GET"]),
            Route("/display/{zone}/sound/{sound}", self.sound, methods=["GET"]),
            Route(
                "/display/{zone}/stream",
                ScreenStream(self._air, self._options),
                methods=["GET"],
            ),
        ]

    @access(Permission.WATCH_DISPLAYS)
    async def mine(self, request: Request) -> Response:
        """To the zone of a display's token; persons choose one."""
        who = principal(request)
        if who.scope:
            return RedirectResponse(f"/display/{zone_of(who, self._options)}", 303)
        language = self._kit.reader(request).language
        mute = {name: text(e.lacks, language) for name, e in self._announcers.items() if e.lacks}
        return self._kit.page(
            request, "queue/displays.html", displays=self._options.displays, mute=mute
        )

    @access(Permission.WATCH_DISPLAYS)
    async def screen(self, request: Request) -> Response:
        zone = zone_asked(request, self._options)
        options = self._options.displays[zone]
        return self._kit.page(
            request, "queue/screen.html", zone=zone, options=options, screen_words=WORDS
        )

    @access(Permission.WATCH_DISPLAYS)
    async def board(self, request: Request) -> Response:
        """The board once, for a screen that has missed something."""
        return json_response(await self._air.snapshot(zone_asked(request, self._options)))

    @access(Permission.WATCH_DISPLAYS)
    async def sound(self, request: Request) -> Response:
        """What a screen was told to play; its address names nobody, and it is gone soon."""
        zone = zone_asked(request, self._options)
        found = self._air.sound(zone, str(request.path_params["sound"]))
        if found is None:
            raise no_sound()
        headers = {"cache-control": "private, max-age=60"}
        return Response(found, media_type="audio/wav", headers=headers)


@access(Permission.WATCH_DISPLAYS, endless=True)
class ScreenStream:
    """The board, and what changes of it."""

    def __init__(self, air: Air, options: QueueRoomOptions) -> None:
        self._air, self._options = air, options

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        zone = zone_asked(Request(scope), self._options)
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


def zone_asked(request: Request, options: QueueRoomOptions) -> str:
    """The zone in an address; Refusal if it is not the caller's, or none."""
    zone = str(request.path_params["zone"])
    who = principal(request)
    if zone not in options.displays or (who.scope and who.scope != f"{ZONE}{zone}"):
        raise unknown_zone(zone)
    return zone


def zone_of(who: Principal, options: QueueRoomOptions) -> str:
    """The zone that a token is for; Refusal if devices.yaml has none such."""
    zone = who.scope.removeprefix(ZONE)
    if not who.scope.startswith(ZONE) or zone not in options.displays:
        raise unknown_zone(zone)
    return zone


def too_many() -> Refusal:
    return Refusal(
        503,
        "Too many live clients",
        "The queue serves {most} screens at once.",
        "Close pages that nobody watches.",
        most=MOST_SCREENS,
    )
