"""`/notifications`: who was told of what, who has duty, and what is silenced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.notify.courier import Courier
from gateway.notify.notifier import Notifier
from gateway.notify.sight import NoticeSight
from gateway.notify.tables import EVERYTHING, Matter, Tables
from gateway.profile import Priority
from gateway.room import (
    Entered,
    Fate,
    Field,
    Form,
    InSight,
    Notice,
    PageKit,
    Permission,
    RoomContext,
    access,
    principal,
)
from gateway.web import Refusal
from gateway.web.day import wall_time
from gateway.web.number import number

_SHOWN = 50
_HOUR = 3600 * 1_000_000
_TELLINGS = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A matter, and what became of telling it."""

    matter: Matter
    fates: Sequence[Fate]


class Pages:
    def __init__(self, context: RoomContext, notifier: Notifier, courier: Courier) -> None:
        self._context, self._notifier, self._courier = context, notifier, courier
        self._zone = ZoneInfo(context.site.zone)

    def routes(self, kit: PageKit) -> Iterable[BaseRoute]:
        context, notifier = self._context, self._notifier

        @access(Permission.READ_ALARMS)
        async def page(request: Request) -> Response:
            return await self._page(kit, request)

        @access(Permission.SHELVE_ALARMS)
        async def silence(request: Request) -> Response:
            form = self._form(self._sight(request)).filled(await kit.form(request))
            until = wall_time(form["until"], self._zone)
            if form["until"] and (until is None or until <= context.clock.now()):
                form = form.refused("until", "Give a moment that is still to come.")
            elif until is not None and until > notifier.latest():
                form = form.refused("until", "No silence lasts for so long here.")
            if not form.ok or until is None:
                return await self._page(kit, request, form)
            who = principal(request)
            await notifier.silence(who, form["scope"], form["reason"], until)
            await context.audit.record("notify.silence", who, detail=form["reason"])
            return kit.done(request, "/notifications", "Nobody is told of it until then.")

        @access(Permission.SHELVE_ALARMS)
        async def unsilence(request: Request) -> Response:
            who, silence_id = principal(request), number(request.path_params["silence"])
            sight = self._sight(request)
            silences = await notifier.ask(Tables.silences)
            if not any(each.id == silence_id and sight.may_end(each) for each in silences):
                raise _unknown(silence_id)
            await notifier.unsilence(who, silence_id)
            await context.audit.record(
                "notify.unsilence", who, objects={"silence": str(silence_id)}
            )
            return kit.done(request, "/notifications", "The silence is over.")

        @access(Permission.CONFIGURE)
        async def again(request: Request) -> Response:
            await self._courier.again(number(request.path_params["delivery"]))
            return kit.done(request, "/notifications", "It is being tried again.")

        @access(Permission.CONFIGURE)
        async def test(request: Request) -> Response:
            await self._test(principal(request).id)
            return kit.done(request, "/notifications", "A test is on its way to everybody.")

        return [
            Route("/notifications", page, methods=["GET"]),
            Route("/notifications/silences", silence, methods=["POST"]),
            Route("/notifications/silences/{silence}/end", unsilence, methods=["POST"]),
            Route("/notifications/deliveries/{delivery}/again", again, methods=["POST"]),
            Route("/notifications/test", test, methods=["POST"]),
        ]

    async def _test(self, who: str) -> None:
        now = self._context.clock.now()
        notice = Notice(
            key=f"test:{now}",
            open=True,
            priority=Priority.LOW,
            title={"en": "Test of the notifier", "zh-CN": "通知测试"},
            text=who,
            source="notify",
        )
        body = orjson.dumps(
            {
                "key": notice.key,
                "stage": 0,
                "at": now,
                "site": self._context.site.id,
                **notice.as_payload(),
            }
        )
        rounds = self._courier.rounds
        owed = [(destination, notice.key, body) for destination in rounds]
        await self._context.ports.outbox.enqueue_all(owed)
        self._courier.wake(rounds)

    async def _page(self, kit: PageKit, request: Request, form: Form | None = None) -> Response:
        context, notifier, who = self._context, self._notifier, principal(request)
        outbox, sight = context.ports.outbox, self._sight(request)
        matters = await notifier.ask(lambda tables: tables.newest(_SHOWN, sight.notice))
        silences = await notifier.ask(Tables.silences)
        until = datetime.fromtimestamp((context.clock.now() + _HOUR) / 1e6, self._zone)
        return kit.page(
            request,
            "notify/notifications.html",
            status=200 if form is None else 422,
            shown=[Shown(each, await outbox.fates(f"{each.key}:", _TELLINGS)) for each in matters],
            silences=[each for each in silences if sight.silence(each)],
            may_end=sight.may_end,
            dead=await self._courier.dead() if sight.everything else (),
            failing=self._courier.failing() if sight.everything else (),
            duties=self._duties(),
            form=form or self._form(sight).of({"until": until.strftime("%Y-%m-%dT%H:%M")}),
            may_silence=who.may(Permission.SHELVE_ALARMS),
            may_configure=who.may(Permission.CONFIGURE),
        )

    def _duties(self) -> Mapping[str, Sequence[str]]:
        """Who has which duty now, by name."""
        section, now = self._notifier.section, self._context.clock.now()
        return {
            duty: [
                section.people[name].name if name in section.people else name
                for name in self._notifier.roster.on_duty(shifts, now)
            ]
            for duty, shifts in section.duties.items()
        }

    def _sight(self, request: Request) -> NoticeSight:
        who = principal(request)
        return NoticeSight(who, InSight.of(who, self._context.links()))

    def _form(self, sight: NoticeSight) -> Form:
        devices = [
            (entry.id, entry.name)
            for link in self._context.links()
            for entry in link.devices
            if sight.devices.device(entry.id)
        ]
        everything = {"en": "Everything", "zh-CN": "全部"}
        scopes = [(EVERYTHING, everything), *devices] if sight.everything else devices
        return Form(
            (
                Field("scope", "Of what", Entered.CHOICE, required=True, options=scopes),
                Field("reason", "Why", Entered.LONG_TEXT, required=True, longest=500),
                Field("until", "Until", Entered.TIME, required=True, hint="In the site's time."),
            )
        )


def _unknown(silence: int) -> Refusal:
    return Refusal(
        404,
        "Unknown silence",
        "No silence {silence} stands that you may end.",
        "Whoever set it can end it, and whoever sees the whole site.",
        silence=str(silence),
    )
