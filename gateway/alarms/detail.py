"""The page of one alarm, and what people do there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.alarms.alarm import Alarm
from gateway.alarms.desk import Wanted
from gateway.alarms.machine import HIDDEN, Refusal, Step
from gateway.alarms.panel import PERMISSION, AlarmPanel
from gateway.alarms.refusals import why
from gateway.alarms.row import Row, limit_of, path_of
from gateway.room import Entered, Field, Form, PageKit, Permission, access, principal
from gateway.web import Refusal as Refused
from gateway.web.day import wall_time

_HOUR = 3600.0
_STEPS = 100
SHELF = Form(
    (
        Field("reason", "Why", Entered.LONG_TEXT, required=True, longest=500),
        Field("until", "Until", Entered.TIME, required=True, hint="In the site's time."),
        Field("one_shot", "Only until it returns to normal", Entered.TICK),
    )
)
SERVICE = Form((Field("out_reason", "Why", Entered.LONG_TEXT, required=True, longest=500),))


class Detail:
    def __init__(self, panel: AlarmPanel, kit: PageKit, zone: ZoneInfo) -> None:
        self._panel, self._kit, self._zone = panel, kit, zone

    def routes(self) -> list[BaseRoute]:
        @access(Permission.READ_ALARMS)
        async def page(request: Request) -> Response:
            return await self._page(request, await self._found(request))

        commands = [_command(taken, who, self._act) for taken, who in PERMISSION.items()]
        return [*commands, Route("/alarms/{alarm:path}", page, methods=["GET"])]

    async def _act(self, request: Request, taken: Step) -> Response:
        kit, alarm = self._kit, await self._found(request)
        given = await kit.form(request)
        form, wanted = self._wanted(taken, given)
        if not form.ok:
            return await self._page(request, alarm, form, taken)
        outcome = await self._panel.act(principal(request), alarm, wanted)
        path = "/alarms" if given.get("back") else path_of(alarm.id)
        if isinstance(outcome, Refusal):
            said = kit.reader(request).text(why(outcome.reason))
            facts = {"alarm": alarm.id, "why": said}
            return kit.done(request, path, "Nothing was done to %(alarm)s: %(why)s.", **facts)
        return kit.done(request, path, "Done: %(alarm)s.", alarm=alarm.id)

    async def _found(self, request: Request) -> Alarm:
        id_ = request.path_params["alarm"]
        alarm = await self._panel.one(principal(request), id_)
        if alarm is None:
            raise Refused(
                404,
                "Unknown alarm",
                "This site has no alarm {alarm}.",
                "Look it up in the list of alarms.",
                alarm=id_,
            )
        return alarm

    def _wanted(self, taken: Step, given: Mapping[str, str]) -> tuple[Form, Wanted]:
        """What a posted form wants, with its faults."""
        if taken is Step.SHELVE:
            form = SHELF.filled(given)
            until = wall_time(form["until"], self._zone)
            if form["until"] and until is None:
                form = form.refused("until", "This is no moment.")
            return form, Wanted(taken, form["reason"], until, bool(form["one_shot"]))
        if taken is Step.REMOVE:
            form = SERVICE.filled(given)
            return form, Wanted(taken, form["out_reason"])
        return Form(()), Wanted(taken, given.get("reason", "").strip())

    async def _page(
        self, request: Request, alarm: Alarm, form: Form | None = None, taken: Step | None = None
    ) -> Response:
        panel, who = self._panel, principal(request)
        in_an_hour = datetime.fromtimestamp(panel.until(_HOUR) / 1e6, self._zone)
        until = in_an_hour.strftime("%Y-%m-%dT%H:%M")
        return self._kit.page(
            request,
            "alarms/alarm.html",
            status=200 if form is None else 422,
            row=Row.of(alarm, self._kit.reader(request).text, self._zone),
            alarm=alarm,
            definition=panel.definition(alarm.id),
            steps=await panel.history(who, alarm.id, limit=_STEPS),
            shelf=form if form and taken is Step.SHELVE else SHELF.of({"until": until}),
            service=form if form and taken is Step.REMOVE else SERVICE,
            may={each.value: who.may(permission) for each, permission in PERMISSION.items()},
            hidden=alarm.standing in HIDDEN,
            limit_of=limit_of,
            path_of=path_of,
            why=why,
        )


def _command(
    taken: Step, permission: Permission, act: Callable[[Request, Step], Awaitable[Response]]
) -> Route:
    """The route by which people take a step."""

    @access(permission)
    async def command(request: Request) -> Response:
        return await act(request, taken)

    return Route(f"/alarms/{{alarm:path}}/{taken}", command, methods=["POST"])
